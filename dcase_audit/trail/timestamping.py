"""Ask an authority for a time-stamp, and check what it answers. Source: RFC 3161.

The answer is kept byte for byte as it came; what is checked here is that it is about what was asked.
"""

from __future__ import annotations

import base64
import urllib.parse
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from asn1crypto import cms, core, tsp
from cryptography.x509 import Certificate
from rfc3161_client import (
    HashAlgorithm,
    TimeStampRequest,
    TimestampRequestBuilder,
    VerifierBuilder,
    decode_timestamp_response,
)

from dcase_audit.trail.asking import Unanswered, post

# Tokens that carry a whole chain and its revocation lists have some tens of kilobytes.
LARGEST_RESPONSE = 256 * 1024
GRANTED = {"granted", "granted_with_mods"}


class StampUnavailable(Exception):
    """The authority did not answer, or not now: ask again later."""


class StampRefused(Exception):
    """The authority answered, and gave no time-stamp of what was asked, or none that is trusted."""


class Response(core.Sequence):  # type: ignore[misc]
    """A TimeStampResp; one that refuses has no token."""

    _fields = [("status", tsp.PKIStatusInfo), ("time_stamp_token", cms.ContentInfo, {"optional": True})]


class Authority(NamedTuple):
    """An authority: what it is called here, which gives no secret away, and where and how it is asked."""

    name: str
    url: str
    headers: dict[str, str]


class Token(NamedTuple):
    """A response that was checked, as it came, and the moment that it states."""

    response: bytes
    at: datetime


def authority_of(address: str) -> Authority:
    """Read ``https://USER:PASSWORD@tsa.example/path?key``; its name is ``tsa.example/path``.

    Raises:
        ValueError: it is not the address of a server of the web.
    """
    parts = urllib.parse.urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("the address of a time-stamping authority begins with https:// or http:// and names a host")
    userinfo, _, where = parts.netloc.rpartition("@")
    headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
    if userinfo:
        secret = base64.b64encode(urllib.parse.unquote_to_bytes(userinfo)).decode()
        headers["Authorization"] = f"Basic {secret}"
    name = f"{where}{parts.path}".rstrip("/")
    return Authority(name, parts._replace(netloc=where, fragment="").geturl(), headers)


def time_stamp(authority: Authority, data: bytes, roots: Sequence[Certificate], timeout: float) -> Token:
    """Have ``data`` stamped. With ``roots`` the authority's certificates have to lead to one of them.

    Raises:
        StampUnavailable: no answer within ``timeout`` seconds, or a passing trouble.
        StampRefused: anything else but a good time-stamp.
    """
    request = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).cert_request(cert_request=True)
    asked = request.build()
    try:
        answer = post(authority.url, asked.as_bytes(), authority.headers, timeout=timeout, largest=LARGEST_RESPONSE)
    except Unanswered as error:
        # The address may hold a key.
        raise StampUnavailable(str(error).replace(authority.url, authority.name)) from None
    if answer.status != 200:
        raise StampRefused(f"{answer.status} {answer.said}")
    return Token(answer.body, checked(answer.body, asked, roots))


def checked(response: bytes, asked: TimeStampRequest, roots: Sequence[Certificate]) -> datetime:
    """Return the moment that a response states, once it is found to be about what was asked.

    Raises:
        StampRefused: it is no response, no grant, about something else, an answer to another question, or not trusted.
    """
    read, said = _read(response)
    if said.sha256 != asked.message_imprint.message:
        raise StampRefused("the time-stamp is over something else")
    if said.nonce != asked.nonce:
        raise StampRefused("the time-stamp answers another question")
    if not isinstance(said.at, datetime) or said.at.tzinfo is None:
        raise StampRefused("the time-stamp states no moment")
    if roots:
        _check_chain(read, said.sha256, roots)
    return said.at


def stamps(response: bytes, data: bytes) -> bool:
    """Tell whether a response grants a time-stamp over ``data``; neither nonce nor signature are looked at."""
    try:
        return _read(response)[1].sha256 == sha256(data).digest()
    except StampRefused:
        return False


class _Said(NamedTuple):
    """What a token states, none of it believed; ``sha256`` is None for a digest of another kind."""

    sha256: bytes | None
    nonce: int | None
    at: Any


def _read(response: bytes) -> tuple[Any, _Said]:
    """Read a response with ``asn1crypto``.

    ``rfc3161-client`` takes no token whose certificates are in another order than DER's, such as ``openssl ts`` makes.
    """
    try:
        read = Response.load(response, strict=True)
        status = read["status"].native
        said = _said(read) if status["status"] in GRANTED else None
    except Exception as error:
        # Whatever a foreign server's bytes make the parser do.
        raise StampRefused(f"the answer cannot be read: {type(error).__name__}: {error}") from None
    if said is None:
        raise StampRefused(_refusal(status))
    return read, said


def _said(read: Any) -> _Said:
    info = read["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed.native
    imprint = info["message_imprint"]
    is_known = imprint["hash_algorithm"]["algorithm"] == "sha256"
    return _Said(imprint["hashed_message"] if is_known else None, info["nonce"], info["gen_time"])


def _refusal(status: dict[str, Any]) -> str:
    said = [str(status["status"]), *sorted(status["fail_info"] or ()), *(status["status_string"] or ())]
    return " ".join(said)[:500]


def _check_chain(read: Any, imprint: bytes, roots: Sequence[Certificate]) -> None:
    """Check the signature, and that its certificate led to one of ``roots`` at the moment that it states."""
    try:
        read["status"] = {"status": "granted"}
        signed = read["time_stamp_token"]["content"]
        # The library is shown a copy: a set that is made anew is in order, and whatever is signed stays as it was.
        if signed["certificates"]:
            signed["certificates"] = type(signed["certificates"])(list(signed["certificates"]))
        VerifierBuilder(roots=list(roots)).build().verify(decode_timestamp_response(read.dump()), imprint)
    except Exception as error:
        # Certificates, too, are a foreign server's bytes.
        raise StampRefused(f"the time-stamp is not trusted: {error}") from None
