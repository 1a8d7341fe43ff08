"""Ask a server that is somebody else's: one POST, bounded in time and in size, whatever it does."""

from __future__ import annotations

import ipaddress
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse

# Statuses that say nothing about what was asked.
LATER = {408, 429}


class Unanswered(Exception):
    """There was no answer in time, or none that has to do with what was asked: ask again later."""


@dataclass(frozen=True)
class Answer:
    """What the server said, whatever its status."""

    status: int
    body: bytes

    @property
    def said(self) -> str:
        return self.body[:500].decode(errors="replace").strip()


def post(url: str, body: bytes, headers: Mapping[str, str], *, timeout: float, largest: int) -> Answer:
    """Post ``body`` and return the answer of at most ``largest`` bytes. Redirections are answers and not followed.

    Raises:
        Unanswered: no whole answer within ``timeout`` seconds, a connection that fails, or a passing trouble (5xx).
        ValueError: the address is not one of the web.
    """
    request = urllib.request.Request(url, data=body, headers=dict(headers))
    if request.type not in ("http", "https"):
        raise ValueError(f"{url} is not the address of a server of the web")
    ends = time.monotonic() + timeout
    try:
        with _opener(request.host).open(request, timeout=timeout) as response:
            answer = Answer(response.status, _read(response, ends, largest))
    except (OSError, HTTPException) as error:
        raise Unanswered(f"{url}: {error}") from None
    if answer.status >= 500 or answer.status in LATER:
        raise Unanswered(f"{url}: {answer.status} {answer.said}")
    return answer


def _read(response: HTTPResponse, ends: float, largest: int) -> bytes:
    """Return the body, as much as an answer may have, within the time that is left."""
    body = b""
    while part := response.read1(largest):
        body += part
        if len(body) > largest or time.monotonic() > ends:
            raise Unanswered("the answer is too long or takes too long")
    if response.length:
        raise Unanswered("the answer was cut off")
    return body


class _AsAnswered(urllib.request.HTTPErrorProcessor):
    """Every answer is one, whatever its status; redirections, too, are not followed."""

    def http_response(self, request: urllib.request.Request, response: HTTPResponse) -> HTTPResponse:
        return response

    https_response = http_response


def _opener(host: str) -> urllib.request.OpenerDirector:
    proxies = [urllib.request.ProxyHandler({})] if _is_loopback(host) else []
    return urllib.request.build_opener(_AsAnswered, *proxies)


def _is_loopback(host: str) -> bool:
    name = urllib.parse.urlsplit(f"//{host}").hostname or ""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
