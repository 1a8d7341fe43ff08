"""Bundles, receipts and policies made by hand, for tests of whatever verifies them.

Naive on purpose, and with nothing in common with the verifier: a tree by recursion, one leaf at a time, the signatures
of ``cryptography``. A ``World`` is told what happens; its ``bundle`` writes down what an honest operator would give
away. To break one thing, change the world before, or the bundle after.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import random
import struct
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ORIGIN = "log.example.jp/dcase-audit"
START = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)
MEMBER_TIME = (2026, 4, 1, 0, 0, 0)


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the Merkle tree hash, word for word as RFC 6962 section 2.1 defines it."""
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0])
    split = largest_power_below(len(leaves))
    return sha256(b"\x01" + root(leaves[:split]) + root(leaves[split:]))


def inclusion(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Return the audit path, word for word as RFC 6962 section 2.1.1 defines it."""
    if len(leaves) == 1:
        return []
    split = largest_power_below(len(leaves))
    if index < split:
        return [*inclusion(index, leaves[:split]), root(leaves[split:])]
    return [*inclusion(index - split, leaves[split:]), root(leaves[:split])]


def largest_power_below(number: int) -> int:
    power = 1
    while power * 2 < number:
        power *= 2
    return power


@dataclass(frozen=True)
class Signer:
    """Whoever signs notes: a log (type 1) or a witness (type 4); the key comes from a seed."""

    name: str
    kind: int = 1
    seed: bytes = b"log"

    @property
    def private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(sha256(self.seed))

    @property
    def public(self) -> bytes:
        return bytes([self.kind]) + self.private.public_key().public_bytes_raw()

    @property
    def key_id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + self.public)[:4]

    @property
    def vkey(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(self.public).decode()}"

    def line(self, signature: bytes) -> str:
        return f"— {self.name} {base64.b64encode(self.key_id + signature).decode()}\n"

    def sign(self, text: str) -> str:
        """Return the signature line of a log."""
        return self.line(self.private.sign(text.encode()))

    def cosign(self, text: str, at: datetime) -> str:
        """Return the cosignature/v1 line of a witness."""
        seconds = int(at.timestamp())
        signature = self.private.sign(f"cosignature/v1\ntime {seconds}\n{text}".encode())
        return self.line(struct.pack(">Q", seconds) + signature)


LOG = Signer(ORIGIN, 1, b"log")
SECOND_KEY = Signer(ORIGIN, 1, b"second key of the log")
THIRD_KEY = Signer(ORIGIN, 1, b"third key of the log")
WITNESS = Signer("witness.example.org/w1", 4, b"witness")
SECOND_WITNESS = Signer("witness.example.net/w2", 4, b"second witness")
DEMO_WITNESS = Signer("same-host.invalid/witness", 4, b"demo witness")


class Term(NamedTuple):
    """A key of a log and the first and the last size of checkpoints that it signs."""

    signer: Signer
    first: int = 0
    last: int | None = None

    def signs(self, size: int) -> bool:
        return self.first <= size and (self.last is None or size <= self.last)

    @property
    def line(self) -> str:
        """The line of a policy that trusts the key for these sizes."""
        return f"log {self.signer.vkey} sizes:{self.first}-{'' if self.last is None else self.last}"


def key_change(kind: str, size: int, old: Signer, new: Signer, *, signers: Sequence[Signer] | None = None) -> str:
    """Return what two keys state of each other, signed by both."""
    text = f"dcase-audit log key v1\n{old.name}\n{kind} {size}\n{old.vkey}\n{new.vkey}\n"
    return f"{text}\n" + "".join(signer.sign(text) for signer in ((old, new) if signers is None else signers))


def policy(
    *witnesses: tuple[str, Signer],
    logs: Sequence[Signer | Term] = (LOG,),
    quorum: str | None = None,
    groups: Sequence[str] = (),
) -> str:
    """Return a policy; without other words the quorum is the first witness."""
    lines = [log.line if isinstance(log, Term) else f"log {log.vkey}" for log in logs]
    lines += [f"witness {name} {witness.vkey}" for name, witness in witnesses]
    lines += groups
    lines += [f"quorum {quorum if quorum is not None else witnesses[0][0]}"]
    return "".join(f"{line}\n" for line in lines)


POLICY = policy(("w1", WITNESS))


def checkpoint_text(leaves: Sequence[bytes], origin: str = ORIGIN) -> str:
    return f"{origin}\n{len(leaves)}\n{base64.b64encode(root(leaves)).decode()}\n"


def stamped(checkpoint: str) -> bytes:
    """Return what a time-stamp of a checkpoint is over: text, empty line and first signature line."""
    return "".join(f"{line}\n" for line in checkpoint.splitlines()[:5]).encode()


@dataclass
class Event:
    """One event as it was recorded: what its leaf says, and its fields with their salts."""

    seq: int
    source: str
    kind: str
    object: str
    version: int
    id: int
    xid: int
    at: datetime
    fields: dict[str, str]
    salts: dict[str, bytes] = field(default_factory=dict)

    def commitment(self, name: str) -> bytes:
        head = b"dcase-audit/field/v1\x00" + self.salts[name] + struct.pack(">H", len(name)) + name.encode()
        return sha256(head + self.fields[name].encode())

    def leaf(self) -> bytes:
        """Return the leaf, made by the ordinary JSON encoder, which in this subset writes what RFC 8785 asks for."""
        commitments = b"".join(self.commitment(name) for name in sorted(self.fields))
        said = {
            "at": self.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "fields": sha256(b"dcase-audit/fields/v1\x00" + commitments).hex(),
            "id": self.id,
            "kind": self.kind,
            "n": len(self.fields),
            "object": self.object,
            "seq": self.seq,
            "source": self.source,
            "v": 1,
            "version": self.version,
            "xid": str(self.xid),
        }
        return json.dumps(said, sort_keys=True, separators=(",", ":")).encode()

    def disclosure(self, closed: Sequence[str] = ()) -> list[list[str]]:
        """Return the fields as a bundle gives them; of those in ``closed`` the commitment alone."""
        return [
            [name, self.commitment(name).hex()]
            if name in closed
            else [name, base64.urlsafe_b64encode(self.salts[name]).decode().rstrip("="), self.fields[name]]
            for name in sorted(self.fields)
        ]


def printed(row: Mapping[str, str]) -> str:
    """Return a row as PostgreSQL prints jsonb, from the texts of its columns."""
    names = sorted(row, key=lambda name: (len(name.encode()), name.encode()))
    return "{" + ", ".join(f'"{name}": {row[name]}' for name in names) + "}"


def texts(**values: Any) -> dict[str, str]:
    """Return the texts of a row's columns."""
    return {name: json.dumps(value, ensure_ascii=False) for name, value in values.items()}


class World:
    """A database that is changed, its trail, and what a bundle would show of both.

    Each call is a transaction of its own, a second after the one before, unless ``transaction`` is said to be the same.
    """

    def __init__(self, seed: int = 0) -> None:
        self.random = random.Random(seed)
        self.events: list[Event] = []
        self.rows: dict[str, dict[str, str]] = {}
        self.keys: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.files: dict[str, bytes] = {}
        self.withheld: dict[str, str] = {}
        self.cases: dict[str, str] = {}
        self.checkpoints: dict[int, datetime] = {}
        self.terms = [Term(LOG)]
        self.context = {"actor": "user:1", "request": "4f9d8a62"}
        self.now, self.xid, self.id = START, 700, 0

    def event(self, source: str, kind: str, object: str, fields: Mapping[str, str], *, same: bool = False) -> Event:
        """Record one event; ``same``: in the transaction of the last one."""
        if not same:
            self.xid, self.now = self.xid + 1, self.now + timedelta(seconds=1)
        self.id += self.random.choice((1, 1, 1, 2))
        version = self.versions[object] = self.versions.get(object, 0) + 1
        said = {f"context.{name}": json.dumps(value) for name, value in self.context.items()}
        added = {"db.session_user": '"dcase_app"', "db.backend_pid": "4711"}
        event = Event(
            len(self.events), source, kind, object, version, self.id, self.xid, self.now, {**fields, **said, **added}
        )
        event.salts = {name: self.random.randbytes(16) for name in sorted(event.fields)}
        self.events.append(event)
        return event

    def shape(self, table: str, key: str = "id") -> None:
        """Begin to capture a table, and take over the rows that it has."""
        self.keys[table] = key
        self.event("row", "shape", table, {"shape.columns": f'[[1, "{key}", "bigint"]]'})
        for named, row in list(self.rows.items()):
            if named.startswith(f"{table}/"):
                self.event("row", "baseline", named, {f"row.{name}": text for name, text in row.items()}, same=True)

    def insert(self, table: str, *, same: bool = False, **values: Any) -> str:
        """Insert a row; return the name of its object."""
        key = self.keys.setdefault(table, "id")
        row, named = texts(**values), f"{table}/{values[key]}"
        self.rows[named] = row
        self.event("row", "insert", named, {f"row.{name}": text for name, text in row.items()}, same=same)
        return named

    def update(self, named: str, *, same: bool = False, **values: Any) -> None:
        before = self.rows[named]
        row = self.rows[named] = {**before, **texts(**values)}
        fields = {f"row.{name}": text for name, text in row.items()}
        self.event("row", "update", named, {**fields, "before": self.digest(before)}, same=same)

    def delete(self, named: str) -> None:
        row = self.rows.pop(named)
        fields = {f"row.{name}": text for name, text in row.items()}
        self.event("row", "delete", named, {**fields, "before": self.digest(row)})

    def say(self, kind: str, object: str, *, same: bool = False, **payload: Any) -> None:
        """Record an event of the application."""
        self.event("app", kind, object, {f"payload.{name}": text for name, text in texts(**payload).items()}, same=same)

    def announce(self, new: Signer) -> int:
        """Record that another key follows the log's; return the event's number."""
        old, size = self.terms[-1].signer, len(self.events) + 1
        self.say("trail.key_announced", f"log_key:{new.key_id.hex()}", note=key_change("announced", size, old, new))
        self.terms.append(Term(new, size))
        return size - 1

    def retire(self) -> int:
        """Record that the older of two keys signs no more; return the event's number."""
        (old, first, _), (new, *_), size = *self.terms[-2:], len(self.events) + 1
        self.say("trail.key_retired", f"log_key:{old.key_id.hex()}", note=key_change("retired", size, old, new))
        self.terms[-2] = Term(old, first, size - 1)
        return size - 1

    def past_the_capture(self, named: str, **values: Any) -> None:
        """Change a row as somebody would who turned the triggers off."""
        self.rows[named] = {**self.rows[named], **texts(**values)}

    def digest(self, row: Mapping[str, str]) -> str:
        return json.dumps(hashlib.sha256(printed(row).encode()).hexdigest())

    def publish(self) -> None:
        """Publish a checkpoint of what there is, a second later."""
        self.now += timedelta(seconds=1)
        self.checkpoints[len(self.events)] = self.now

    def store(self, data: bytes, *, id: int, revision: int, withheld: str = "") -> str:
        """Store a file and make it part of a revision; ``withheld``: why it is not shown."""
        digest = hashlib.sha256(data).hexdigest()
        self.insert("evidence_storedfile", id=id, sha256=digest, size=len(data), media_type="text/plain")
        self.insert("evidence_revisionfile", same=True, id=id, revision_id=revision, file_id=id, position=1)
        if withheld:
            self.withheld[digest] = withheld
        else:
            self.files[digest] = data
        return digest

    def dispose(self, digest: str, *, id: int, file: int, **more: Any) -> str:
        """Dispose of a file by its number; what had kept it was a law."""
        self.files.pop(digest, None)
        self.withheld.pop(digest, None)
        said = {"disposed_at": "2026-04-01T09:00:30+00:00", "stopped_at": None, "restored_at": None, "basis": "law"}
        return self.insert(
            "evidence_disposal", **{"id": id, "file_id": file, **said, "text_ja": "法令", "text_en": "A law", **more}
        )

    def edition(self, slug: str, document: str, *, id: int) -> None:
        """Publish the first edition of a case."""
        digest = hashlib.sha256(document.encode()).hexdigest()
        self.insert("cases_case", id=id, slug=slug)
        self.insert(
            "cases_edition", id=id, case_id=id, number=1, sha256=digest, published_at="2026-04-01T09:00:00.5+00:00"
        )
        self.cases[slug] = document

    def leaves(self) -> list[bytes]:
        return [event.leaf() for event in self.events]

    def bundle(
        self,
        *,
        log: Signer = LOG,
        witnesses: Sequence[Signer] = (WITNESS,),
        closed: Mapping[int, Sequence[str]] | None = None,
        undisclosed: Sequence[int] = (),
        state_size: int | None = None,
        state: Mapping[str, dict[str, str]] | None = None,
    ) -> Bundle:
        """Return the bundle of everything, as witnessed a second after the last event or checkpoint."""
        at = self.now + timedelta(seconds=1)
        made = Bundle(
            leaves=self.leaves(), log=log, witnesses=witnesses, times={**self.checkpoints, len(self.events): at}
        )
        if len(self.terms) > 1:
            made.terms = list(self.terms)
        for event in self.events:
            if event.seq not in undisclosed:
                fields = event.disclosure((closed or {}).get(event.seq, ()))
                made.disclosures.append({"seq": event.seq, "fields": fields})
        rows = self.rows if state is None else state
        for named in sorted(rows, key=by_key):
            made.state.setdefault(named.partition("/")[0], []).append(printed(rows[named]))
        made.tables = dict(self.keys)
        made.state_size = len(self.events) if state_size is None else state_size
        made.files, made.cases = dict(self.files), dict(self.cases)
        made.withheld = [{"sha256": digest, "reason": reason} for digest, reason in self.withheld.items()]
        return made

    def receipt(self, seq: int, **others: Any) -> Receipt:
        at = self.now + timedelta(seconds=1)
        event = self.events[seq]
        return Receipt(
            self.leaves(), seq, {"leaf": event.leaf().decode(), "fields": event.disclosure()}, at=at, **others
        )


def by_key(named: str) -> tuple[str, int, bytes]:
    table, _, key = named.partition("/")
    return table, int(key) if key.isdigit() else 0, key.encode()


@dataclass
class Bundle:
    """What is in a bundle. ``members`` signs and writes it down; ``changed`` has the last word on each member."""

    leaves: list[bytes]
    log: Signer = LOG
    witnesses: Sequence[Signer] = (WITNESS,)
    times: dict[int, datetime] = field(default_factory=dict)
    disclosures: list[dict[str, Any]] = field(default_factory=list)
    state: dict[str, list[str]] = field(default_factory=dict)
    tables: dict[str, str] = field(default_factory=dict)
    state_size: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    withheld: list[dict[str, str]] = field(default_factory=list)
    cases: dict[str, str] = field(default_factory=dict)
    origin: str = ORIGIN
    header: dict[str, Any] = field(default_factory=dict)
    changed: dict[str, bytes | None] = field(default_factory=dict)
    # Which key of the log signs what; without any, ``log`` signs everything.
    terms: list[Term] = field(default_factory=list)

    def checkpoint(self, size: int | None = None) -> str:
        """Return a checkpoint as the log published it."""
        size = len(self.leaves) if size is None else size
        text = checkpoint_text(self.leaves[:size], self.origin)
        cosignatures = "".join(witness.cosign(text, self.times[size]) for witness in self.witnesses)
        signers = [term.signer for term in self.terms if term.signs(size)] or [self.log]
        return f"{text}\n{''.join(signer.sign(text) for signer in signers)}{cosignatures}"

    def members(self) -> dict[str, bytes]:
        size = len(self.leaves)
        header = {
            "format": "dcase-audit-bundle/1",
            "origin": self.origin,
            "size": size,
            "state_size": self.state_size,
            "made_at": "2026-04-02T00:00:00Z",
            "cases": list(self.cases),
            "at": None,
            "tables": self.tables,
            **self.header,
        }
        made = {"bundle.json": json.dumps(header).encode(), "checkpoint": self.checkpoint().encode()}
        for earlier in sorted(self.times):
            if earlier < size:
                made[f"checkpoints/{earlier:012d}"] = self.checkpoint(earlier).encode()
        for first in range(0, size, 256):
            made[tile_name(first // 256, min(256, size - first))] = entries(self.leaves[first : first + 256])
        made["disclosures.jsonl"] = lines(json.dumps(each, ensure_ascii=False) for each in self.disclosures)
        for table in self.tables:
            made[f"state/{table}.jsonl"] = lines(self.state.get(table, []))
        made |= {f"files/{digest}": data for digest, data in self.files.items()}
        made |= {f"cases/{slug}.json": document.encode() for slug, document in self.cases.items()}
        if self.withheld:
            made["withheld.jsonl"] = lines(json.dumps(each) for each in self.withheld)
        made["README.txt"] = "How to verify: python verify.py\n検証の方法\n".encode()
        for name, data in self.changed.items():
            made.pop(name, None)
            if data is not None:
                made[name] = data
        return made

    def zip(self, **others: Any) -> bytes:
        return packed(self.members(), **others)


def lines(each: Any) -> bytes:
    return "".join(f"{line}\n" for line in each).encode()


def entries(leaves: Sequence[bytes]) -> bytes:
    return b"".join(struct.pack(">H", len(leaf)) + leaf for leaf in leaves)


def tile_name(number: int, width: int) -> str:
    """Return the path of an entry bundle below number 1,000,000."""
    path = f"{number:03d}" if number < 1000 else f"x{number // 1000:03d}/{number % 1000:03d}"
    return f"tile/entries/{path}" + (f".p/{width}" if width < 256 else "")


def packed(members: Mapping[str, bytes], *, method: int = zipfile.ZIP_STORED, more: Sequence[str] = ()) -> bytes:
    """Return a ZIP file of the members; those named in ``more`` once more."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a name twice
        for name in [*members, *more]:
            info = zipfile.ZipInfo(name, MEMBER_TIME)
            info.compress_type = method
            archive.writestr(info, members[name])
    return file.getvalue()


@dataclass
class Receipt:
    """A receipt for one event: its ``extra`` is what the operator says was recorded."""

    leaves: list[bytes]
    index: int
    extra: dict[str, Any]
    at: datetime = START
    log: Signer = LOG
    witnesses: Sequence[Signer] = (WITNESS,)

    def text(self) -> str:
        text = checkpoint_text(self.leaves)
        checkpoint = f"{text}\n{self.log.sign(text)}" + "".join(each.cosign(text, self.at) for each in self.witnesses)
        extra = base64.b64encode(json.dumps(self.extra, ensure_ascii=False).encode()).decode()
        proof = "".join(f"{base64.b64encode(each).decode()}\n" for each in inclusion(self.index, self.leaves))
        return f"c2sp.org/tlog-proof@v1\nextra {extra}\nindex {self.index}\n{proof}\n{checkpoint}"


def small_world(seed: int = 0) -> World:
    """Return a world in which a bit of everything happens: some forty events, two files, a case, three checkpoints."""
    world = World(seed)
    world.rows["accounts_party/1"] = texts(id=1, name="IT サービス部")
    for table in ("accounts_party", "evidence_storedfile", "evidence_revisionfile", "cases_case", "cases_edition"):
        world.shape(table)
    world.shape("evidence_revision")
    world.edition("exchange", '{"case":"exchange","edition":1,"format":"dcase-edition/1","nodes":[]}', id=1)
    revision = world.insert(
        "evidence_revision", id=17, title_ja="夜間復旧手順", title_en='The "night" rule', covers=[1.5, 2]
    )
    world.say("revision.added", "revision:17", same=True, artefact="night-recovery", number=1)
    world.publish()
    world.store(b"the procedure\n", id=3, revision=17)
    world.store(b"names of people\n", id=4, revision=17, withheld="personal data")
    other = world.insert("evidence_revision", id=18, title_ja="下書き", title_en="Draft", covers=[])
    world.update(revision, title_en="The night rule", covers=[1.5, 2, 30000000000000000000000])
    world.say("revision.submitted", "revision:17", reason="改訂")
    world.publish()
    world.update(revision, same=True, covers=None)
    world.delete(other)
    world.insert("evidence_revision", id=9, title_ja="一", title_en="One", covers={"a": "\\ \n"})
    world.insert("evidence_revision", id=18, title_ja="再", title_en="Again", covers=[])
    world.say("login.succeeded", 'address:"10.0.0.7"\\x')
    return world
