"""Time-stamping authorities (RFC 3161) that answer over HTTP, made with ``openssl ts``.

``python -m tests.trail.authorities`` makes the responses in ``tests/trail/data`` anew, which the published vectors
hold: openssl makes no response twice.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

from dcase_audit.trail.stamping import Rhythm, Stamping
from dcase_audit.trail.timestamping import authority_of
from dcase_audit.trail.tlog.local import LocalTiles
from tests.server import sequencing
from tests.trail.bundles import small_world, stamped

PATIENCE = 30.0
DATA = Path(__file__).parent / "data"
CONFIGURATION = """
[tsa]
default_tsa = one
[one]
serial = serial
signer_digest = sha256
default_policy = 1.2.3
digests = sha256
accuracy = secs:1
[root]
basicConstraints = critical,CA:true
[extensions]
extendedKeyUsage = critical,timeStamping
[request]
distinguished_name = name
[name]
"""


class Stamper:
    """An authority in ``home``: ``root.pem`` is what verifiers trust, and what its own certificate leads to.

    With ``chain`` its tokens carry both certificates, in the order of ``openssl``, which is not DER's.
    """

    def __init__(self, home: Path, *, chain: bool = False) -> None:
        home.mkdir(exist_ok=True)
        self.home = home
        self.root = home / "root.pem"
        self._more = "-chain root.pem" if chain else ""
        self._alone = threading.Lock()
        (home / "tsa.cnf").write_text(CONFIGURATION)
        (home / "serial").write_text("01")
        new = "-newkey rsa:2048 -nodes -config tsa.cnf"
        self._openssl(f"req -x509 {new} -subj /CN=Root -days 2 -keyout root.key -extensions root -out root.pem")
        self._openssl(f"req {new} -subj /CN=TSA -keyout tsa.key -out tsa.csr")
        issuer = "-CA root.pem -CAkey root.key -CAcreateserial -days 1"
        self._openssl(f"x509 -req -in tsa.csr {issuer} -extfile tsa.cnf -extensions extensions -out tsa.pem")

    def over(self, data: bytes) -> bytes:
        """Return the response to somebody who asks for a time-stamp over these bytes."""
        (self.home / "data").write_bytes(data)
        self._openssl("ts -query -data data -sha256 -cert -out own.tsq")
        return self.answer((self.home / "own.tsq").read_bytes())

    def answer(self, query: bytes) -> bytes:
        """Return the response to a query, which may be a refusal."""
        with self._alone:
            (self.home / "query.tsq").write_bytes(query)
            signer = f"-inkey tsa.key -signer tsa.pem {self._more}"
            self._openssl(f"ts -reply -config tsa.cnf -queryfile query.tsq {signer} -out reply.tsr")
            return (self.home / "reply.tsr").read_bytes()

    def verifies(self, response: bytes, data: bytes) -> bool:
        """Ask openssl whether a response is over these bytes, and by this authority."""
        (self.home / "verify.tsr").write_bytes(response)
        (self.home / "verify.data").write_bytes(data)
        command = "ts -verify -in verify.tsr -data verify.data -CAfile root.pem"
        return self._openssl(command, check=False).returncode == 0

    def _openssl(self, arguments: str, *, check: bool = True) -> subprocess.CompletedProcess[bytes]:
        command, environ = ["openssl", *arguments.split()], {"OPENSSL_CONF": "tsa.cnf"}
        return subprocess.run(command, cwd=self.home, check=check, capture_output=True, env=environ)


Reply = tuple[int, bytes]


@dataclass
class Server:
    """An authority's address, the queries and headers that it was sent, and what it answers them from now on."""

    reply: Callable[[bytes], Reply]
    url: str = ""
    queries: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def serving(reply: Callable[[bytes], Reply]) -> Iterator[Server]:
    """Answer over HTTP on this machine for the length of the block."""
    found = Server(reply)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            found.headers.append(dict(self.headers))
            found.queries.append(query)
            status, body = found.reply(query)
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except ConnectionError:
                pass

        def log_message(self, format: str, *arguments: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_port}/tsr"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()


def stamping_with(stamper: Stamper) -> Callable[[bytes], Reply]:
    return lambda query: (200, stamper.answer(query))


def stamp(home: Path, *servers: Server) -> None:
    """Have these authorities stamp the newest checkpoint of the log in ``home``, as its sequencer does."""
    rhythm = Rhythm(timedelta(days=1), timedelta(hours=1), PATIENCE)
    made = Stamping(LocalTiles(home / "trail"), [authority_of(server.url) for server in servers], rhythm)
    with sequencing():
        made.resume()
        made.look()
        ends = time.monotonic() + PATIENCE
        while any(standing.is_asked for standing in made._standings.values()):
            assert time.monotonic() < ends, "no authority answered"
            time.sleep(0.01)
            made.look()


def main() -> None:
    """Stamp the newest checkpoint of the small world, and something else, with a new authority."""
    world = small_world()
    with TemporaryDirectory() as home:
        stamper = Stamper(Path(home))
        (DATA / "tsa-roots.pem").write_bytes(stamper.root.read_bytes())
        good = stamper.over(stamped(world.bundle().checkpoint()))
        (DATA / "time_stamp.tsr").write_bytes(good)
        (DATA / "time_stamp_over_something_else.tsr").write_bytes(stamper.over(b"something else"))


if __name__ == "__main__":
    main()
