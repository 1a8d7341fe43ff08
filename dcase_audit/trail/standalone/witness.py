"""A witness of transparency logs: it cosigns a log's checkpoint only if the log went on from the last one it saw.

Run by somebody other than the log's operator. This file, Python 3.9 or newer and ``cryptography`` are all it needs:

    python witness.py init DIRECTORY --name witness.example/w1     make a key and an empty record
    python witness.py key DIRECTORY                                print the key, for the policies of verifiers
    python witness.py trust DIRECTORY LOG_VKEY [--sizes A-B]       cosign for this log, named as its key
    python witness.py serve DIRECTORY [--host H] [--port P]        answer until Ctrl-C or SIGTERM

``POST /add-checkpoint`` is C2SP tlog-witness; ``GET /`` shows the last checkpoint of each log, and every checkpoint
that a log signed and that does not go on from what was cosigned. Never put back an old copy of DIRECTORY: a witness
that forgot what it saw cosigns what it must not.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import re
import signal
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

LARGEST_REQUEST = 256 * 1024
LONGEST_PROOF = 63
MOST_SIGNATURES = 100
# Seconds in which one read, a whole body, and a wait for the database have to end.
READ_SECONDS, BODY_SECONDS, LOCK_SECONDS = 10, 30, 10
MOST_CONNECTIONS = 64
# A log that signs more than this against itself has been shown up well enough.
MOST_SUSPECTS = 1000
LOG_TYPE, WITNESS_TYPE = 0x01, 0x04
EMPTY_ROOT = hashlib.sha256(b"").digest()

RECORD = "witness.sqlite"
SIZE = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)
CONTROL = re.compile("[\x00-\x09\x0b-\x1f]")
SIZES = re.compile(r"(0|[1-9][0-9]{0,11})-(0|[1-9][0-9]{0,11})?", re.ASCII)
KEY = re.compile(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)")
SIGNATURE_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)")

SCHEMA = """
-- A key signs checkpoints of the sizes from first to last, which has no value where there is no end.
CREATE TABLE IF NOT EXISTS log (
    origin TEXT NOT NULL, vkey TEXT NOT NULL PRIMARY KEY, first INTEGER NOT NULL DEFAULT 0, last INTEGER
);
CREATE TABLE IF NOT EXISTS cosigned (
    origin TEXT NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (origin, size)
);
-- What a log signed and was not cosigned. It is proven against the log where it has another root at a size that was
-- cosigned; else the proof that came with it did not hold, which may be the sender's doing.
CREATE TABLE IF NOT EXISTS suspect (
    origin TEXT NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL, at INTEGER NOT NULL,
    known_note TEXT NOT NULL, proven INTEGER NOT NULL, PRIMARY KEY (origin, size, root)
);
"""


class Refused(Exception):
    """The request is answered with ``status`` and what is wrong."""

    def __init__(self, status: int, detail: str, kind: str = "text/plain; charset=utf-8") -> None:
        super().__init__(detail)
        self.status, self.detail, self.kind = status, detail, kind


class Submission(NamedTuple):
    """A request as it was sent, nothing of it verified; ``signatures`` are name, number of the key, and value."""

    old: int
    proof: list[bytes]
    text: str
    origin: str
    size: int
    root: bytes
    signatures: list[tuple[str, bytes, bytes]]


class Cosigned(NamedTuple):
    """The last checkpoint of a log that was cosigned, and when."""

    size: int
    root: bytes
    note: str
    at: int | None


def parse_submission(body: bytes) -> Submission:
    """Read the body of add-checkpoint, whose checkpoint is a note; refuse with 400 what is not one."""
    head, separator, note = _text(body).partition("\n\n")
    old, *hashes = head.split("\n")
    if not separator or not old.startswith("old ") or not SIZE.fullmatch(old[4:]):
        raise Refused(400, "the request does not begin with a line of the old size")
    if len(hashes) > LONGEST_PROOF:
        raise Refused(400, f"the proof has more than {LONGEST_PROOF} hashes")
    text, separator, lines = note.rpartition("\n\n")
    text += "\n"
    # Extension lines may follow the root; they are cosigned unread.
    if not separator or len(text.split("\n")) < 4 or "\n\n" in f"\n{text}":
        raise Refused(400, "the checkpoint is not origin, size, root, an empty line and signatures")
    origin, size, root = text.split("\n")[:3]
    if not SIZE.fullmatch(size):
        raise Refused(400, "the size is not a whole number")
    proof = [_hash(line) for line in hashes]
    return Submission(int(old[4:]), proof, text, origin, int(size), _hash(root), _signed(lines))


def _text(body: bytes) -> str:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise Refused(400, "the request is not UTF-8") from None
    if CONTROL.search(text):
        raise Refused(400, "the request has control characters")
    return text


def _signed(lines: str) -> list[tuple[str, bytes, bytes]]:
    *signatures, rest = lines.split("\n")
    if rest or not 1 <= len(signatures) <= MOST_SIGNATURES:
        raise Refused(400, f"there are not 1 to {MOST_SIGNATURES} signature lines")
    found = []
    for line in signatures:
        matched = SIGNATURE_LINE.fullmatch(line)
        raw = _base64(matched[2]) if matched else b""
        if not matched or len(raw) < 5:
            raise Refused(400, "a signature line is not a dash, a name and a signature")
        found.append((matched[1], raw[:4], raw[4:]))
    return found


def _hash(text: str) -> bytes:
    found = _base64(text)
    if len(found) != 32:
        raise Refused(400, "a hash is not 32 bytes long")
    return found


def _base64(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        data = b""
    if base64.b64encode(data).decode() != text:
        raise Refused(400, "base64 is not in its one spelling")
    return data


class Key(NamedTuple):
    """A public key: a name, a type and 32 bytes."""

    name: str
    type: int
    public: bytes

    @classmethod
    def parse(cls, vkey: str) -> Key:
        """Read ``<name>+<number>+<base64 of type and key>``; raise ``ValueError`` for anything else."""
        matched = KEY.fullmatch(vkey)
        raw = base64.b64decode(matched[3]) if matched else b""
        if not matched or len(raw) != 33 or cls(matched[1], raw[0], raw[1:]).vkey() != vkey:
            raise ValueError(f"{vkey} is not the key of a log or of a witness")
        return cls(matched[1], raw[0], raw[1:])

    @property
    def number(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.type]) + self.public).digest()[:4]

    def vkey(self) -> str:
        material = base64.b64encode(bytes([self.type]) + self.public).decode()
        return f"{self.name}+{self.number.hex()}+{material}"


class Trusted(NamedTuple):
    """A key of a log, and the sizes of checkpoints that it signs."""

    key: Key
    first: int
    last: int | None

    def signs(self, size: int) -> bool:
        return self.first <= size and (self.last is None or size <= self.last)


def signed_by_log(submission: Submission, keys: Sequence[Trusted]) -> str:
    """Return the checkpoint with the signatures of the log's own keys.

    Refuse with 403 where a bad one is, or none of a key that signs checkpoints of this size.
    """
    lines, is_signed = "", False
    for name, number, value in submission.signatures:
        for trusted in keys:
            if (name, number) == (trusted.key.name, trusted.key.number):
                _verify(trusted.key, submission.text, value)
                lines += _line(name, number + value)
                is_signed = is_signed or trusted.signs(submission.size)
    if not is_signed:
        why = f"no key that is trusted for {submission.origin} signed the checkpoint"
        raise Refused(403, f"{why}: those that did sign other sizes" if lines else why)
    return f"{submission.text}\n{lines}"


def _verify(key: Key, text: str, value: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(value, text.encode())
    except (InvalidSignature, ValueError):
        raise Refused(403, f"the signature of {key.name} does not verify") from None


def _line(name: str, raw: bytes) -> str:
    return f"— {name} {base64.b64encode(raw).decode()}\n"


def is_prefix(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Tell whether the proof shows the tree of ``old`` leaves to be a prefix of that of ``new``.

    Source: RFC 9162 section 2.1.4.2; the empty tree is a prefix of every tree.
    """
    if old in (0, new):
        return not proof and (old == 0 or old_root == new_root)
    power_of_two = old & (old - 1) == 0
    path = [old_root, *proof] if power_of_two else list(proof)
    if not path:
        return False
    first, last = old - 1, new - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    found_old = found_new = path[0]
    for hashed in path[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            found_old, found_new = _node(hashed, found_old), _node(hashed, found_new)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            found_new = _node(found_new, hashed)
        first, last = first >> 1, last >> 1
    return last == 0 and (found_old, found_new) == (old_root, new_root)


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Witness:
    """The key and the record in a directory; any number of threads may ask."""

    def __init__(self, directory: Path) -> None:
        name, seed = (directory / "key").read_text().split()
        self._private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(seed))
        public = self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.key = Key(name, WITNESS_TYPE, public)
        # Opened and never made: without its record a witness has forgotten what it must not contradict.
        self._database = f"{(directory / RECORD).absolute().as_uri()}?mode=rw"
        with self._writing() as database:
            # Of a record that was made when a log had one key.
            columns = {row[1] for row in database.execute("PRAGMA table_info(log)")}
            if "first" not in columns:
                database.execute("ALTER TABLE log ADD COLUMN first INTEGER NOT NULL DEFAULT 0")
                database.execute("ALTER TABLE log ADD COLUMN last INTEGER")

    @classmethod
    def init(cls, directory: Path, name: str) -> Witness:
        """Make a key and an empty record; raise ``FileExistsError`` where a key is already."""
        if not re.fullmatch(r"[^\s+]+", name):
            raise ValueError("a name has neither spaces nor plus signs")
        directory.mkdir(parents=True, exist_ok=True)
        seed = base64.b64encode(os.urandom(32)).decode()
        # The key comes first, so that a record that is there already is never taken for a new one.
        descriptor = os.open(directory / "key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, f"{name} {seed}\n".encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        with closing(sqlite3.connect(str(directory / RECORD))) as database:
            database.executescript(SCHEMA)
        return cls(directory)

    def trust(self, vkey: str, sizes: str = "0-") -> None:
        """Cosign for the log of this key from now on, of these sizes alone; a key that is known gets them anew.

        A second key of one name is for a change of keys: the old one keeps the sizes up to the last that it signs.
        """
        key, matched = Key.parse(vkey), SIZES.fullmatch(sizes)
        if key.type != LOG_TYPE:
            raise ValueError(f"{vkey} is not the key of a log")
        if not matched or (matched[2] and int(matched[2]) < int(matched[1])):
            raise ValueError(f"{sizes} is not sizes, which are 0-1200 or 951-")
        row = (key.name, vkey, int(matched[1]), int(matched[2]) if matched[2] else None)
        with self._writing() as database:
            database.execute("INSERT OR REPLACE INTO log VALUES (?, ?, ?, ?)", row)

    def add_checkpoint(self, body: bytes) -> str:
        """Cosign a checkpoint and return the signature line. Source: C2SP tlog-witness, add-checkpoint.

        Checking and recording are one transaction, which is on the disk before the cosignature is made.
        """
        sent = parse_submission(body)
        with self._writing() as database:
            at = int(time.time())
            note = signed_by_log(sent, _keys(database, sent.origin))
            if sent.old > sent.size:
                raise Refused(400, "the old size is larger than the checkpoint's")
            refusal = _compare(database, sent, note, at)
            if refusal is None:
                _record(database, sent, note, at)
        # Raised after the transaction, which keeps what contradicts.
        if refusal:
            raise refusal
        signed = self._private.sign(f"cosignature/v1\ntime {at}\n{sent.text}".encode())
        return _line(self.key.name, self.key.number + at.to_bytes(8, "big") + signed)

    def state(self) -> dict[str, Any]:
        """Return what there is to see: the key, the last checkpoint of each log, and what speaks against a log."""
        with closing(self._connect()) as database:
            origins = [row[0] for row in database.execute("SELECT DISTINCT origin FROM log ORDER BY origin")]
            return {
                "witness": self.key.vkey(),
                "logs": [_shown(origin, _last(database, origin), _keys(database, origin)) for origin in origins],
                "contradictions": _against(database, proven=True),
                "unproven": _against(database, proven=False),
            }

    def _connect(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._database, uri=True, timeout=LOCK_SECONDS, isolation_level=None)
        # With a write-ahead log a transaction is on the disk when COMMIT returns; with a journal it could be undone.
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA fullfsync = ON")
        return database

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Give a transaction that no other thread or process writes beside."""
        with closing(self._connect()) as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
            except BaseException:
                database.execute("ROLLBACK")
                raise
            database.execute("COMMIT")


def _compare(database: sqlite3.Connection, sent: Submission, note: str, at: int) -> Refused | None:
    """Return why the checkpoint cannot follow the last one; what speaks against the log is kept."""
    last = _last(database, sent.origin)
    row = database.execute("SELECT root, note FROM cosigned WHERE origin = ? AND size = ?", (sent.origin, sent.size))
    for known_root, known_note in row:
        if known_root != sent.root:
            _keep(database, sent, note, at, known_note, proven=True)
    if sent.old != last.size or (sent.size == last.size and sent.root != last.root):
        return Refused(409, f"{last.size}\n", "text/x.tlog.size")
    if not is_prefix(last.size, last.root, sent.size, sent.root, sent.proof):
        _keep(database, sent, note, at, last.note, proven=False)
        return Refused(422, f"the proof does not show that the log went on from size {last.size}")
    return None


def _record(database: sqlite3.Connection, sent: Submission, note: str, at: int) -> None:
    row = (sent.origin, sent.size, sent.root, note, at)
    database.execute("INSERT OR REPLACE INTO cosigned VALUES (?, ?, ?, ?, ?)", row)
    # Anybody can send a good checkpoint with a bad proof; now it came with a good one.
    database.execute("DELETE FROM suspect WHERE (origin, size, root) = (?, ?, ?) AND NOT proven", row[:3])


def _keep(database: sqlite3.Connection, sent: Submission, note: str, at: int, known: str, *, proven: bool) -> None:
    if database.execute("SELECT count(*) FROM suspect").fetchone()[0] < MOST_SUSPECTS:
        row = (sent.origin, sent.size, sent.root, note, at, known, proven)
        database.execute("INSERT OR REPLACE INTO suspect VALUES (?, ?, ?, ?, ?, ?, ?)", row)


def _keys(database: sqlite3.Connection, origin: str) -> list[Trusted]:
    rows = database.execute("SELECT vkey, first, last FROM log WHERE origin = ? ORDER BY first, vkey", (origin,))
    found = [Trusted(Key.parse(vkey), first, last) for vkey, first, last in rows]
    if not found:
        raise Refused(404, "the log is not known here")
    return found


def _last(database: sqlite3.Connection, origin: str) -> Cosigned:
    """Return the last checkpoint of a log, which is that of the empty log at first."""
    row = database.execute(
        "SELECT size, root, note, at FROM cosigned WHERE origin = ? ORDER BY size DESC LIMIT 1", (origin,)
    ).fetchone()
    return Cosigned(*row) if row else Cosigned(0, EMPTY_ROOT, "", None)


def _shown(origin: str, last: Cosigned, keys: Sequence[Trusted]) -> dict[str, Any]:
    trusted = [f"{each.key.vkey()} {each.first}-{'' if each.last is None else each.last}" for each in keys]
    return {
        "origin": origin,
        "size": last.size,
        "at": _moment(last.at),
        "checkpoint": last.note,
        "keys": trusted,
    }


def _against(database: sqlite3.Connection, *, proven: bool) -> list[dict[str, Any]]:
    rows = database.execute(
        "SELECT origin, size, at, note, known_note FROM suspect WHERE proven = ? ORDER BY at, origin, size", (proven,)
    )
    return [
        {"origin": origin, "size": size, "at": _moment(at), "signed": note, "cosigned_before": known}
        for origin, size, at, note, known in rows
    ]


def _moment(at: int | None) -> str | None:
    return None if at is None else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


class Handler(BaseHTTPRequestHandler):
    """One connection: a submission, or a look at the state."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "witness", ""

    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        """Say what was refused; of what went well its record tells."""
        if code != 200:
            super().log_request(code, size)

    timeout = READ_SECONDS
    server: Server

    def do_GET(self) -> None:
        self.close_connection = True
        if self.path != "/":
            return self._answer(404, "there are GET / and POST /add-checkpoint")
        state = json.dumps(self.server.witness.state(), indent=2, ensure_ascii=False)
        return self._answer(200, f"{state}\n", "application/json; charset=utf-8")

    def do_POST(self) -> None:
        try:
            if self.path != "/add-checkpoint":
                self.close_connection = True
                raise Refused(404, "there are GET / and POST /add-checkpoint")
            self._answer(200, self.server.witness.add_checkpoint(self._body()))
        except Refused as refusal:
            self._answer(refusal.status, refusal.detail, refusal.kind)
        except sqlite3.OperationalError as error:
            self._answer(503, f"the record cannot be written now: {error}")

    def _body(self) -> bytes:
        """Return the request's body; a connection with a rest that was not read is not used again."""
        closing, self.close_connection = self.close_connection, True
        length = self.headers.get("Content-Length", "")
        if "Transfer-Encoding" in self.headers or not SIZE.fullmatch(length):
            raise Refused(411, "the request has no Content-Length")
        if int(length) > LARGEST_REQUEST:
            raise Refused(413, f"the request is larger than {LARGEST_REQUEST} bytes")
        body, ends = b"", time.monotonic() + BODY_SECONDS
        while len(body) < int(length):
            part = self.rfile.read1(int(length) - len(body))
            if not part or time.monotonic() > ends:
                raise Refused(408, "the request did not come in time")
            body += part
        self.close_connection = closing
        return body

    def _answer(self, status: int, text: str, kind: str = "text/plain; charset=utf-8") -> None:
        data = text.encode() if text.endswith("\n") else f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)


class Server(ThreadingHTTPServer):
    """A thread for each connection, as many as there may be."""

    daemon_threads = True
    # An answer that is cut off was recorded before: the log asks again.
    block_on_close = False

    def __init__(self, address: tuple[str, int], witness: Witness) -> None:
        self.witness = witness
        self._free = threading.BoundedSemaphore(MOST_CONNECTIONS)
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, Handler)

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        name = host if isinstance(host, str) else host.decode()
        return f"http://[{name}]:{port}/" if ":" in name else f"http://{name}:{port}/"

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that goes away in mid-answer is no error of ours.
        if not isinstance(sys.exc_info()[1], (ConnectionError, socket.timeout)):
            super().handle_error(request, client_address)


def serve(directory: Path, host: str, port: int, *, quiet: bool = False) -> None:
    """Answer until a signal ends the process; ``quiet``: whoever started it need not be told where."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    server = Server((host, port), Witness(directory))
    try:
        if not quiet:
            print(f"READY {server.url}", flush=True)
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()


def main(arguments: Sequence[str]) -> int:
    """Run a subcommand; 2 where it cannot be done."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    parsers = {name: commands.add_parser(name) for name in ("init", "key", "trust", "serve")}
    for command in parsers.values():
        command.add_argument("directory", type=Path)
    parsers["init"].add_argument("--name", required=True, help="as a URL without scheme, such as witness.example/w1")
    parsers["trust"].add_argument("log_vkey", help="the key of a log, as its operator gives it")
    parsers["trust"].add_argument("--sizes", default="0-", help="checkpoints that it signs, as 0-1200 or 951- (all)")
    parsers["serve"].add_argument("--host", default="127.0.0.1")
    parsers["serve"].add_argument("--port", type=int, default=8245, help="0 takes a free one")
    parsers["serve"].add_argument("--quiet", action="store_true", help="do not say where it serves")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "init":
            print(Witness.init(chosen.directory, chosen.name).key.vkey())
        elif chosen.command == "key":
            print(Witness(chosen.directory).key.vkey())
        elif chosen.command == "trust":
            Witness(chosen.directory).trust(chosen.log_vkey, chosen.sizes)
        else:
            serve(chosen.directory, chosen.host, chosen.port, quiet=chosen.quiet)
    except (OSError, ValueError, sqlite3.Error) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
