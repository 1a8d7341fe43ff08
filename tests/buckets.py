"""An S3 server on loopback: moto's, with what it leaves out, and with faults on demand.

S3 refuses bytes that do not have the checksum that came with them, and knows the version ``null`` of a bucket without
versions; moto does neither. Whoever looks behind the product's back does so with a client of its own.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

import boto3
import pytest
from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from dcase_audit.buckets import Address, Bucket

REGION = "ap-northeast-1"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    # Neither this machine's own settings nor another's.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "NO_PROXY": "127.0.0.1",
}
# Seconds that the store is waited for: on a busy machine, and where it hangs on purpose.
PATIENCE, IMPATIENCE = 30, 0.5


class Asked(NamedTuple):
    """A request as the server got it; ``path`` begins with the bucket."""

    method: str
    path: str
    query: str


Fault = Callable[[Asked], tuple[int, str] | None]


class Place(NamedTuple):
    """A bucket for one test, and the address that the product gets."""

    name: str
    url: str
    client: Any

    @property
    def bucket(self) -> Bucket:
        return Bucket(Address.parse(self.url))

    @property
    def impatient(self) -> str:
        """The address of somebody who does not wait for long."""
        return self.url.replace(f"timeout={PATIENCE}", f"timeout={IMPATIENCE}")

    def below(self, prefix: str) -> str:
        """Return the address of another prefix of this bucket."""
        return self.url.replace(f"s3://{self.name}/objects", f"s3://{self.name}/{prefix}")

    def shown(self) -> list[str]:
        """Return the keys of all that is shown."""
        return [one["Key"] for one in self.client.list_objects_v2(Bucket=self.name).get("Contents", ())]

    def versions(self) -> list[tuple[str, str]]:
        """Return key and version of all that is kept, and of what marks it as deleted."""
        said = self.client.list_object_versions(Bucket=self.name)
        found = [*said.get("Versions", ()), *said.get("DeleteMarkers", ())]
        return sorted((one["Key"], one["VersionId"]) for one in found)

    def lay_over(self, key: str, data: bytes) -> None:
        """Write over an object, as somebody can who has the right to put."""
        self.client.put_object(Bucket=self.name, Key=key, Body=data, ChecksumAlgorithm="SHA256")

    def mark_deleted(self, key: str) -> None:
        self.client.delete_object(Bucket=self.name, Key=key)


class S3:
    """The server. ``asked`` has each request since the last ``failing``."""

    def __init__(self) -> None:
        self._moto = create_backend_app("s3")
        self._fault: Fault | None = None
        self._broken = 0
        self._is_forgetful = False
        self._released = threading.Event()
        self._server: BaseWSGIServer = make_server("127.0.0.1", 0, self._answer, True, request_handler=_Quiet)
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self._client = boto3.client("s3", region_name=REGION, endpoint_url=self.endpoint)
        self._plain: set[str] = set()
        self.asked: list[Asked] = []

    def place(self, *, versions: bool = True, locks: bool = False, retention_days: int = 0) -> Place:
        """Make a bucket."""
        name = f"audit-{secrets.token_hex(6)}"
        client = self._client
        client.create_bucket(
            Bucket=name,
            CreateBucketConfiguration={"LocationConstraint": REGION},
            ObjectLockEnabledForBucket=locks,
        )
        if versions and not locks:
            client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        if not versions:
            self._plain.add(name)
        if retention_days:
            rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": retention_days}}
            client.put_object_lock_configuration(
                Bucket=name, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
            )
        url = f"s3://{name}/objects?region={REGION}&endpoint_url={self.endpoint}&timeout={PATIENCE}"
        return Place(name, url, client)

    @contextmanager
    def failing(self, fault: Fault) -> Iterator[None]:
        """Answer what ``fault`` returns, a status and an S3 error code; where it returns None, answer as ever."""
        self._fault, self.asked = fault, []
        try:
            yield
        finally:
            self._fault = None

    @contextmanager
    def breaking_off(self, times: int) -> Iterator[None]:
        """Close the connection in the middle of the next answers that have a body."""
        self._broken, self.asked = times, []
        try:
            yield
        finally:
            self._broken = 0

    @contextmanager
    def forgetting_conditions(self) -> Iterator[None]:
        """Write whatever is there, as stores do that do not know conditional requests."""
        self._is_forgetful = True
        try:
            yield
        finally:
            self._is_forgetful = False

    @contextmanager
    def hanging(self, about: Callable[[Asked], bool] = lambda asked: True) -> Iterator[None]:
        """Let requests wait for an answer until the block ends."""
        self._released.clear()

        def hang(asked: Asked) -> None:
            if about(asked):
                self._released.wait(60)

        with self.failing(hang):
            try:
                yield
            finally:
                self._released.set()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        asked = Asked(environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"])
        self.asked.append(asked)
        refused = self._fault(asked) if self._fault else None
        refused = refused or self._refused(environ)
        if self._is_forgetful:
            environ.pop("HTTP_IF_NONE_MATCH", None)
        if asked.path.split("/")[1] in self._plain:
            environ["QUERY_STRING"] = asked.query.replace("versionId=null", "")
        if refused is None:
            answer: Iterable[bytes] = self._moto(environ, start_response)
            if self._broken and asked.method == "GET" and asked.path.count("/") > 2:
                self._broken -= 1
                whole = b"".join(answer)
                return [whole[: len(whole) // 2]]
            return answer
        status, code = refused
        body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>secret.internal</Message></Error>".encode()
        body = b"" if asked.method == "HEAD" else body
        start_response(f"{status} {code}", [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
        return [body]

    def _refused(self, environ: dict[str, Any]) -> tuple[int, str] | None:
        """Refuse what S3 refuses and moto does not."""
        said = environ.get("HTTP_X_AMZ_CHECKSUM_SHA256")
        if environ["REQUEST_METHOD"] == "PUT" and said:
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = io.BytesIO(body)
            if base64.b64encode(hashlib.sha256(body).digest()).decode() != said:
                return 400, "BadDigest"
        return None


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        pass


@contextmanager
def running() -> Iterator[S3]:
    """Run the server for the length of the block, with what a client wants from the environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        server = S3()
        try:
            yield server
        finally:
            server.stop()


def retained_until(place: Place, key: str) -> datetime | None:
    found: datetime | None = place.client.head_object(Bucket=place.name, Key=key).get("ObjectLockRetainUntilDate")
    return found
