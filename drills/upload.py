#!/usr/bin/env python3
"""dcase-upload: send the result of a drill from a pipeline, once, and exit by its verdict.

One file of the standard library (Python 3.9 and newer), which can be copied to where the pipeline runs. The token comes
from the environment and goes to one address only. Each attempt, also of a later run with the same file, has the same
idempotency key, so that however often it is sent there is one record.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

TOKEN, ADDRESS = "DCASE_TOKEN", "DCASE_URL"
PASSED, FAILED, INCONCLUSIVE, REFUSED, UNREACHABLE = range(5)
EXITS = {"passed": PASSED, "failed": FAILED}
CHUNK = 64 * 1024
BOUNDARY = "dcase-upload-7d2f0c6b1e9a4583"
# Worth another attempt: the server is busy, away, or still at the same request.
AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
STILL_RUNNING = "still-running"
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
LARGEST_ANSWER = 1024 * 1024


class Refused(Exception):
    """The server understood and does not take it."""


class Unreachable(Exception):
    """No answer came in time."""


class Answer(NamedTuple):
    """The status, the pause that the server asks for in seconds, and the body as JSON where it is."""

    status: int
    pause: float | None
    body: Any


class Upload(NamedTuple):
    """What is sent, and where to."""

    url: str
    token: str
    path: Path
    fields: dict[str, str]
    key: str

    @property
    def head(self) -> bytes:
        parts = [
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in self.fields.items()
        ]
        file = (
            'Content-Disposition: form-data; name="file"; filename="result"\r\nContent-Type: application/octet-stream'
        )
        return "".join([*parts, f"--{BOUNDARY}\r\n{file}\r\n\r\n"]).encode()

    @property
    def tail(self) -> bytes:
        return f"\r\n--{BOUNDARY}--\r\n".encode()

    def body(self) -> Iterator[bytes]:
        """Yield the form, the file a piece at a time."""
        yield self.head
        with self.path.open("rb") as file:
            while piece := file.read(CHUNK):
                yield piece
        yield self.tail

    def request(self) -> urllib.request.Request:
        length = len(self.head) + self.path.stat().st_size + len(self.tail)
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Idempotency-Key": self.key,
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
            "Content-Length": str(length),
            "Accept": "application/json",
            "User-Agent": "dcase-upload",
        }
        return urllib.request.Request(self.url, data=self.body(), headers=headers, method="POST")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows nothing: the token is for the address that was named."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def main(arguments: list[str] | None = None) -> int:
    """Send one result; return 0 passed, 1 failed, 2 inconclusive, 3 refused or not to be sent, 4 no answer in time."""
    options = _parsed(arguments)
    try:
        upload = _upload(options)
        receipt = send(upload, until=time.monotonic() + options.timeout)
    except Refused as refused:
        print(f"dcase-upload: {refused}", file=sys.stderr)
        return REFUSED
    except Unreachable as unreachable:
        print(f"dcase-upload: {unreachable}", file=sys.stderr)
        return UNREACHABLE
    print(json.dumps(receipt, ensure_ascii=False, indent=1))
    for warning in receipt.get("warnings", []):
        print(f"dcase-upload: {warning['detail']}", file=sys.stderr)
    print(f"dcase-upload: {receipt['verdict']}, kept as {receipt['href']}", file=sys.stderr)
    return EXITS.get(receipt["verdict"], INCONCLUSIVE)


def send(upload: Upload, *, until: float) -> dict[str, Any]:
    """Send it until it is answered; return the receipt.

    Raises:
        Refused: the server does not take it, or keeps other bytes than these.
        Unreachable: there was no answer before ``until`` on the monotonic clock.
    """
    pause = FIRST_PAUSE
    while True:
        answer, said = _attempt(upload, until)
        if answer is not None and answer.status in (200, 201):
            return _receipt(answer.body, upload)
        if answer is not None and not _is_worth_another(answer):
            raise Refused(_problem(answer))
        said = said or _problem(answer)
        wait = max(pause * random.uniform(0.5, 1.0), (answer.pause if answer else None) or 0)
        if time.monotonic() + wait >= until:
            raise Unreachable(f"no receipt in time: {said}")
        print(f"dcase-upload: {said}; again in {wait:.0f} s", file=sys.stderr)
        time.sleep(wait)
        pause = min(pause * 2, LONGEST_PAUSE)


def _attempt(upload: Upload, until: float) -> tuple[Answer | None, str]:
    """Return the answer, or none and what went wrong."""
    opener = urllib.request.build_opener(_NoRedirects)
    try:
        with opener.open(upload.request(), timeout=max(1.0, until - time.monotonic())) as response:
            return _answer(response.status, response.headers, response.read(LARGEST_ANSWER)), ""
    except urllib.error.HTTPError as error:
        with error:
            return _answer(error.code, error.headers, error.read(LARGEST_ANSWER)), ""
    except (OSError, ValueError) as error:
        # urllib's own errors, time-outs and broken connections are kinds of OSError; half an answer is a ValueError.
        return None, f"no answer: {getattr(error, 'reason', error)}"


def _answer(status: int, headers: Any, body: bytes) -> Answer:
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    return Answer(status, _seconds(headers.get("Retry-After")), said)


def _seconds(value: str | None) -> float | None:
    """Return what ``Retry-After`` asks for: seconds or a date."""
    if not value:
        return None
    if value.isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(timezone.utc)).total_seconds())
    except (TypeError, ValueError):
        return None


def _is_worth_another(answer: Answer) -> bool:
    if answer.status == 409:
        return isinstance(answer.body, dict) and str(answer.body.get("type", "")).endswith(STILL_RUNNING)
    return answer.status in AGAIN


def _receipt(body: Any, upload: Upload) -> dict[str, Any]:
    if not isinstance(body, dict) or not {"verdict", "href", "sha256"} <= body.keys():
        raise Refused("the answer is no receipt: is this address the API's?")
    if body["sha256"] != upload.fields["sha256"]:
        raise Refused("the receipt is for other bytes than those that were sent")
    return body


def _problem(answer: Answer | None) -> str:
    """Return what the server says is wrong, on a line for each place."""
    if answer is None:
        return "no answer"
    body = answer.body if isinstance(answer.body, dict) else {}
    places = [f"{each.get('pointer', '')}: {each.get('detail', '')}" for each in body.get("errors") or []]
    title = body.get("detail") or body.get("title") or "the server said nothing more"
    return "\n  ".join([f"{answer.status}: {title}", *places])


def _upload(options: argparse.Namespace) -> Upload:
    """Return what the options ask for.

    Raises:
        Refused: there is no token, no file, or an address that a token must not go to.
    """
    token = os.environ.get(TOKEN, "").strip()
    if not token:
        raise Refused(f"the environment has no {TOKEN}")
    where = urlsplit(options.url or os.environ.get(ADDRESS, ""))
    if where.scheme not in ("http", "https") or not where.hostname:
        raise Refused(f"name the server: --url or {ADDRESS}, such as https://dcase.example")
    if where.scheme == "http" and where.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise Refused("a token goes over https only, but for this machine itself")
    try:
        digest = _digest(options.file)
    except OSError as error:
        raise Refused(f"{options.file}: {error.strerror}") from None
    fields = {"format": options.format, "sha256": digest}
    if options.occurrence:
        fields["occurrence"] = str(options.occurrence)
    fields.update({name: text for name in ("started_at", "ended_at") if (text := getattr(options, name))})
    base = f"{where.scheme}://{where.netloc}{where.path.rstrip('/')}"
    url = f"{base}/api/v1/drills/{quote(options.drill, safe='')}/results"
    key = options.key or hashlib.sha256("\0".join([url, *sorted(fields.values())]).encode()).hexdigest()
    return Upload(url, token, options.file, fields, key)


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            found.update(piece)
    return found.hexdigest()


def _parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="dcase-upload",
        description="Send the result of a drill. Exit: 0 passed, 1 failed, 2 inconclusive, 3 refused, 4 no answer.",
        epilog=f"{TOKEN} in the environment holds the token, {ADDRESS} the server's address.",
    )
    parser.add_argument("drill", help="the drill's key")
    parser.add_argument("file", type=Path, help="the result")
    parser.add_argument("--format", default="native", help="the file's format (default: native)")
    parser.add_argument("--occurrence", type=int, help="the number of the planned date that this reports")
    parser.add_argument("--started-at", help="when the drill started, where the file does not say (RFC 3339)")
    parser.add_argument("--ended-at", help="when it ended; stated together with --started-at")
    parser.add_argument("--url", help=f"the server's address (default: {ADDRESS})")
    parser.add_argument("--key", help="the idempotency key (default: from the address, the fields and the file)")
    parser.add_argument("--timeout", type=float, default=600, help="seconds until it gives up (default: 600)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
