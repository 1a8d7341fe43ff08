"""The client of a time-stamping authority: what it believes, and what it says when it is not given a time-stamp."""

from __future__ import annotations

import base64
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.x509 import Certificate, load_pem_x509_certificates
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rfc3161_client import HashAlgorithm, TimeStampRequest, TimestampRequestBuilder, decode_timestamp_response

from dcase_audit.trail.timestamping import (
    Authority,
    StampRefused,
    StampUnavailable,
    Token,
    authority_of,
    checked,
    time_stamp,
)
from tests.trail.authorities import Reply, Stamper, serving, stamping_with

DATA = b"audit.example/trail\n3\n...\n"


@pytest.fixture(scope="module")
def stamper(tmp_path_factory: pytest.TempPathFactory) -> Stamper:
    return Stamper(tmp_path_factory.mktemp("tsa"))


@pytest.fixture(scope="module")
def with_chain(tmp_path_factory: pytest.TempPathFactory) -> Stamper:
    return Stamper(tmp_path_factory.mktemp("chain"), chain=True)


def roots_of(*stampers: Stamper) -> list[Certificate]:
    return [one for each in stampers for one in load_pem_x509_certificates(each.root.read_bytes())]


def asked(reply: Callable[[bytes], Reply], roots: list[Certificate], timeout: float = 20) -> Token:
    with serving(reply) as server:
        return time_stamp(authority_of(server.url), DATA, roots, timeout)


@pytest.mark.openssl
@pytest.mark.parametrize("trusted", [True, False])
def test_a_token_comes_back_as_it_was_sent(stamper: Stamper, trusted: bool) -> None:
    sent: list[bytes] = []

    def reply(query: bytes) -> Reply:
        sent.append(stamper.answer(query))
        return 200, sent[-1]

    token = asked(reply, roots_of(stamper) if trusted else [])

    assert [token.response] == sent
    assert abs(datetime.now(UTC) - token.at) < timedelta(minutes=1)


@pytest.mark.openssl
def test_a_token_whose_certificates_are_in_another_order_is_as_good(with_chain: Stamper, stamper: Stamper) -> None:
    token = asked(stamping_with(with_chain), roots_of(with_chain))

    with pytest.raises(ValueError, match="InvalidSetOrdering"):
        decode_timestamp_response(token.response)
    with pytest.raises(StampRefused, match="not trusted"):
        asked(stamping_with(with_chain), roots_of(stamper))


@pytest.mark.openssl
def test_a_token_of_an_authority_that_is_not_trusted_is_refused(stamper: Stamper, with_chain: Stamper) -> None:
    with pytest.raises(StampRefused, match="not trusted"):
        asked(stamping_with(stamper), roots_of(with_chain))

    assert asked(stamping_with(stamper), roots_of(with_chain, stamper))


@pytest.mark.openssl
def test_a_signature_that_was_changed_is_not_trusted(stamper: Stamper) -> None:
    def reply(query: bytes) -> Reply:
        response = stamper.answer(query)
        return 200, response[:-1] + bytes([response[-1] ^ 1])

    with pytest.raises(StampRefused, match="not trusted"):
        asked(reply, roots_of(stamper))


@pytest.mark.openssl
def test_an_answer_to_another_question_is_refused(stamper: Stamper) -> None:
    ask = TimestampRequestBuilder().hash_algorithm(HashAlgorithm.SHA256)
    again, other = ask.data(DATA).build().as_bytes(), ask.data(b"other").build().as_bytes()

    with pytest.raises(StampRefused, match="answers another question"):
        asked(lambda query: (200, stamper.answer(again)), roots_of(stamper))
    with pytest.raises(StampRefused, match="over something else"):
        asked(lambda query: (200, stamper.answer(other)), roots_of(stamper))


@pytest.mark.openssl
def test_a_refusal_is_quoted(stamper: Stamper) -> None:
    with pytest.raises(StampRefused, match="^rejection bad_data_format "):
        asked(lambda query: (200, stamper.answer(b"no query")), [])


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"0\x00", b"0\x03\x02\x01\x00", b"0\x05\x30\x03\x02\x01\x00", b"\x30\x80" * 400, b"\xff" * 100],
)
def test_garbage_is_refused(body: bytes) -> None:
    with pytest.raises(StampRefused):
        asked(lambda query: (200, body), [])


@pytest.mark.parametrize("status", [204, 302, 400, 401, 404])
def test_other_statuses_are_refusals(status: int) -> None:
    with pytest.raises(StampRefused, match=f"^{status}"):
        asked(lambda query: (status, b""), [])


@pytest.mark.parametrize("answer", [(500, b"why"), (503, b""), (429, b""), (200, b"x" * 300_000)])
def test_passing_troubles_are_unavailable(answer: Reply) -> None:
    with pytest.raises(StampUnavailable):
        asked(lambda query: answer, [])


def test_silence_is_unavailable_and_the_key_in_the_address_not_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://user:secret@127.0.0.1:{silent.getsockname()[1]}/tsr?key=secret"

        with pytest.raises(StampUnavailable, match="timed out") as told:
            time_stamp(authority_of(address), DATA, [], 0.2)

    assert "secret" not in str(told.value)


@pytest.mark.openssl
def test_a_name_and_a_password_are_sent_and_are_no_part_of_the_authoritys_name(stamper: Stamper) -> None:
    with serving(stamping_with(stamper)) as server:
        authority = authority_of(server.url.replace("http://", "http://us%40er:pass@") + "?key=1")
        time_stamp(authority, DATA, [], 20)

    assert authority.name == server.url.removeprefix("http://")
    assert base64.b64decode(server.headers[0]["Authorization"].removeprefix("Basic ")) == b"us@er:pass"
    assert server.headers[0]["Content-Type"] == "application/timestamp-query"


@pytest.mark.parametrize("address", ["", "tsa.example", "ftp://tsa.example/", "https:///path", "file:///etc/passwd"])
def test_other_addresses_than_of_the_web_are_a_mistake(address: str) -> None:
    with pytest.raises(ValueError, match="begins with https"):
        authority_of(address)


def test_the_same_path_of_two_hosts_is_two_authorities() -> None:
    assert authority_of("https://tsa.example/a/") == Authority(
        "tsa.example/a", "https://tsa.example/a/", authority_of("https://x.example").headers
    )


@pytest.mark.openssl
@settings(max_examples=300)
@given(place=st.floats(0, 1), value=st.integers(0, 255), cut=st.booleans())
@example(0.0, 0, True)
def test_a_response_that_was_changed_anywhere_is_refused_or_says_the_same(
    with_chain: Stamper, place: float, value: int, cut: bool
) -> None:
    request, response = good_answer(with_chain)
    at = min(int(place * len(response)), len(response) - 1)
    changed = response[:at] if cut else response[:at] + bytes([value]) + response[at + 1 :]

    try:
        found = checked(changed, request, roots_of(with_chain))
    except StampRefused:
        return
    assert found == checked(response, request, roots_of(with_chain))


ANSWERS: dict[Path, tuple[TimeStampRequest, bytes]] = {}


def good_answer(stamper: Stamper) -> tuple[TimeStampRequest, bytes]:
    """Return a query and the response to it, made once."""
    if stamper.home not in ANSWERS:
        request = TimestampRequestBuilder().data(DATA).hash_algorithm(HashAlgorithm.SHA256).build()
        ANSWERS[stamper.home] = request, stamper.answer(request.as_bytes())
    return ANSWERS[stamper.home]
