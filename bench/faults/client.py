"""A client that can break off: whole requests, and requests of which only a share is sent."""

from __future__ import annotations

import http.client
import json
import socket
import struct
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

Address = tuple[str, int]
TIMEOUT = 120.0
BOUNDARY = "bench-faults"
PROBLEM = "application/problem+json"
PAUSE = 0.2


@dataclass(frozen=True)
class Answer:
    """An answer as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def members(self) -> Any:
        return json.loads(self.body)

    @property
    def number(self) -> int:
        return int(self.members["id"])

    @property
    def replayed(self) -> bool:
        return self.headers.get("Idempotent-Replayed") == "true"

    @property
    def is_problem(self) -> bool:
        return self.headers.get("Content-Type", "").startswith(PROBLEM)

    @property
    def explains(self) -> bool:
        """Tell whether it is what a refusal has to be: no 500, and a problem document."""
        return self.status != HTTPStatus.INTERNAL_SERVER_ERROR and self.is_problem


@dataclass(frozen=True)
class Request:
    """A request that can be sent again: with its key, if it has one, it is done once."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""

    def send(self, address: Address) -> Answer:
        """Send it whole and return the answer."""
        connection = http.client.HTTPConnection(*address, timeout=TIMEOUT)
        try:
            connection.request(self.method, self.path, self.body, dict(self.headers))
            response = connection.getresponse()
            return Answer(response.status, dict(response.headers), response.read())
        finally:
            connection.close()

    def send_until_done(self, address: Address, patience: float = TIMEOUT) -> Answer:
        """Send it until it is neither still being worked on (409) nor put off (503); return the last answer."""
        ends = time.monotonic() + patience
        while True:
            answer = self.send(address)
            waits = answer.status in {HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE}
            if not waits or time.monotonic() > ends:
                return answer
            time.sleep(PAUSE)

    def send_share(self, address: Address, share: float) -> socket.socket:
        """Send the head and so much of the body; return the open connection."""
        opened = socket.create_connection(address, timeout=TIMEOUT)
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: {address[0]}:{address[1]}"]
        lines += [f"{name}: {text}" for name, text in self.headers.items()]
        lines += [f"Content-Length: {len(self.body)}", "", ""]
        opened.sendall("\r\n".join(lines).encode())
        opened.sendall(memoryview(self.body)[: int(len(self.body) * share)])
        return opened


def drop(opened: socket.socket) -> None:
    """Close a connection at once, as a client does that is gone: what comes is answered by a reset."""
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    opened.close()


def get(path: str, secret: str) -> Request:
    return Request("GET", path, {"Authorization": f"Bearer {secret}"})


def post(path: str, secret: str, members: Mapping[str, Any], **headers: str) -> Request:
    """Return a request with a JSON body."""
    told = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    told |= {name.replace("_", "-"): text for name, text in headers.items()}
    return Request("POST", path, told, json.dumps(members).encode())


def result_of_drill(drill: str, secret: str, mark: str, body: bytes) -> Request:
    """Return the upload of a result; ``mark`` is its key."""
    told = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json", "Idempotency-Key": mark}
    return Request("POST", f"/api/v1/drills/{drill}/results", told, body)


def results_of_drills(secret: str, results: Sequence[tuple[str, str, bytes]]) -> Request:
    """Return one call with many results: of each the drill, its mark and its file."""
    told = {"Authorization": f"Bearer {secret}", "Content-Type": "application/x-ndjson"}
    lines = [json.dumps({"drill": drill, "key": mark, "file": body.decode()}) for drill, mark, body in results]
    return Request("POST", "/api/v1/drill-results", told, "\n".join(lines).encode())


def revision(secret: str, mark: str, content: bytes, *, artefact: str = "rule") -> Request:
    """Return the upload of an evidence file as a new revision; ``mark`` is its key and its note."""
    began = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    told = json.dumps({"note": mark, "valid_from": began})
    lines = [
        f"--{BOUNDARY}",
        'Content-Disposition: form-data; name="revision"',
        "",
        told,
        f"--{BOUNDARY}",
        f'Content-Disposition: form-data; name="file"; filename="{mark}.bin"',
        "Content-Type: application/octet-stream",
        "",
        "",
    ]
    body = "\r\n".join(lines).encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()
    headers = {
        "Authorization": f"Bearer {secret}",
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        "Idempotency-Key": mark,
    }
    return Request("POST", f"/api/v1/artefacts/{artefact}/revisions", headers, body)
