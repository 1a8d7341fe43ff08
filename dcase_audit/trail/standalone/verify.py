#!/usr/bin/env python3
"""Verify an evidence bundle or a receipt of D-Case Audit: offline, and without trusting whoever made it.

    python verify.py BUNDLE.zip          --policy POLICY [--known-checkpoint FILE]... [--tsa-certificates FILE] [--json]
    python verify.py RECEIPT.tlog-proof  --policy POLICY [--known-checkpoint FILE]... [--json]

Exit status: 0 verified, 1 refuted, 2 the input cannot be used. The policy is your own file: take it, like this program,
from somebody other than the one who gave you the bundle.

One file, standard library, Python 3.9 or newer, no network. docs/verification.md specifies every byte that is read
here. It is written to be read from top to bottom: spellings, signatures, notes, policy, tree, container, leaves,
fields, then the checks in the order of that page's section 4, the report, the command.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import multiprocessing
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Optional

VERSION = "1"
BUNDLE_FORMAT = "dcase-audit-bundle/1"
REPORT_FORMAT = "dcase-audit-verification/1"
SAME_HOST = "same-host.invalid/"
NOT_INDEPENDENT = "operated by the same host (demo): NOT independent"

# The clocks of the database and of a witness may differ by so much, and a transaction may take so long.
TOLERANCE = timedelta(minutes=5)

# What this program is ready to hold in memory at once, in bytes. Anything larger cannot be used.
MOST_NOTE = 1 << 18
MOST_DOCUMENT = 1 << 26
MOST_LINE = 1 << 24
MOST_RESPONSE = 1 << 20
MOST_RECEIPT = 1 << 24
MOST_MEMBERS = 2_000_000
MOST_DEPTH = 100
MOST_RATIO = 1100  # deflate makes nothing smaller than a 1032nd
CHUNK = 1 << 20


class Refuted(Exception):
    """What was given is not what was recorded. Names the record or the checkpoint where that shows first."""

    def __init__(
        self, why: str, seq: int | None = None, object: str | None = None, checkpoint: int | None = None
    ) -> None:
        super().__init__(why, seq, object, checkpoint)
        self.why, self.seq, self.object, self.checkpoint = why, seq, object, checkpoint


class Unusable(Exception):
    """There is nothing here that could be verified or refuted."""


class NotChecked(Exception):
    """A check that was not done; the message says why."""


# ---------------------------------------------------------------------------------------------------------------------
# 1. Spellings: everything has one, and any other is refused.


def base64_of(text: str, size: int | None = None) -> bytes:
    """Decode base64 in its one spelling: padded, without spaces, unused bits zero."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refuted(f"not base64: {shown(text, 60)}") from None
    if base64.b64encode(data).decode() != text or (size is not None and len(data) != size):
        raise Refuted(f"base64 in another than its one spelling or length: {shown(text, 60)}")
    return data


HEX = re.compile(r"[0-9a-f]{64}")


def without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build a JSON object; a doubled key would let two readers read two things."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a doubled key")
    return made


def small(digits: str) -> int:
    if len(digits) > 17:
        raise ValueError("a number beyond 2^53")
    return int(digits)


def no_number(spelling: str) -> Any:
    raise ValueError(f"{spelling[:20]} is no number that belongs here")


# Documents of ours hold whole numbers only. Texts of the database hold any number, of whose value nothing is needed.
DOCUMENT = json.JSONDecoder(
    object_pairs_hook=without_doubles, parse_int=small, parse_float=no_number, parse_constant=no_number
)
TEXT = json.JSONDecoder(object_pairs_hook=without_doubles, parse_int=str, parse_float=str, parse_constant=no_number)


BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.DOTALL)


def parsed(data: bytes, decoder: json.JSONDecoder = DOCUMENT) -> Any:
    """Parse UTF-8 JSON strictly; every way of being malformed is a ValueError that says how."""
    text = data.decode()
    if text.count("[") + text.count("{") > MOST_DEPTH and depth_of(text) > MOST_DEPTH:
        raise ValueError("JSON that is nested too deeply")
    return decoder.decode(text)


def depth_of(text: str) -> int:
    """Return how deeply lists and objects are nested in JSON, however malformed it is."""
    depth = deepest = 0
    for token in BRACKETS.findall(text):
        if token in "[{":
            depth, deepest = depth + 1, max(deepest, depth + 1)
        elif token in "]}":
            depth -= 1
    return deepest


def shown(text: object, most: int = 200) -> str:
    """Return text for a terminal: what cannot be printed is escaped, so that no bundle draws on the screen."""
    said = str(text)
    cut = said if len(said) <= most else said[: most - 1] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)


def spelt(moment: datetime) -> str:
    """Return a moment as leaves spell it: always 27 characters, so that texts compare as times do."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


MOMENT_SAID = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3])(?::[0-5][0-9]){2})(?:\.([0-9]{1,6}))?"
    r"(Z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)"
)


def moment_of(text: str) -> datetime:
    """Parse RFC 3339 with any number of decimals, which PostgreSQL trims."""
    found = MOMENT_SAID.fullmatch(text)
    if found is None:
        raise ValueError(f"{shown(text, 40)} is no moment")
    day, decimals, zone = found.groups()
    offset = "+00:00" if zone == "Z" else zone if ":" in zone else f"{zone[:3]}:{zone[3:] or '00'}"
    return datetime.fromisoformat(f"{day}.{(decimals or '').ljust(6, '0')}{offset}")


# ---------------------------------------------------------------------------------------------------------------------
# 2. Ed25519. Source: RFC 8032 section 5.1. Stricter than it must be: one encoding of a point, no key of small order.

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]  # extended coordinates (X, Y, Z, T): x = X/Z, y = Y/Z, xy = T/Z
NEUTRAL = (0, 1, 1, 0)


def add(p: Point, q: Point) -> Point:
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def point_of(data: bytes) -> Point:
    """Decode a point; any spelling but the shortest one (y < P, no negative zero) is a ValueError."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & ((1 << 255) - 1)
    if len(data) != 32 or y >= P:
        raise ValueError("not the one encoding of a point")
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P == P - u:
        x = x * ROOT_OF_MINUS_ONE % P
    if v * x * x % P != u or (x == 0 and sign):
        raise ValueError("not a point of the curve")
    x = P - x if x & 1 != sign else x
    return (x, y, 1, x * y % P)


def bytes_of(p: Point) -> bytes:
    inverse = pow(p[2], P - 2, P)
    x, y = p[0] * inverse % P, p[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def multiples(p: Point) -> list[list[Point]]:
    """Return the table of j * 16^i * p: what is multiplied often (a key, the base) is then only added up."""
    table = []
    for _ in range(64):
        row = [NEUTRAL]
        for _ in range(15):
            row.append(add(row[-1], p))
        table.append(row)
        p = add(row[-1], p)
    return table


def times(number: int, table: list[list[Point]]) -> Point:
    total: Point = NEUTRAL
    for row in table:
        total = add(total, row[number & 15])
        number >>= 4
    return total


@lru_cache(maxsize=1)
def base_table() -> list[list[Point]]:
    return multiples(point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little")))


@lru_cache(maxsize=64)
def key_table(key: bytes) -> list[list[Point]]:
    """Return the multiples of minus the key; a ValueError for a key that signs for everybody (small order)."""
    x, y, z, t = point_of(key)
    eight = (x, y, z, t)
    for _ in range(3):
        eight = add(eight, eight)
    if eight[0] == 0:
        raise ValueError("a key of small order")
    return multiples((P - x, y, z, P - t))


def signed(key: bytes, signature: bytes, message: bytes) -> bool:
    """Say whether ``signature`` (64 bytes) over ``message`` is by ``key`` (32 bytes)."""
    s = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or s >= L:
        return False
    try:
        table = key_table(key)
    except ValueError:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    return bytes_of(add(times(s, base_table()), times(k, table))) == signature[:32]


# ---------------------------------------------------------------------------------------------------------------------
# 3. Notes, checkpoints and keys. Source: C2SP signed-note, tlog-checkpoint, tlog-cosignature.

LOG_TYPE, WITNESS_TYPE = 0x01, 0x04


class Key(NamedTuple):
    """A verifier key (vkey) of a log or a witness."""

    name: str
    id: bytes
    type: int
    key: bytes


def is_key_name(name: str) -> bool:
    return bool(name) and not any(c.isspace() or c == "+" for c in name)


def key_of(vkey: str) -> Key:
    """Parse ``name+id+base64(type || key)``; a ValueError says what is wrong with it."""
    parts = vkey.split("+", 2)
    if len(parts) != 3 or not is_key_name(parts[0]) or not re.fullmatch("[0-9a-f]{8}", parts[1]):
        raise ValueError(f"not a vkey: {shown(vkey, 80)}")
    name, identity = parts[0], bytes.fromhex(parts[1])
    try:
        data = base64_of(parts[2])
    except Refuted as wrong:
        raise ValueError(wrong.why) from None
    if not data:
        raise ValueError(f"a vkey without a key: {shown(vkey, 80)}")
    if data[0] in (LOG_TYPE, WITNESS_TYPE):
        named = sha256(name.encode("utf-8", "surrogateescape") + b"\n" + data).digest()[:4]
        if len(data) != 33 or named != identity:
            raise ValueError(f"the vkey of {shown(name, 80)} does not have the key ID of its key")
        key_table(data[1:])
    return Key(name, identity, data[0], data[1:])


class Checkpoint(NamedTuple):
    """A parsed checkpoint, of which nothing is believed before ``judged`` has seen it."""

    origin: str
    size: int
    root: bytes
    text: bytes
    signatures: list[tuple[str, bytes]]
    stamped: bytes  # what an RFC 3161 response is over: text, empty line, first signature line


def checkpoint_of(data: bytes) -> Checkpoint:
    """Parse a checkpoint; raises Refuted with what is wrong."""
    try:
        note = data.decode()
    except UnicodeDecodeError:
        raise Refuted("the checkpoint is not UTF-8") from None
    text, gap, rest = note.rpartition("\n\n")
    if any(c < " " and c != "\n" for c in note) or not gap or not rest.endswith("\n"):
        raise Refuted("the checkpoint is not a signed note")
    lines = text.split("\n")
    if len(lines) != 3 or not lines[0] or not re.fullmatch(r"0|[1-9][0-9]{0,11}", lines[1]):
        raise Refuted("the checkpoint does not say origin, size and root, or says more")
    signatures = [signature_of(line) for line in rest[:-1].split("\n")]
    first = rest[: rest.index("\n") + 1]
    stamped = f"{text}\n\n{first}".encode()
    return Checkpoint(lines[0], int(lines[1]), base64_of(lines[2], 32), f"{text}\n".encode(), signatures, stamped)


def signature_of(line: str) -> tuple[str, bytes]:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "—" or not is_key_name(parts[1]):
        raise Refuted(f"not a signature line: {shown(line, 80)}")
    data = base64_of(parts[2])
    if len(data) < 5:
        raise Refuted(f"a signature line without a signature: {shown(line, 80)}")
    return parts[1], data


class Witnessed(NamedTuple):
    """What the policy makes of a checkpoint. ``at``: seconds since 1970 when the quorum was reached, or None."""

    cosignatures: list[tuple[str, int]]  # the policy's name of the witness, its time
    at: int | None
    signers: list[Key]  # the log's keys that signed, as far as the policy has them


def judged(checkpoint: Checkpoint, policy: Policy) -> Witnessed:
    """Verify the log's signature and every cosignature of a witness that the policy knows; raises Refuted.

    Signatures of keys that it does not know say nothing. One that is not by the key that it names refutes the note.
    """
    logs = {(log.key.name, log.key.id): log for log in policy.logs if log.key.name == checkpoint.origin}
    if not logs:
        raise Refuted(f"the policy knows no log {shown(checkpoint.origin)}")
    witnesses = {(key.name, key.id): name for name, key in policy.witnesses.items() if key.type == WITNESS_TYPE}
    times_by: dict[str, int] = {}
    signers: list[Log] = []
    for place, (name, data) in enumerate(checkpoint.signatures):
        named = (name, data[:4])
        if place == 0 and named not in logs:
            raise Refuted("its first signature is not by a key that the policy has for this log")
        if named in logs:
            if not signed(logs[named].key.key, data[4:], checkpoint.text):
                raise Refuted(f"the signature of the log {shown(name)} is not by its key")
            signers.append(logs[named])
        elif named in witnesses:
            known_as = witnesses[named]
            at = cosigned_at(policy.witnesses[known_as], data[4:], checkpoint.text)
            times_by[known_as] = min(at, times_by.get(known_as, at))
    if not any(log.signs(checkpoint.size) for log in signers):
        raise Refuted("it is not signed by a key that the policy has for checkpoints of its size")
    cosignatures = sorted(times_by.items(), key=lambda each: each[1])
    return Witnessed(cosignatures, quorum_at(cosignatures, policy), [log.key for log in signers])


def cosigned_at(witness: Key, data: bytes, text: bytes) -> int:
    """Verify a cosignature/v1 and return its time in seconds since 1970."""
    at = int.from_bytes(data[:8], "big")
    message = b"cosignature/v1\ntime %d\n" % at + text
    if len(data) != 72 or not signed(witness.key, data[8:], message):
        raise Refuted(f"the cosignature of {shown(witness.name)} is not by its key")
    if at >= 250_000_000_000:  # the year 9892, so that every time can be printed and compared
        raise Refuted(f"the cosignature of {shown(witness.name)} names an impossible time")
    return at


def quorum_at(cosignatures: list[tuple[str, int]], policy: Policy) -> int | None:
    """Return when the quorum was reached: the earliest moment at which those who had cosigned were enough."""
    seen: set[str] = set()
    for name, at in cosignatures:
        seen.add(name)
        if policy.met(seen):
            return at
    return None


# ---------------------------------------------------------------------------------------------------------------------
# 4. The policy. Source: C2SP tlog-policy.


class Log(NamedTuple):
    """A key of a log, and the sizes of checkpoints that it signs; without ``last`` there is no end to them."""

    key: Key
    first: int
    last: int | None

    def signs(self, size: int) -> bool:
        return self.first <= size and (self.last is None or size <= self.last)


@dataclass
class Policy:
    """Whom the verifier trusts. A witness whose key is of a type unknown here never counts."""

    logs: list[Log] = field(default_factory=list)
    witnesses: dict[str, Key] = field(default_factory=dict)
    groups: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    quorum: str = ""

    def met(self, seen: set[str]) -> bool:
        """Say whether the quorum is satisfied by the witnesses in ``seen``; groups name only what is above them."""
        satisfied = set(seen)
        for name, (needed, members) in self.groups.items():
            if sum(member in satisfied for member in members) >= needed:
                satisfied.add(name)
        return self.quorum in satisfied


def policy_of(data: bytes) -> Policy:
    """Parse a policy; raises Unusable with the line that is wrong."""
    if len(data) > MOST_NOTE or re.search(rb"[^\t\n\x20-\x7e\x80-\xff]", data):
        raise Unusable("the policy is not a policy: it is too long or holds control characters (CR among them)")
    policy = Policy()
    members: set[str] = set()
    for number, line in enumerate(data.decode("utf-8", "surrogateescape").split("\n"), 1):
        words = re.split(r"[ \t]+", line.strip(" \t"))
        if words == [""] or words[0].startswith("#"):
            continue
        try:
            policy_line(policy, words, members)
        except ValueError as wrong:
            raise Unusable(f"line {number} of the policy: {wrong}") from None
    if not policy.quorum:
        raise Unusable("the policy has no quorum line")
    if not policy.logs:
        raise Unusable("the policy names no log")
    return policy


def policy_line(policy: Policy, words: list[str], members: set[str]) -> None:
    """Take one line into the policy; ``members``: whoever is in a group already. Raises ValueError."""
    if words[0] == "log" and len(words) in (2, 3):
        key = key_of(words[1])
        if key.type != LOG_TYPE:
            raise ValueError(f"the key of log {shown(key.name)} is not of type 0x01 (Ed25519)")
        if any(key.key == other.key.key for other in policy.logs):
            raise ValueError("two logs have one key")
        policy.logs.append(Log(key, *sizes_of(words[2] if len(words) == 3 else "")))
    elif words[0] == "witness" and len(words) in (3, 4):
        key = key_of(words[2])
        if key.type == LOG_TYPE:
            raise ValueError(f"the key of witness {shown(key.name)} is of a log's type")
        if any(key.key == other.key for other in policy.witnesses.values()):
            raise ValueError("two witnesses have one key")
        policy.witnesses[new_name(policy, words[1])] = key
    elif words[0] == "group" and len(words) >= 4:
        policy.groups[new_name(policy, words[1])] = group_of(policy, words[2], words[3:], members)
    elif words[0] == "quorum" and len(words) == 2:
        if policy.quorum:
            raise ValueError("a second quorum line")
        if words[1] != "none" and words[1] not in policy.witnesses and words[1] not in policy.groups:
            raise ValueError(f"nothing above is called {shown(words[1])}")
        policy.quorum = words[1]
    else:
        raise ValueError(f"not a line of a policy: {shown(' '.join(words), 80)}")


SIZES = re.compile(r"sizes:(0|[1-9][0-9]{0,11})-(0|[1-9][0-9]{0,11})?")


def sizes_of(address: str) -> tuple[int, int | None]:
    """Read the sizes that a key signs, which stand where a log may have an address of the web; ValueError otherwise."""
    if not address or address.startswith(("https://", "http://")):
        return 0, None
    found = SIZES.fullmatch(address)
    if found is None or (found[2] and int(found[2]) < int(found[1])):
        raise ValueError(f"{shown(address, 80)} is neither sizes:<first>-[<last>] nor an address of the web")
    return int(found[1]), int(found[2]) if found[2] else None


def new_name(policy: Policy, name: str) -> str:
    if name == "none" or name in policy.witnesses or name in policy.groups:
        raise ValueError(f"the name {shown(name)} is taken")
    return name


def group_of(policy: Policy, threshold: str, names: list[str], members: set[str]) -> tuple[int, list[str]]:
    for name in names:
        if name not in policy.witnesses and name not in policy.groups:
            raise ValueError(f"nothing above is called {shown(name)}")
        if name in members:
            raise ValueError(f"{shown(name)} is in two groups, or twice in one")
        members.add(name)
    if threshold in ("any", "all"):
        return (1 if threshold == "any" else len(names)), names
    if not re.fullmatch("[1-9][0-9]{0,8}", threshold) or int(threshold) > len(names):
        raise ValueError(f"{shown(threshold, 20)} of {len(names)} is no threshold")
    return int(threshold), names


# ---------------------------------------------------------------------------------------------------------------------
# 5. The tree. Source: RFC 6962 section 2.1, RFC 9162 section 2.1.3.

EMPTY_ROOT = sha256(b"").digest()
TILE = 256


def leaf_hash(leaf: bytes) -> bytes:
    return sha256(b"\x00" + leaf).digest()


def root_of(hashes: list[bytes]) -> bytes:
    """Return the root over hashes of one level, from left to right; one that is left over moves up as it is."""
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2])
        odd = hashes[-1:] if len(hashes) % 2 else []
        hashes = [sha256(b"\x01" + left + right).digest() for left, right in pairs] + odd
    return hashes[0] if hashes else EMPTY_ROOT


class Growing:
    """A tree that full tiles are added to, from left to right; knows its root at any moment."""

    def __init__(self) -> None:
        self.peaks: list[tuple[int, bytes]] = []  # perfect subtrees, each smaller than the one before it

    def add(self, tile_root: bytes) -> None:
        width, root = 1, tile_root
        while self.peaks and self.peaks[-1][0] == width:
            root = sha256(b"\x01" + self.peaks.pop()[1] + root).digest()
            width *= 2
        self.peaks.append((width, root))

    def root(self, rest: bytes | None) -> bytes:
        """Return the root with ``rest`` at the right, the root of the leaves that do not fill a tile."""
        hashes = [root for _, root in self.peaks] + ([rest] if rest is not None else [])
        root = hashes.pop() if hashes else EMPTY_ROOT
        while hashes:
            root = sha256(b"\x01" + hashes.pop() + root).digest()
        return root


def root_by_proof(index: int, size: int, leaf: bytes, proof: list[bytes]) -> bytes:
    """Return the root that an inclusion proof leads to; raises Refuted where it has not the length for its place."""
    number, last, root = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise Refuted("the inclusion proof is too long", seq=index)
        if number & 1 or number == last:
            root = sha256(b"\x01" + sibling + root).digest()
            while number and not number & 1:
                number, last = number >> 1, last >> 1
        else:
            root = sha256(b"\x01" + root + sibling).digest()
        number, last = number >> 1, last >> 1
    if last != 0:
        raise Refuted("the inclusion proof is too short", seq=index)
    return root


# ---------------------------------------------------------------------------------------------------------------------
# 6. The container.

MEMBER = re.compile(
    r"bundle\.json|checkpoint|disclosures\.jsonl|withheld\.jsonl|README\.txt"
    r"|checkpoints/[0-9]{12}|timestamps/[0-9]{12}(?:-[2-9])?\.tsr|tile/entries/(?:x[0-9]{3}/)*[0-9]{3}(?:\.p/[1-9][0-9]{0,2})?"
    r"|state/[a-z_][a-z0-9_]{0,62}\.jsonl|files/[0-9a-f]{64}|cases/[A-Za-z0-9_-]{1,200}\.json"
)
ALWAYS_THERE = ("bundle.json", "checkpoint", "disclosures.jsonl")
LOCAL = struct.Struct("<4s5H3L2H")
FLAGS = 0x080E  # sizes behind the data, UTF-8, and deflate's note of its effort; encryption is not among them


class Bundle:
    """A bundle's members by name. Reads what the directory of the ZIP file promises, and nothing beside it."""

    def __init__(self, path: str, file: BinaryIO) -> None:
        self.path, self.file = path, file
        try:
            self.size = os.fstat(file.fileno()).st_size
            self.infos = zipfile.ZipFile(file).infolist()
        except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error, EOFError, OSError) as wrong:
            raise Unusable(f"not a ZIP file that can be read: {shown(wrong)}") from None
        if len(self.infos) > MOST_MEMBERS:
            raise Unusable(f"{len(self.infos)} members are more than this program holds")
        self.members = {info.orig_filename: info for info in self.infos}
        self.tile_kept: tuple[int, list[bytes]] = (-1, [])
        self.header: dict[str, Any] = {}

    def names(self, prefix: str) -> list[str]:
        return sorted(name for name in self.members if name.startswith(prefix))

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield a member's bytes; raises Refuted when they are not all of what the directory says they are."""
        info = self.members[name]
        try:
            yield from inflated(self.file, info)
        except (OSError, zlib.error, struct.error) as wrong:
            raise Refuted(f"{name} is damaged: {wrong}") from None

    def read(self, name: str, most: int = MOST_DOCUMENT) -> bytes:
        if self.members[name].file_size > most:
            raise Unusable(f"{name} is larger than the {most} bytes that this program holds")
        return b"".join(self.chunks(name))

    def blocks(self, name: str) -> Iterator[tuple[int, bytes]]:
        """Yield whole lines of a member, some at a time, with the number of the first of them (from 1)."""
        number, rest = 1, b""
        for chunk in self.chunks(name):
            lines, ended, after = (rest + chunk).rpartition(b"\n")
            if ended:
                yield number, lines
                number += lines.count(b"\n") + 1
            rest = after
            if len(rest) > MOST_LINE:
                raise Unusable(f"line {number} of {name} is longer than the {MOST_LINE} bytes that this program holds")
        if rest:
            raise Refuted(f"the last line of {name} is cut off")

    def tile(self, number: int) -> list[bytes]:
        """Return the leaves of one tile; raises Refuted when there are not as many as the size of the log demands."""
        if self.tile_kept[0] != number:
            width = min(TILE, self.header["size"] - number * TILE)
            data = self.read(tile_name(number, width), TILE * 65537)
            self.tile_kept = (number, list(entries(data, number, width)))
        return self.tile_kept[1]


def inflated(file: BinaryIO, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the bytes of one member, and see that there is nothing before, between or behind them."""
    file.seek(info.header_offset)
    head = LOCAL.unpack(file.read(LOCAL.size))
    place = info.header_offset + LOCAL.size + head[9] + head[10]
    left, total, crc = info.compress_size, 0, 0
    inflate = zlib.decompressobj(-15) if info.compress_type == zipfile.ZIP_DEFLATED else None
    raw = b""
    while True:
        if not raw and left:
            file.seek(place)  # between two pieces other members may be read
            raw = file.read(min(left, CHUNK >> 2))
            place, left = place + len(raw), left - len(raw)
            if not raw:
                raise OSError("the file ends in the middle of it")
        out, raw = (inflate.decompress(raw, CHUNK), inflate.unconsumed_tail) if inflate else (raw, b"")
        total, crc = total + len(out), zlib.crc32(out, crc)
        if total > info.file_size:
            raise OSError("it is longer than the directory says")
        if out:
            yield out
        elif not raw and not left:
            break
    if inflate and inflate.unused_data:
        raise OSError("there are bytes behind its compressed data")
    if inflate and not inflate.eof:
        raise OSError("its compressed data does not end")
    if total != info.file_size or crc != info.CRC:
        raise OSError("size or CRC-32 are not those of the directory")


def tile_name(number: int, width: int = TILE) -> str:
    """Return the member with the entries of a tile: number 1234067 is ``x001/x234/067``."""
    digits = f"{number:03d}"
    digits = digits.rjust(-(-len(digits) // 3) * 3, "0")
    groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    path = "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
    return f"tile/entries/{path}" + (f".p/{width}" if width < TILE else "")


def entries(data: bytes, number: int, width: int) -> Iterator[bytes]:
    """Yield the leaves of a tile, each behind its length."""
    at, count = 0, 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 2], "big")
        leaf = data[at + 2 : at + 2 + size]
        if len(leaf) != size or at + 2 > len(data):
            break
        at, count = at + 2 + size, count + 1
        yield leaf
    if at != len(data) or count != width:
        raise Refuted(f"{tile_name(number, width)} does not hold {width} entries exactly", seq=number * TILE + count)


def check_container(bundle: Bundle) -> str:
    """Check the members' names, that the ZIP file holds nothing beside them, and the header.

    What is no bundle at all is Unusable, a bundle that is not as it must be is Refuted.
    """
    if "bundle.json" not in bundle.members:
        raise Unusable("not a bundle: it has no bundle.json")
    layout: Refuted | None = None
    try:
        check_layout(bundle)
    except Refuted as wrong:
        layout = wrong
    try:
        header = parsed(bundle.read("bundle.json", CHUNK))
    except (ValueError, Refuted) as wrong:
        raise layout or Refuted(f"bundle.json: {wrong.args[0]}") from None
    if not isinstance(header, dict) or header.get("format") != BUNDLE_FORMAT:
        raise Unusable(f"not a bundle of format {BUNDLE_FORMAT}")
    if layout:
        raise layout
    check_header(header)
    bundle.header = header
    check_members(bundle)
    for name in [*bundle.names("README.txt"), *bundle.names("timestamps/")]:
        for _ in bundle.chunks(name):
            pass  # nothing in it is looked at here, but it has to be whole as every other member
    return f"{len(bundle.infos)} members and nothing beside them, {bundle.size:,} bytes"


def check_layout(bundle: Bundle) -> None:
    """Check that members lie one after the other from the first byte on, each described twice in the same way."""
    at = 0
    for info in sorted(bundle.infos, key=lambda info: info.header_offset):
        name = info.orig_filename
        if not MEMBER.fullmatch(name):
            raise Refuted(f"a member called {shown(name, 80)} does not belong in a bundle")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or info.flag_bits & ~FLAGS:
            raise Refuted(f"{name} is encrypted, or neither stored nor deflated")
        if info.file_size > MOST_RATIO * (info.compress_size + 1):
            raise Refuted(f"{name} claims to be larger than its data can be")
        if info.header_offset != at:
            raise Refuted(f"before {name} lie bytes that belong to no member, or members overlap")
        try:
            at = end_of_member(bundle.file, info)
        except (OSError, struct.error):
            raise Refuted(f"{name} is damaged: its local header is not there") from None
    if len(bundle.members) != len(bundle.infos):
        doubled = Counter(info.orig_filename for info in bundle.infos).most_common(1)[0][0]
        raise Refuted(f"there are two members called {doubled}")
    check_end(bundle, at)


def end_of_member(file: BinaryIO, info: zipfile.ZipInfo) -> int:
    """Return where a member ends; raises Refuted where its local header does not say what the directory says."""
    file.seek(info.header_offset)
    signature, version, flags, method, time, date, crc, packed, size, name_length, extra_length = LOCAL.unpack(
        file.read(LOCAL.size)
    )
    name, extra = file.read(name_length), file.read(extra_length)
    y, month, day, hour, minute, second = info.date_time
    said_twice = (
        (signature, b"PK\x03\x04"),
        (flags, info.flag_bits),
        (method, info.compress_type),
        (time, hour << 11 | minute << 5 | second // 2),
        (date, (y - 1980) << 9 | month << 5 | day),
        (name, info.orig_filename.encode()),
        (version >= 20 or version == 10, True),
    )
    behind = bool(info.flag_bits & 8)
    here = (0, 0, 0) if behind else (info.CRC, info.compress_size, info.file_size)
    if extra:
        sizes_fit = extra == struct.pack("<HHQQ", 1, 16, here[2], here[1]) and packed == size == 0xFFFFFFFF
    else:
        sizes_fit = (packed, size) == here[1:]
    if any(one != other for one, other in said_twice) or not sizes_fit or crc != here[0] or info.comment:
        raise Refuted(f"{info.orig_filename} is described in two ways")
    end: int = file.tell() + info.compress_size
    return end + len_of_descriptor(file, end, info) if behind else end


def len_of_descriptor(file: BinaryIO, at: int, info: zipfile.ZipInfo) -> int:
    file.seek(at)
    found = file.read(24)
    for form in ("<4sLLL", "<4sLQQ"):
        try:
            wanted = struct.pack(form, b"PK\x07\x08", info.CRC, info.compress_size, info.file_size)
        except struct.error:
            continue
        if found.startswith(wanted):
            return len(wanted)
    raise Refuted(f"{info.orig_filename} is described in two ways")


def extra_of(entry: bytes, info: zipfile.ZipInfo) -> bytes:
    """Return the extra field of a directory's entry: ZIP64's with what does not fit into four bytes, and only that."""
    packed, size = struct.unpack_from("<2L", entry, 20)
    (offset,) = struct.unpack_from("<L", entry, 42)
    told = ((size, info.file_size), (packed, info.compress_size), (offset, info.header_offset))
    large = [true for said, true in told if said == 0xFFFFFFFF]
    return struct.pack(f"<2H{len(large)}Q", 1, 8 * len(large), *large) if large else b""


def check_end(bundle: Bundle, at: int) -> None:
    """Check that the directory begins where the last member ends, and that the file ends where the directory does."""
    end = at
    for info in bundle.infos:
        bundle.file.seek(end)
        entry = bundle.file.read(46)
        lengths = len(info.orig_filename.encode()), len(info.extra), len(info.comment)
        if entry[28:34] != struct.pack("<3H", *lengths):
            raise Refuted("the directory of the ZIP file is not where it must be")
        if info.extra != extra_of(entry, info):
            raise Refuted(f"{info.orig_filename} has an extra field")
        end += 46 + sum(lengths)
    count, size = len(bundle.infos), end - at
    bundle.file.seek(end)
    tail = bundle.file.read(200)
    large = tail.startswith(b"PK\x06\x06")
    if large:
        record, tail = tail[:76], tail[76:]
        wanted = struct.pack("<2L4Q4sLQL", 0, 0, count, count, size, at, b"PK\x06\x07", 0, end, 1)
        if record[4:12] != struct.pack("<Q", 44) or record[16:] != wanted:
            raise Refuted("the end of the ZIP file is not as it must be")
    try:
        signature, disk, first, here, total, length, offset, comment = struct.unpack("<4s4H2LH", tail)
    except struct.error:
        raise Refuted("there are bytes behind the bundle, or between its members and its directory") from None
    fits = signature == b"PK\x05\x06" and disk == first == comment == 0 and here == total
    for said, true, most in ((total, count, 0xFFFF), (length, size, 0xFFFFFFFF), (offset, at, 0xFFFFFFFF)):
        fits = fits and (said == true or (large and said == most))
    if not fits:
        raise Refuted("the end of the ZIP file is not as it must be")


HEADER = ["at", "cases", "format", "made_at", "origin", "size", "state_size", "tables"]
SAMPLE = ["checkpoint", "count", "drawn", "order", "population", "table"]
DECISION, ORDERED = "evidence_decision", b"bundle.sampled"
MOST_DRAWN = 10_000
DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


def is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 10**12


def check_header(header: dict[str, Any]) -> None:
    if sorted(header.keys() - {"sample"}) != HEADER:
        raise Refuted("bundle.json does not have the keys of a header, or has others")
    if not is_count(header["size"]) or not is_count(header["state_size"]) or header["state_size"] > header["size"]:
        raise Refuted("bundle.json: size and state_size are not sizes, or the state is newer than the log")
    cases, tables = header["cases"], header["tables"]
    if not isinstance(cases, list) or not all(isinstance(slug, str) for slug in cases) or len({*cases}) != len(cases):
        raise Refuted("bundle.json: cases are not names, each once")
    if not isinstance(tables, dict) or not all(isinstance(column, str) for column in tables.values()):
        raise Refuted("bundle.json: tables are not named with their key columns")
    for name in ("made_at", "at"):
        try:
            if name == "made_at" or header[name] is not None:
                moment_of(header[name])
        except (TypeError, ValueError, OverflowError):
            raise Refuted(f"bundle.json: {name} is no moment") from None
    if not isinstance(header["origin"], str):
        raise Refuted("bundle.json: origin is no text")
    if "sample" in header and not is_sample(header["sample"], header["size"]):
        raise Refuted("bundle.json: sample is not what a sample says of itself")


def is_sample(sample: Any, size: int) -> bool:
    """Tell whether it has the form of what a header says of a sample."""
    if not isinstance(sample, dict) or sorted(sample) != SAMPLE or sample["table"] != DECISION:
        return False
    if not all(is_count(sample[name]) for name in ("order", "checkpoint", "count", "population")):
        return False
    if not sample["order"] < sample["checkpoint"] <= size or not 1 <= sample["count"] <= MOST_DRAWN:
        return False
    drawn = sample["drawn"]
    if not isinstance(drawn, list) or not all(isinstance(key, str) and DECIMAL.fullmatch(key) for key in drawn):
        return False
    return all(int(one) < int(other) for one, other in zip(drawn, drawn[1:]))


def check_members(bundle: Bundle) -> None:
    """Check that the members are those that the header speaks of: no tile, table or case is missing or left over."""
    header = bundle.header
    full, rest = divmod(header["size"], TILE)
    if full + bool(rest) > len(bundle.members):
        raise Refuted("tiles of the log are missing", seq=None)
    wanted = {*ALWAYS_THERE, *(tile_name(number) for number in range(full))}
    wanted |= {tile_name(full, rest)} if rest else set()
    wanted |= {f"state/{table}.jsonl" for table in header["tables"]}
    wanted |= {f"cases/{slug}.json" for slug in header["cases"]}
    missing = sorted(wanted - bundle.members.keys())
    if missing:
        raise Refuted(f"{shown(missing[0], 100)} is missing")
    for name in sorted(bundle.members.keys() - wanted):
        if name.startswith(("tile/", "state/", "cases/")):
            raise Refuted(f"{name} is not among what bundle.json says is here")
        if name.startswith(("checkpoints/", "timestamps/")) and int(name.split("/")[1][:12]) > header["size"]:
            raise Refuted(f"{name} is later than the bundle says it is complete")


# ---------------------------------------------------------------------------------------------------------------------
# 7. Leaves.

APP, INSERT, UPDATE, DELETE, BASELINE, SHAPE = range(6)
ROW_KINDS = {b"insert": INSERT, b"update": UPDATE, b"delete": DELETE, b"baseline": BASELINE, b"shape": SHAPE}
MOMENT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z"
NUMBER, XID = "0|[1-9][0-9]{0,15}", "0|[1-9][0-9]{0,19}"
KIND = r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)?"
OBJECT = r'(?:[!#-\[\]-~]|\\["\\]){1,200}'  # printable, without space; quotation mark and backslash escaped
LEAF = re.compile(
    (
        rf'\{{"at":"({MOMENT})","fields":"([0-9a-f]{{64}})","id":({NUMBER}),"kind":"({KIND})","n":({NUMBER}),'
        rf'"object":"({OBJECT})","seq":({NUMBER}),"source":"(row|app)","v":1,"version":({NUMBER}),"xid":"({XID})"\}}'
    ).encode()
)
ROW_OBJECT = re.compile(rb"([a-z_][a-z0-9_]*)/(.+)")
KEY_CHANGES = {b"trail.key_announced": "announced", b"trail.key_retired": "retired"}
APP_OBJECT = re.compile(rb"[a-z][a-z0-9_]*:.+")
SHAPE_OBJECT = re.compile(rb"[a-z_][a-z0-9_]*")


class Leaf(NamedTuple):
    """A leaf that has the canonical form; ``kind`` is one of APP to SHAPE."""

    at: str
    fields: bytes
    id: int
    kind: int
    n: int
    object: bytes
    version: int
    xid: int
    name: bytes  # of its kind, as it stands there


def leaf_of(data: bytes, seq: int) -> Leaf:
    """Parse a leaf and see that it is the event number ``seq``; raises Refuted."""
    found = LEAF.fullmatch(data)
    if found is None or len(data) > 65535:
        raise Refuted("the leaf does not have the canonical form", seq=seq)
    at, fields, number, kind_name, n, named, own_seq, source, version, xid = found.groups()
    kind = ROW_KINDS.get(kind_name, -1) if source == b"row" else APP
    form = ROW_OBJECT if kind in (INSERT, UPDATE, DELETE, BASELINE) else SHAPE_OBJECT if kind == SHAPE else APP_OBJECT
    if b"\\" in named:
        named = re.sub(rb"\\(.)", rb"\1", named)
    if kind == -1 or (kind == APP) != (b"." in kind_name) or not form.fullmatch(named):
        raise Refuted("the leaf's source, kind and object do not fit each other", seq=seq, object=named.decode())
    if any(int(each) >= 1 << 53 for each in (number, n, version)):
        raise Refuted("the leaf has a number beyond 2^53", seq=seq, object=named.decode())
    if int(own_seq) != seq:
        raise Refuted(f"the leaf says that it is number {int(own_seq)}", seq=seq, object=named.decode())
    moment = at.decode()
    try:
        datetime.fromisoformat(moment[:-1])
    except ValueError:
        raise Refuted(f"{moment} is no moment", seq=seq, object=named.decode()) from None
    return Leaf(moment, fields, int(number), kind, int(n), named, int(version), int(xid), kind_name)


class Bound(NamedTuple):
    """Of the events below ``end``: the times between which a witness has seen that they were recorded."""

    end: int
    not_before: str
    not_after: str


AFTER = "it says {}, after a witness had seen it"


class LeafBlock(NamedTuple):
    """What a worker found in some tiles: hashes for the tree, and of each leaf what the checks in order need."""

    roots: list[bytes]
    prefixes: dict[int, bytes]
    leaves: list[tuple[bytes, int, int, int, int]]  # object, version, kind, xid, id
    late: list[int]
    key_changes: list[tuple[int, bytes]]  # seq and object of events that change the log's keys
    orders: list[tuple[int, bytes]]  # likewise, that order samples
    wrong: Refuted | None
    wrong_time: Refuted | None


def leaf_block(task: tuple[range, list[int], list[Bound]]) -> LeafBlock:
    """Hash and parse the leaves of some tiles. ``sizes`` of the task: where in them a checkpoint ends."""
    tiles, sizes, bounds = task
    bundle = opened()
    block = LeafBlock([], {}, [], [], [], [], None, None)
    try:
        for number in tiles:
            leaves = bundle.tile(number)
            first = number * TILE
            hashes = [sha256(b"\x00" + leaf).digest() for leaf in leaves]
            block.roots.append(root_of(hashes))
            for size in sizes:
                if first < size <= first + len(leaves):
                    block.prefixes[size] = root_of(hashes[: size - first])
            if block.wrong is None:
                wrong, wrong_time = read_leaves(leaves, first, bounds, block)
                block = block._replace(wrong=wrong, wrong_time=block.wrong_time or wrong_time)
    except Refuted as wrong:
        return block._replace(wrong=block.wrong or wrong)
    return block


def read_leaves(
    leaves: list[bytes], first: int, bounds: list[Bound], block: LeafBlock
) -> tuple[Refuted | None, Refuted | None]:
    """Parse leaves into ``block``; return, and do not raise, what is wrong first with the form of one and a time.

    Whatever is wrong, the tree goes on.
    """
    place = 0
    wrong_time: Refuted | None = None
    try:
        for seq, data in enumerate(leaves, first):
            leaf = leaf_of(data, seq)
            block.leaves.append((leaf.object, leaf.version, leaf.kind, leaf.xid, leaf.id))
            if leaf.name in KEY_CHANGES:
                block.key_changes.append((seq, leaf.object))
            elif leaf.name == ORDERED:
                block.orders.append((seq, leaf.object))
            while place < len(bounds) and bounds[place].end <= seq:
                place += 1
            if place < len(bounds):
                if leaf.at < bounds[place].not_before:
                    block.late.append(seq)
                elif leaf.at > bounds[place].not_after and wrong_time is None:
                    wrong_time = Refuted(AFTER.format(leaf.at), seq=seq, object=leaf.object.decode())
    except Refuted as wrong:
        return wrong, wrong_time
    return None, wrong_time


# ---------------------------------------------------------------------------------------------------------------------
# 8. Fields.

FIELD = b"dcase-audit/field/v1\x00"
FIELDS = b"dcase-audit/fields/v1\x00"
SALTS = re.compile(r"(?:[A-Za-z0-9_-]{21}[AQgw]AA)*")
CONTEXT = re.compile(r"(?:context|db)\.[!-~]{1,200}")
ROW_FIELD = re.compile(r"row\.[!-~]{1,200}")
PAYLOAD = re.compile(r"payload\.[!-~]{1,200}")
PLAIN = re.compile(
    rb'(?:(?:null|true|false|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|"[^"\\\x00-\x1f]*")\n)*'
)


class Plan(NamedTuple):
    """What follows from an event's kind and the names of its fields alone."""

    prefixes: tuple[bytes, ...]  # each name behind its length, as it is hashed
    columns: tuple[tuple[int, bytes], ...]  # of row.*: the field's place and `"name": `, in the order of a printed row
    places: dict[str, int]


@lru_cache(maxsize=4096)
def plan_of(kind: int, names: tuple[str, ...]) -> Plan:
    """Check the names of an event's fields against its kind; raises ValueError."""
    if list(names) != sorted(set(names)) or not all(name.isascii() for name in names):
        raise ValueError("the names of its fields are not ASCII, in order and each once")
    own = PAYLOAD if kind == APP else re.compile(r"shape\.columns") if kind == SHAPE else ROW_FIELD
    columns = [name for name in names if own.fullmatch(name)]
    for name in names:
        if not own.fullmatch(name) and not CONTEXT.fullmatch(name) and name != "before":
            raise ValueError(f"an event of its kind has no field {shown(name, 80)}")
    if kind != APP and not columns:
        raise ValueError("it has no field that says what happened")
    if ("before" in names) != (kind in (UPDATE, DELETE)):
        raise ValueError("it has to have a field before, or must not")
    places = {name: place for place, name in enumerate(names)}
    in_row = sorted((name[4:] for name in columns), key=lambda name: (len(name), name)) if own is ROW_FIELD else []
    return Plan(
        tuple(struct.pack(">H", len(name)) + name.encode() for name in names),
        tuple((places[f"row.{name}"], f"{json.dumps(name)}: ".encode()) for name in in_row),
        places,
    )


class Opened(NamedTuple):
    """The fields of an event, proven to be those of its leaf. ``texts``: None where a field is closed."""

    plan: Plan
    names: tuple[str, ...]
    texts: list[bytes | None]

    def text(self, name: str) -> bytes | None:
        """Return a field's text; None where there is none or it is closed."""
        place = self.plan.places.get(name)
        return None if place is None else self.texts[place]

    def row(self) -> bytes | None:
        """Return the row as printed, or None where a column is closed."""
        texts = self.texts
        if None in texts and any(texts[place] is None for place, _ in self.plan.columns):
            return None
        return b"{" + b", ".join([name + texts[place] for place, name in self.plan.columns]) + b"}"  # type: ignore[operator]


def open_fields(leaf: Leaf, fields: Any) -> Opened:
    """Check the fields of a disclosure against the leaf; a ValueError or TypeError says what is wrong.

    Most of the time of a verification is spent here, a microsecond and a half for each field.
    """
    if type(fields) is not list or len(fields) != leaf.n or not set(map(type, fields)) <= {list}:
        raise ValueError(f"its fields are not a list of {leaf.n}")
    lengths = set(map(len, fields))
    if not lengths <= {2, 3}:
        raise ValueError("a field is neither name, salt and text nor name and commitment")
    names = tuple([each[0] for each in fields])
    plan = plan_of(leaf.kind, names)
    still_open = fields if 2 not in lengths else [each for each in fields if len(each) == 3]
    texts: list[Any] = [each[2].encode() for each in still_open]
    salts = salts_of([each[1] for each in still_open])
    if still_open is fields:
        parts = zip(salts, plan.prefixes, texts)
        commitments = [sha256(FIELD + salt + prefix + text).digest() for salt, prefix, text in parts]
        every = texts
    else:
        opened_ones = iter(zip(salts, texts))
        every, commitments = [], []
        for each, prefix in zip(fields, plan.prefixes):
            salt, text = next(opened_ones) if len(each) == 3 else (b"", None)
            every.append(text)
            commitments.append(commitment_of(each) if text is None else sha256(FIELD + salt + prefix + text).digest())
    if sha256(FIELDS + b"".join(commitments)).hexdigest().encode() != leaf.fields:
        raise ValueError("its fields are not those that were recorded")
    check_texts(texts)
    return Opened(plan, names, every)


def commitment_of(closed: list[str]) -> bytes:
    if not HEX.fullmatch(closed[1]):
        raise ValueError(f"the commitment of {shown(closed[0], 80)} is not 64 hexadecimal digits")
    return bytes.fromhex(closed[1])


@lru_cache(maxsize=256)
def salts_in(count: int) -> struct.Struct:
    return struct.Struct("16s2x" * count)


def salts_of(spelt_salts: list[str]) -> tuple[bytes, ...]:
    """Decode salts, 16 bytes each in base64url without padding and in its one spelling, all at once."""
    joined = "AA".join([*spelt_salts, ""])
    if not set(map(len, spelt_salts)) <= {22} or not SALTS.fullmatch(joined):
        raise ValueError("a salt is not 16 bytes in base64url")
    data = binascii.a2b_base64(joined.replace("-", "+").replace("_", "/"))
    return salts_in(len(spelt_salts)).unpack(data)


def check_texts(texts: list[bytes]) -> None:
    """See that every text is JSON; most are plain and go through one expression together."""
    lines = b"\n".join([*texts, b""])
    if lines.count(b"\n") != len(texts) or not PLAIN.fullmatch(lines):
        for text in texts:
            try:
                parsed(text, TEXT)
            except ValueError as wrong:
                raise ValueError(f"a text is not JSON: {wrong}") from None


Columns = dict[
    str, Optional[str]
]  # of a row event of which some columns are closed: their texts by name, None where closed


class RowEvent(NamedTuple):
    """A disclosed row event. ``row``: the SHA-256 of the row as printed, None where a column is closed."""

    seq: int
    object: bytes
    version: int
    kind: int
    row: bytes | None
    before: bytes | None
    partial: Columns | None  # where some columns are closed


class Statement(NamedTuple):
    """A disclosed event that changes the log's keys: its kind, its object, and what they state, None where closed."""

    kind: str
    object: bytes
    note: bytes | None


class DisclosedBlock(NamedTuple):
    rows: list[RowEvent]
    statements: dict[int, Statement]
    ordered: dict[int, bytes | None]  # by seq, how many an event asks for that orders a sample; None where it is closed
    events: int
    first: int
    last: int
    closed: int
    clocked: int
    wrong: Refuted | None


def disclosed_block(task: tuple[int, bytes]) -> DisclosedBlock:
    """Check some lines of disclosures against the leaves."""
    number, lines = task
    bundle = opened()
    rows: list[RowEvent] = []
    statements: dict[int, Statement] = {}
    ordered: dict[int, bytes | None] = {}
    events = closed = clocked = 0
    first = last = -1
    wrong: Refuted | None = None
    for line in lines.split(b"\n"):
        seq: int | None = None
        named: str | None = None
        try:
            disclosure = parsed(line)
            if type(disclosure) is not dict or disclosure.keys() != {"seq", "fields"}:
                raise ValueError("not a disclosure")
            if not is_count(disclosure["seq"]) or disclosure["seq"] >= bundle.header["size"]:
                raise ValueError("its seq is not that of a record")
            seq = disclosure["seq"]
            if seq <= last:
                raise ValueError("disclosures do not ascend")
            leaf = leaf_of(bundle.tile(seq // TILE)[seq % TILE], seq)
            named = leaf.object.decode()
            event = open_fields(leaf, disclosure["fields"])
            if leaf.kind in (INSERT, UPDATE, DELETE, BASELINE):
                rows.append(row_event(seq, leaf, event, bundle.header["tables"]))
            if leaf.name in KEY_CHANGES:
                statements[seq] = Statement(KEY_CHANGES[leaf.name], leaf.object, event.text("payload.note"))
            if leaf.name == ORDERED:
                ordered[seq] = event.text("payload.count")
            closed += event.texts.count(None)
            clocked += "context.clock" in event.plan.places
        except Refuted as refuted:
            wrong = refuted
            break
        except (ValueError, TypeError, AttributeError) as error:
            where = f"line {number + events} of disclosures.jsonl: " if seq is None else ""
            wrong = Refuted(where + shown(error), seq=seq, object=named)
            break
        events, first, last = events + 1, first if events else seq, seq
    return DisclosedBlock(rows, statements, ordered, events, first, last, closed, clocked, wrong)


def row_event(seq: int, leaf: Leaf, event: Opened, tables: dict[str, str]) -> RowEvent:
    """Return what the chain needs of a row event, after its own fields were held against each other."""
    row = event.row()
    digest = None if row is None else sha256(row).digest()
    text = event.text("before")
    if text is not None and not re.fullmatch(rb'"[0-9a-f]{64}"', text):
        raise ValueError("before is not a SHA-256")
    before = None if text is None else bytes.fromhex(text[1:-1].decode())
    if leaf.kind == DELETE and digest is not None and before is not None and before != digest:
        raise ValueError("it deletes another row than the one that it shows")
    table, _, key = leaf.object.partition(b"/")
    column = tables.get(table.decode())
    key_text = event.text(f"row.{column}")
    if column is not None and f"row.{column}" not in event.plan.places:
        raise ValueError(f"it has no field row.{shown(column, 80)}, which is the key")
    if key_text is not None and key_said(key_text) != key:
        raise ValueError("its key is not that of the object")
    partial = None
    if digest is None:
        columns = [(name[4:], text) for name, text in zip(event.names, event.texts) if name.startswith("row.")]
        partial = {name: None if text is None else text.decode() for name, text in columns}
    return RowEvent(seq, leaf.object, leaf.version, leaf.kind, digest, before, partial)


def key_said(text: bytes) -> bytes:
    """Return a key as an object's name has it: a text without its quotation marks, a number as it is."""
    said = parsed(text, TEXT) if text.startswith(b'"') else text.decode()
    return str(said).encode()


# ---------------------------------------------------------------------------------------------------------------------
# 9. Workers. Tiles and lines are checked by as many processes as there are processors; results come back in order.

_opened: Bundle | None = None


def opened() -> Bundle:
    """Return this process's own view of the bundle."""
    assert _opened is not None
    return _opened


def open_in_worker(path: str, header: dict[str, Any]) -> None:
    use(Bundle(path, Path(path).open("rb")), header)  # noqa: SIM115


def use(bundle: Bundle, header: dict[str, Any]) -> None:
    global _opened
    bundle.header = header
    _opened = bundle


class Workers:
    """Does work in order, in this process or, for a large bundle, in several."""

    def __init__(self, bundle: Bundle, jobs: int) -> None:
        use(bundle, bundle.header)
        self.jobs, self.pool = jobs, None
        if jobs > 1:
            method = (
                "fork" if "fork" in multiprocessing.get_all_start_methods() and sys.platform != "darwin" else "spawn"
            )
            self.pool = ProcessPoolExecutor(
                jobs, multiprocessing.get_context(method), open_in_worker, (bundle.path, bundle.header)
            )

    def map(self, work: Callable[[Any], Any], tasks: Iterable[Any]) -> Iterator[Any]:
        """Yield the result of each task in order; only a few are under way at any time, so that memory stays small."""
        if self.pool is None:
            yield from map(work, tasks)
            return
        under_way: deque[Any] = deque()
        for task in tasks:
            under_way.append(self.pool.submit(work, task))
            if len(under_way) > 2 * self.jobs:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()

    def stop(self) -> None:
        if self.pool is not None:
            self.pool.shutdown(wait=True)


# ---------------------------------------------------------------------------------------------------------------------
# 10. The report: each check ends as ok, refuted or not checked, and says why.

OK, REFUTED, NOT_CHECKED = "ok", "refuted", "not checked"
CHECKS = {
    "container": "Container",
    "checkpoint": "Checkpoint",
    "known_checkpoints": "Known checkpoints",
    "leaves": "Leaves",
    "records": "Each leaf",
    "times": "Times",
    "disclosures": "Disclosures",
    "keys": "Keys",
    "chains": "Chains",
    "state": "State",
    "files": "Files",
    "cases": "Cases",
    "timestamps": "Timestamps",
    "sample": "Sample",
    "inclusion": "Inclusion",
    "fields": "Fields",
}


BUNDLE_CHECKS = list(CHECKS)[:13]  # and, of a sampled bundle, that of its sample


@dataclass
class Report:
    """What was found. ``checks`` keeps the order in which they were made."""

    kind: str = ""
    name: str = ""
    digest: str = ""
    problem: str = ""
    log: dict[str, Any] = field(default_factory=dict)
    checks: dict[str, tuple[str, str]] = field(default_factory=dict)
    refutations: dict[str, Refuted] = field(default_factory=dict)
    tables: dict[str, dict[str, int]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    disposed: list[dict[str, str]] = field(default_factory=list)
    sample: dict[str, Any] | None = None
    receipt: dict[str, Any] | None = None

    def attempt(self, check: str, work: Callable[[], str], *needs: str) -> bool:
        """Make a check whose outcome is ok unless it raises; ``needs`` names the checks that must have been ok."""
        lacking = [need for need in needs if self.checks.get(need, (NOT_CHECKED, ""))[0] != OK]
        try:
            if lacking:
                how = "refuted" if lacking[0] in self.refutations else "not checked"
                raise NotChecked(f"because what it rests on ({CHECKS[lacking[0]].lower()}) was {how}")
            self.checks[check] = (OK, work())
        except Refuted as wrong:
            self.refutations[check] = wrong
            self.checks[check] = (REFUTED, wrong.why)
        except NotChecked as reason:
            self.checks[check] = (NOT_CHECKED, str(reason))
        return self.checks[check][0] == OK

    def verdict(self) -> str:
        return "unusable" if self.problem else "refuted" if self.refutations else "verified"

    def status(self) -> int:
        return {"verified": 0, "refuted": 1, "unusable": 2}[self.verdict()]

    def first_bad(self) -> dict[str, Any] | None:
        """Return the bad record with the lowest seq; where there is none, the lowest checkpoint, else the check."""
        if not self.refutations:
            return None

        def order(each: tuple[str, Refuted]) -> tuple[bool, int, bool, int]:
            wrong = each[1]
            return wrong.seq is None, wrong.seq or 0, wrong.checkpoint is None, wrong.checkpoint or 0

        check, wrong = min(self.refutations.items(), key=order)
        return {
            "check": check,
            "seq": wrong.seq,
            "object": wrong.object,
            "checkpoint": wrong.checkpoint,
            "why": wrong.why,
        }


# ---------------------------------------------------------------------------------------------------------------------
# 11. The checks of a bundle.


class Life(NamedTuple):
    """Where an object stands after some of its events."""

    seq: int
    version: int
    alive: bool


def packed(seq: int, version: int, alive: bool) -> int:
    """Return a Life as one number: there may be a million of them."""
    return seq << 54 | version << 1 | alive


def unpacked(number: int) -> Life:
    return Life(number >> 54, number >> 1 & (1 << 53) - 1, bool(number & 1))


ROW = struct.Struct(
    ">QQ?B"
)  # of an object's last disclosed event: seq, version, alive, whether a hash of the row follows


@dataclass
class Examination:
    """The checks of one bundle, in order, and what one leaves for the next."""

    bundle: Bundle
    policy: Policy
    known: list[tuple[str, Checkpoint]]
    certificates: str | None
    jobs: int
    report: Report
    checkpoint: Checkpoint = field(init=False)
    earlier: dict[int, Checkpoint] = field(default_factory=dict)
    witnessed: dict[int, Witnessed] = field(default_factory=dict)
    roots: dict[int, bytes] = field(default_factory=lambda: {0: EMPTY_ROOT})
    lives: dict[bytes, int] = field(default_factory=dict)  # after the events that the state shows
    rows: dict[bytes, bytes] = field(default_factory=dict)  # likewise, of the disclosed events
    partial: dict[bytes, tuple[int, Columns]] = field(default_factory=dict)
    wrong: dict[str, Refuted] = field(default_factory=dict)
    key_changes: list[tuple[int, bytes]] = field(default_factory=list)
    statements: dict[int, Statement] = field(default_factory=dict)
    orders: list[tuple[int, bytes]] = field(default_factory=list)
    ordered: dict[int, bytes | None] = field(default_factory=dict)
    begun: dict[bytes, int] = field(default_factory=dict)  # by decision, the event that it began with
    retouched: list[tuple[int, bytes]] = field(default_factory=list)  # seq and object of later changes of decisions
    withheld: dict[str, str] = field(default_factory=dict)
    shown_rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)

    def run(self) -> None:
        """Make every check that can be made; what is refuted leaves those that rest on it unchecked."""
        report = self.report
        if report.attempt("container", lambda: check_container(self.bundle)):
            large = self.bundle.header["size"] > 20_000 or self.bundle.size > 1 << 25
            self.workers = Workers(self.bundle, self.jobs if large else 1)
            try:
                if report.attempt("checkpoint", self.read_checkpoint):
                    self.make_checks()
            finally:
                self.workers.stop()
        rests_on = CHECKS[list(report.checks)[-1]].lower()
        for check in BUNDLE_CHECKS + (["sample"] if "sample" in self.bundle.header else []):
            because = f"because what it rests on ({rests_on}) was refuted"
            report.checks.setdefault(check, (NOT_CHECKED, because))

    def make_checks(self) -> None:
        report = self.report
        report.attempt("checkpoint", self.check_checkpoint)
        signatures = self.judge_earlier()
        self.read_leaves()
        report.attempt("known_checkpoints", self.check_known)
        report.attempt("leaves", lambda: self.check_leaves(signatures))
        report.attempt("records", self.check_records)
        report.attempt("times", self.check_times, "records")
        report.attempt("disclosures", self.check_disclosures, "records")
        report.attempt("keys", self.check_keys, "records", "disclosures")
        report.attempt("chains", self.check_chains, "records", "disclosures")
        report.attempt("state", self.check_state, "records", "disclosures")
        report.attempt("files", self.check_files, "state")
        report.attempt("cases", self.check_cases, "state")
        report.attempt("timestamps", self.check_timestamps)
        if "sample" in self.bundle.header:
            needs = ("checkpoint", "leaves", "records", "disclosures", "state", "files")
            report.attempt("sample", self.check_sample, *needs)

    def read_checkpoint(self) -> str:
        self.checkpoint = checkpoint_of(self.bundle.read("checkpoint", MOST_NOTE))
        return "a checkpoint"

    # Section 4.2
    def check_checkpoint(self) -> str:
        header, checkpoint = self.bundle.header, self.checkpoint
        try:
            self.report.log.update(origin=checkpoint.origin, complete_up_to=checkpoint.size)
            if checkpoint.origin != header["origin"]:
                raise Refuted(
                    f"the checkpoint is of {shown(checkpoint.origin)}, the bundle of {shown(header['origin'])}"
                )
            if checkpoint.size != header["size"]:
                raise Refuted(f"the checkpoint is of size {checkpoint.size}, the bundle of size {header['size']}")
            self.witnessed[checkpoint.size] = seen = judged(checkpoint, self.policy)
        except Refuted as wrong:
            raise Refuted(wrong.why, checkpoint=checkpoint.size) from None
        return check_quorum(checkpoint, seen, self.policy, self.report)

    # Section 4.3
    def judge_earlier(self) -> Refuted | None:
        """Read the earlier checkpoints and verify their signatures; return what is wrong with the first bad one."""
        names = self.bundle.names("checkpoints/")
        tasks = ((name, self.policy, self.bundle.header["origin"]) for name in names)
        try:
            for checkpoint, seen in self.workers.map(earlier_checkpoint, tasks):
                self.earlier[checkpoint.size] = checkpoint
                self.witnessed.setdefault(checkpoint.size, seen)
        except Refuted as wrong:
            return wrong
        return None

    def bounds(self) -> list[Bound]:
        """Return between which times the events of each stretch of the log must have been recorded."""
        found, not_before = [], ""
        for size, seen in sorted(self.witnessed.items()):
            if seen.at is None:
                continue
            at = datetime.fromtimestamp(seen.at, timezone.utc)
            found.append(Bound(size, not_before, spelt(at + timedelta(seconds=1) + TOLERANCE)))
            not_before = spelt(at - TOLERANCE)
        return found

    def read_leaves(self) -> None:
        """Go through the leaves once: roots of all checkpoints, form and time of each leaf, versions, lives."""
        tree, order = Growing(), Order(self.bundle.header["state_size"])
        late: list[int] = []
        tasks = self.leaf_tasks()
        for task, found in zip(tasks, self.workers.map(leaf_block, tasks)):
            self.grow(tree, task[0], found)
            late += found.late
            self.key_changes += found.key_changes
            self.orders += found.orders
            if found.wrong_time is not None:
                self.wrong.setdefault("times", found.wrong_time)
            if "records" not in self.wrong:
                order.take(task[0][0] * TILE, found.leaves)
                if order.wrong is not None or found.wrong is not None:
                    self.wrong["records"] = order.wrong or found.wrong
        if order.life_wrong is not None:
            self.wrong["chains"] = order.life_wrong
        self.lives = order.state if order.state is not None else order.last
        self.begun, self.retouched = order.begun, order.retouched
        size = self.bundle.header["size"]
        self.report.counts.update(events=size, recorded_late=len(late), baselines=order.baselines)
        if late:
            self.report.log["first_recorded_late"] = late[0]

    def leaf_tasks(self) -> list[tuple[range, list[int], list[Bound]]]:
        """Cut the log into stretches of sixteen tiles, each with the checkpoints and the bounds that concern it."""
        size = self.bundle.header["size"]
        sizes = sorted({size, *self.earlier, *(known.size for _, known in self.known)})
        tiles, bounds, tasks = range(-(-size // TILE)), self.bounds(), []
        for first in range(0, len(tiles), 16):
            low, high = first * TILE, (first + 16) * TILE
            within = [each for each in bounds if each.end > low]
            last = next((place for place, each in enumerate(within) if each.end >= high), len(within))
            here = [each for each in sizes if low < each <= high]
            tasks.append((tiles[first : first + 16], here, within[: last + 1]))
        return tasks

    def grow(self, tree: Growing, tiles: range, found: LeafBlock) -> None:
        """Add tiles to the tree, and keep its root at the end of each and wherever a checkpoint ends."""
        for number, root in zip(tiles, found.roots):
            end = (number + 1) * TILE
            for size, part in found.prefixes.items():
                if end - TILE < size < end:
                    self.roots[size] = tree.root(part)
            if end <= self.bundle.header["size"]:
                tree.add(root)
                self.roots[end] = tree.root(None)

    def check_leaves(self, signatures: Refuted | None) -> str:
        if signatures is not None:
            raise signatures
        good = 0
        for checkpoint in sorted([*self.earlier.values(), self.checkpoint], key=lambda each: each.size):
            size = checkpoint.size
            if self.roots.get(size) != checkpoint.root:
                why = f"the leaves do not lead to the root of the checkpoint of size {size}"
                if size > good:
                    why += f": what differs lies in the records {good} to {size - 1}"
                raise Refuted(why, checkpoint=size)
            good = size
        others = len(self.earlier.keys() - {self.checkpoint.size})
        seen = sum(each.at is not None for each in self.witnessed.values())
        said = f"the root over {self.checkpoint.size:,} leaves, and those of {others} earlier checkpoints"
        return f"{said}; {seen} in all are witnessed"

    def check_known(self) -> str:
        if not self.known:
            raise NotChecked("because no --known-checkpoint was given: a bundle cannot show that it is the newest")
        for name, known in self.known:
            check_same_log(name, known, self.checkpoint)
            if known.size > self.checkpoint.size:
                why = f"the bundle is old: it goes up to {self.checkpoint.size}, and {shown(name)} up to {known.size}"
                raise Refuted(why, checkpoint=known.size)
            if self.roots.get(known.size) != known.root:
                raise Refuted(f"{shown(name)} is of another history than this bundle", checkpoint=known.size)
        return f"{len(self.known)} known to you, each a prefix of what is here"

    # Section 4.4
    def check_records(self) -> str:
        if "records" in self.wrong:
            raise self.wrong["records"]
        return "canonical, in their place, the events of each object numbered without a gap"

    def check_times(self) -> str:
        if "times" in self.wrong:
            raise self.wrong["times"]
        if not any(each.at is not None for each in self.witnessed.values()):
            raise NotChecked("because no quorum of witnesses saw a checkpoint")
        late = self.report.counts["recorded_late"]
        return "each between those of two witnessed checkpoints" + (f", but for {late:,} recorded late" if late else "")

    # Section 4.5
    def check_disclosures(self) -> str:
        counts = self.report.counts
        chain = Chain(self.bundle.header["state_size"])
        last = -1
        counts.update(disclosed=0, closed_fields=0, set_clock=0)
        for block in self.workers.map(disclosed_block, self.bundle.blocks("disclosures.jsonl")):
            if block.events and block.first <= last:
                raise Refuted("disclosures do not ascend", seq=block.first)
            last = block.last if block.events else last
            counts["disclosed"] += block.events
            counts["closed_fields"] += block.closed
            counts["set_clock"] += block.clocked
            chain.take(block.rows)
            self.statements.update(block.statements)
            self.ordered.update(block.ordered)
            if block.wrong is not None:
                raise block.wrong
        self.rows = chain.state if chain.state is not None else chain.last
        self.partial = chain.partial_state if chain.state is not None else chain.partial
        if chain.wrong is not None:
            self.wrong.setdefault("chains", chain.wrong)
            if (chain.wrong.seq or 0) < (self.wrong["chains"].seq or 0):
                self.wrong["chains"] = chain.wrong
        counts.update(chained=chain.checked, not_chained=chain.unchecked, rebased=chain.rebased)
        counts["not_disclosed"] = self.bundle.header["size"] - counts["disclosed"]
        closed = counts["closed_fields"]
        said = f"{counts['disclosed']:,} events with all their fields"
        return said + (
            f"; {closed} fields are closed: that they were there is proven, what they say is not shown"
            if closed
            else ""
        )

    # Section 4.12
    def check_keys(self) -> str:
        for seq, named in self.key_changes:
            statement = self.statements.get(seq)
            if statement is None or statement.note is None:
                raise Refuted("a change of the log's keys is not disclosed", seq=seq, object=named.decode())
        by_size = sorted(self.witnessed.items())
        terms = terms_of(self.statements, self.checkpoint.origin)
        if not terms and by_size:
            terms = [Log(by_size[0][1].signers[0], 0, None)]
        trusted = {log.key for log in self.policy.logs}
        for size, seen in by_size:
            check_signers(size, seen.signers, terms, trusted)
        self.report.log["keys"] = [
            {"id": term.key.id.hex(), "first": term.first, "last": term.last, "in_policy": term.key in trusted}
            for term in terms
        ]
        said = "one key signed every checkpoint that is here, and no event announces another"
        if len(terms) > 1:
            said = f"{len(terms)} keys, each announced by the one before it; those signed whose turn it was"
        for term in terms:
            if term.key not in trusted:
                said += f"; your policy lacks the key {term.key.id.hex()}, which signs from size {term.first} on"
        return said

    # Section 4.6
    def check_chains(self) -> str:
        if "chains" in self.wrong:
            raise self.wrong["chains"]
        counts = self.report.counts
        said = f"{counts['chained']:,} changes name the row that was there before"
        if counts["not_chained"]:
            said += f"; of {counts['not_chained']:,} the row before is not disclosed, and so not checked"
        if counts["rebased"]:
            said += f"; {counts['rebased']:,} rows differ after a change of shape, of which no event says more"
        return said

    # Section 4.7
    def check_state(self) -> str:
        missing = dict(self.rows)
        partly = matched = 0
        for table, column in sorted(self.bundle.header["tables"].items()):
            prefix = table.encode() + b"/"
            partial = {key: each for key, each in self.partial.items() if key.startswith(prefix)}
            previous: Any = None
            tasks = ((table, column, partial, *block) for block in self.bundle.blocks(f"state/{table}.jsonl"))
            for block in self.workers.map(state_block, tasks):
                if previous is not None and block.keys and not ascending(previous, block.keys[0]):
                    raise Refuted(f"state/{table}.jsonl: rows do not ascend")
                previous = block.keys[-1] if block.keys else previous
                for named, digest in block.rows:
                    matched += 1
                    partly += self.match_row(named, digest, missing.pop(named, None))
                if block.wrong is not None:
                    raise block.wrong
                self.shown_rows.setdefault(table, []).extend(block.kept)
        self.check_missing(missing)
        self.count_tables()
        said = f"{matched:,} rows are what the events say, after event {self.bundle.header['state_size'] - 1:,}"
        return said + (f"; {partly} only in their open columns" if partly else "")

    def match_row(self, named: bytes, digest: bytes | None, known: bytes | None) -> bool:
        """Hold a row of the state against its last event; say whether that is closed in part."""
        life = unpacked(self.lives.get(named, 0))
        if not life.version or not life.alive:
            why = (
                "the state shows a row that was deleted" if life.version else "the state shows a row that no event made"
            )
            raise Refuted(why, seq=life.seq if life.version else None, object=named.decode())
        if known is None or ROW.unpack_from(known)[0] != life.seq:
            raise Refuted(
                "the state shows a row whose last event is not disclosed", seq=life.seq, object=named.decode()
            )
        if not ROW.unpack_from(known)[3] and not any(self.partial[named][1].values()):
            raise Refuted("the state shows a row whose last event is closed", seq=life.seq, object=named.decode())
        if digest is None:
            return True
        if known[ROW.size :] != digest:
            raise Refuted("the row is not what its last event says", seq=life.seq, object=named.decode())
        return False

    def check_missing(self, rows: dict[bytes, bytes]) -> None:
        """See that no row is left whose last event is disclosed and open and says that it is there."""
        lost = []
        for named, known in rows.items():
            seq, _, alive, is_open = ROW.unpack_from(known)
            is_open = is_open or any(self.partial[named][1].values())
            if alive and is_open and unpacked(self.lives[named]).seq == seq:
                lost.append((seq, named))
        if lost:
            seq, named = min(lost)
            raise Refuted("the row is missing from the state", seq=seq, object=named.decode())

    def count_tables(self) -> None:
        live: Counter[bytes] = Counter()
        disclosed: Counter[bytes] = Counter()
        for named, number in self.lives.items():
            if number & 1:
                table = named.partition(b"/")[0]
                live[table] += 1
                known = self.rows.get(named)
                disclosed[table] += known is not None and ROW.unpack_from(known)[0] == number >> 54
        self.report.tables = {
            table.decode(): {"live": live[table], "disclosed": disclosed[table]} for table in sorted(live)
        }

    # Section 4.8
    def check_files(self) -> str:
        self.rest_on_open_columns("evidence_storedfile", "evidence_revisionfile", "evidence_disposal")
        stored = {row[0]: (row[1], row[2]) for row in self.shown_rows.get("evidence_storedfile", [])}
        sizes = dict(stored.values())
        self.read_disposals(stored)
        disposed = {each["sha256"] for each in self.report.disposed}
        self.withheld = withheld = self.read_withheld(sizes)
        for digest in sorted(disposed):
            if digest in withheld or f"files/{digest}" in self.bundle.members:
                raise Refuted("a file that was disposed of is here, or said to be withheld", object=f"file {digest}")
        names = self.bundle.names("files/")
        for name, digest in zip(names, self.workers.map(file_digest, names)):
            if digest != name[6:]:
                raise Refuted(f"{name} is another file than its name says: {digest}", object=f"file {name[6:]}")
            if sizes.get(digest) != str(self.bundle.members[name].file_size):
                raise Refuted(f"no row of evidence_storedfile speaks of {name} with its size", object=f"file {digest}")
        for file_id, revision_id in self.shown_rows.get("evidence_revisionfile", []):
            digest = stored.get(file_id, ("", ""))[0]
            if f"files/{digest}" not in self.bundle.members and digest not in withheld.keys() | disposed:
                why = f"file {digest or file_id} of revision {revision_id} is not here, withheld or disposed of"
                raise Refuted(why, object=f"evidence_revision/{revision_id}")
        self.report.counts.update(files=len(names), withheld_files=len(withheld), disposed_files=len(disposed))
        said = f"{len(names)} files" + (f"; {len(withheld)} are withheld" if withheld else "")
        return said + (f"; {len(disposed)} were disposed of" if disposed else "")

    def read_disposals(self, stored: dict[str, tuple[str, str]]) -> None:
        """Write down the files that the state says were disposed of: neither stopped nor undone, each in one row."""
        for row in self.shown_rows.get("evidence_disposal", []):
            file_id, at, stopped, restored, basis, text_ja, text_en = row
            digest = stored.get(file_id, ("", ""))[0]
            if digest and not stopped and not restored:
                said = {"sha256": digest, "at": at, "basis": basis, "text_ja": text_ja, "text_en": text_en}
                self.report.disposed.append(said)

    def rest_on_open_columns(self, *tables: str) -> None:
        """See that no row that is shown has a closed column that a check looks into: nothing proves it."""
        for named, (seq, columns) in sorted(self.partial.items()):
            table, life = named.decode().partition("/")[0], unpacked(self.lives[named])
            if table not in tables or not life.alive or life.seq != seq or not any(columns.values()):
                continue
            for name in (LOOKED_INTO | DRAWN_FROM)[table]:
                if columns.get(name) is None:
                    raise NotChecked(f"because a column that it rests on is closed: {name} of {shown(named.decode())}")

    def read_withheld(self, sizes: dict[str, str]) -> dict[str, str]:
        """Return the files that are said to be withheld, with the reasons."""
        found: dict[str, str] = {}
        if "withheld.jsonl" not in self.bundle.members:
            return found
        for number, lines in self.bundle.blocks("withheld.jsonl"):
            for place, line in enumerate(lines.split(b"\n"), number):
                try:
                    said = parsed(line)
                    digest, reason = said.pop("sha256"), said.pop("reason")
                    if said or not HEX.fullmatch(digest) or not isinstance(reason, str) or not reason.strip():
                        raise ValueError("not a digest and a reason")
                except (ValueError, TypeError, AttributeError, KeyError) as wrong:
                    raise Refuted(f"line {place} of withheld.jsonl: {shown(wrong)}") from None
                if digest in found or digest not in sizes or f"files/{digest}" in self.bundle.members:
                    why = f"line {place} of withheld.jsonl names a file that is here, or doubled, or in no row"
                    raise Refuted(why, object=f"file {digest}")
                found[digest] = reason
        return found

    # Section 4.9
    def check_cases(self) -> str:
        slugs = self.bundle.header["cases"]
        if not slugs:
            return "none is in scope"
        if not {"cases_case", "cases_edition"} <= self.bundle.header["tables"].keys():
            raise NotChecked("because the state has no editions to hold the documents against")
        self.rest_on_open_columns("cases_case", "cases_edition")
        ids = {slug: key for key, slug in self.shown_rows.get("cases_case", [])}
        for slug in slugs:
            digest = sha256(self.bundle.read(f"cases/{slug}.json")).hexdigest()
            if slug not in ids or digest != self.edition_in_force(ids[slug]):
                why = f"cases/{slug}.json is not the document of the edition in force"
                raise Refuted(why, object=f"cases_case/{ids.get(slug, slug)}")
        return f"{len(slugs)} documents are those of the editions in force"

    def edition_in_force(self, case: str) -> str:
        """Return the SHA-256 of the newest edition of a case, at the moment that the bundle is about."""
        at = self.bundle.header["at"]
        editions = [row for row in self.shown_rows.get("cases_edition", []) if row[0] == case]
        try:
            if at is not None:
                editions = [row for row in editions if moment_of(row[3]) <= moment_of(at)]
            return str(max(editions, key=lambda row: int(row[1]))[2]) if editions else ""
        except ValueError as wrong:
            raise Refuted(f"a row of cases_edition: {shown(wrong)}", object=f"cases_case/{case}") from None

    # Section 4.10
    def check_timestamps(self) -> str:
        names = self.bundle.names("timestamps/")
        notes = {**self.earlier, self.checkpoint.size: self.checkpoint}
        self.report.counts["timestamps"] = len(names)
        for name in names:
            if int(name[11:23]) not in notes:
                raise Refuted(f"{name} is over a checkpoint that is not here", checkpoint=int(name[11:23]))
        if not names:
            raise NotChecked("because the bundle has none")
        if self.certificates is None:
            raise NotChecked(f"because no --tsa-certificates was given; there are {len(names)}")
        tasks = ((name, notes[int(name[11:23])], self.certificates) for name in names)
        times_said = [at for at in self.workers.map(stamped_at, tasks) if at is not None]
        strange = len(names) - len(times_said)
        if not times_said:
            raise NotChecked(f"because none of the {strange} is by an authority of --tsa-certificates")
        self.report.log["timestamped_at"] = max(times_said)
        said = f"{len(times_said)}, the last of {max(times_said)}"
        return said + (
            f"; {strange} by authorities that your certificates do not cover, not checked" if strange else ""
        )

    # Section 4.13
    def check_sample(self) -> str:
        sample = self.bundle.header["sample"]
        self.rest_on_open_columns("cases_case", DECISION)
        orders = self.check_order(sample["order"], sample["count"])
        self.check_seed(sample["order"], sample["checkpoint"])
        drawn = self.check_draw(sample)
        told = Telling(self.shown_rows, self.partial).decisions(drawn)
        for decision in told:
            decision["files"] = [self.file_of(digest, decision["revision"]) for digest in decision["files"]]
        about = {name: sample[name] for name in ("order", "checkpoint", "count", "population")}
        self.report.sample = {**about, "orders": orders, "drawn": told}
        said = f"{len(told):,} of {sample['population']:,} acceptances, drawn by the checkpoint of size"
        said += f" {sample['checkpoint']:,}, the first witnessed one beyond their order (record {sample['order']:,})"
        others = [seq for seq in orders if seq != sample["order"]]
        if others:
            named = ", ".join(map(str, others[:20])) + (" ..." if len(others) > 20 else "")
            said += f"; {len(others)} other samples of this case were ordered: records {named}"
        return said

    def check_order(self, seq: int, count: int) -> list[int]:
        """See that the event orders what is here; return all events that order samples of the case."""
        slugs = self.bundle.header["cases"]
        if len(slugs) != 1:
            raise Refuted(f"a sample is of one case, and the bundle is of {len(slugs)}")
        ids = {slug: key for key, slug in self.shown_rows.get("cases_case", [])}
        wanted, found = f"case:{ids.get(slugs[0], '')}", dict(self.orders)
        if seq not in found:
            raise Refuted("the record that is said to order the sample orders none", seq=seq)
        named = found[seq].decode()
        if named != wanted:
            raise Refuted("the sample was ordered of another case than this bundle's", seq=seq, object=named)
        if seq not in self.ordered:
            raise Refuted("the order of the sample is not disclosed", seq=seq, object=named)
        asked = self.ordered[seq]
        if asked is None:
            raise NotChecked(f"because a field that it rests on is closed: payload.count of record {seq}")
        if asked != str(count).encode():
            why = f"the sample was ordered with another number of acceptances: {shown(asked.decode(), 40)}"
            raise Refuted(why, seq=seq, object=named)
        return [each for each, about in self.orders if about == found[seq]]

    def check_seed(self, order: int, size: int) -> None:
        """See that no witnessed checkpoint lies between the order and the one that is said to have drawn."""
        seen = {size for size, witnessed in self.witnessed.items() if witnessed.at is not None}
        for _, known in self.known:
            if self.roots.get(known.size) == known.root and judged(known, self.policy).at is not None:
                seen.add(known.size)
        if not seen:
            raise NotChecked("because no quorum of witnesses saw a checkpoint")
        first = min(each for each in seen if each > order)
        if size != first:
            why = f"the sample is drawn by the checkpoint of size {size}; the first witnessed one beyond its order is"
            raise Refuted(f"{why} of size {first}", checkpoint=size)

    def check_draw(self, sample: dict[str, Any]) -> list[tuple[Any, ...]]:
        """Draw again, from what was accepted before the order; return the rows that are drawn."""
        order, rows = sample["order"], {}
        for seq, named in self.retouched:
            if named in self.rows and self.begun[named] < order < seq < self.bundle.header["state_size"]:
                why = "a decision that the sample could be drawn from was changed or deleted after the order"
                raise Refuted(why, seq=seq, object=named.decode())
        for row in self.shown_rows.get(DECISION, []):
            named = DECISIONS + row[0].encode("utf-8", "surrogatepass")
            if row[1] == "accepted" and DECIMAL.fullmatch(row[0]) and self.begun.get(named, order) < order:
                rows[row[0]] = row
        if len(rows) != sample["population"]:
            raise Refuted(f"the sample is drawn from {len(rows)} acceptances, not from {sample['population']}")
        root = self.roots[sample["checkpoint"]]
        drawn = sorted(rows, key=lambda key: sha256(DRAW + root + key.encode()).digest())[: sample["count"]]
        differing = sorted(set(drawn) ^ set(sample["drawn"]), key=lambda key: (len(key), key))
        if differing:
            how = "was drawn and is not named" if differing[0] in drawn else "is named and was not drawn"
            raise Refuted(f"decision {differing[0]} {how}", object=f"{DECISION}/{differing[0]}")
        return [rows[key] for key in sample["drawn"]]

    def file_of(self, digest: str, revision: str) -> dict[str, Any]:
        """Return where a file of a drawn revision is; raises Refuted where it is left out as not drawn."""
        reason = self.withheld.get(digest)
        if reason is not None and reason.startswith(NOT_DRAWN):
            why = f"file {digest} of revision {revision}, which was drawn, is left out as not drawn"
            raise Refuted(why, object=f"evidence_revision/{revision}")
        where = "here" if f"files/{digest}" in self.bundle.members else "disposed" if reason is None else "withheld"
        return {"sha256": digest, "where": where, "reason": reason}


class Telling:
    """Tells of decisions what a reader has to know who examines them: what is closed as None."""

    def __init__(self, shown_rows: dict[str, list[tuple[Any, ...]]], partial: dict[bytes, tuple[int, Columns]]) -> None:
        self.rows = {table: {row[0]: row for row in shown_rows.get(table, [])} for table in SAMPLE_COLUMNS}
        self.partial = partial
        digests = {row[0]: row[1] for row in shown_rows.get("evidence_storedfile", [])}
        self.files: dict[str, list[str]] = {}
        for file_id, revision in shown_rows.get("evidence_revisionfile", []):
            self.files.setdefault(revision, []).append(digests[file_id])

    def decisions(self, drawn: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
        return [self.decision(*row[:3]) for row in drawn]

    def decision(self, key: str, _: str, revision_id: str) -> dict[str, Any]:
        decision = self.columns(DECISION, key)
        revision = self.columns("evidence_revision", revision_id)
        artefact = self.columns("evidence_artefact", revision.get("artefact_id"))
        person = self.columns("accounts_user", decision["by_id"])
        nobody = "" if decision["by_id"] == "" else None
        return {
            "decision": key,
            "revision": revision_id,
            "number": revision.get("number"),
            "artefact": artefact.get("key"),
            "title_ja": artefact.get("title_ja"),
            "title_en": artefact.get("title_en"),
            "by": person.get("username", nobody),
            "by_ja": person.get("name_ja", nobody),
            "by_en": person.get("name_en", nobody),
            "by_rule": decision["by_rule"],
            "at": decision["at"],
            "files": self.files.get(revision_id, []),
        }

    def columns(self, table: str, key: str | None) -> dict[str, str | None]:
        """Return the columns of a row, of those that are closed None; nothing where the row is not shown."""
        row = self.rows[table].get(key)
        if row is None:
            return {}
        named = f"{table}/{key}".encode("utf-8", "surrogatepass")
        _, known = self.partial.get(named, (0, {}))
        columns = zip(SAMPLE_COLUMNS[table], row)
        return {name: None if name in known and known[name] is None else text for name, text in columns}


KEY_STATEMENT = re.compile(r"(announced|retired) (0|[1-9][0-9]{0,11})")


def terms_of(statements: dict[int, Statement], origin: str) -> list[Log]:
    """Return which key signs what, the oldest first, by what the keys state of each other; raises Refuted."""
    terms: list[Log] = []
    for seq, (kind, named, note) in sorted(statements.items()):
        try:
            said, size, old, new = key_change_of(note or b"null", origin)
            about = new if said == "announced" else old
            if said != kind or named.decode() != f"log_key:{about.id.hex()}":
                raise ValueError("it is another than its event says")
            if size <= seq:
                raise ValueError("it is about checkpoints that do not hold it")
            terms = changed(terms or [Log(old, 0, None)], said, size, old, new)
        except (ValueError, Refuted) as wrong:
            why = f"what the log's keys state of each other: {wrong.args[0]}"
            raise Refuted(why, seq=seq, object=named.decode()) from None
    return terms


def key_change_of(text: bytes, origin: str) -> tuple[str, int, Key, Key]:
    """Read a note in which two keys state that one follows the other; ValueError or Refuted for anything else."""
    note = parsed(text, TEXT)
    said, gap, rest = note.rpartition("\n\n") if isinstance(note, str) else ("", "", "")
    lines = said.split("\n")
    found = KEY_STATEMENT.fullmatch(lines[2]) if len(lines) == 5 else None
    if found is None or not gap or not rest.endswith("\n") or lines[:2] != ["dcase-audit log key v1", origin]:
        raise ValueError("it does not have the form of a statement")
    keys = [key_of(lines[3]), key_of(lines[4])]
    signatures = [signature_of(line) for line in rest[:-1].split("\n")]
    if keys[0] == keys[1] or any(key.name != origin or key.type != LOG_TYPE for key in keys):
        raise ValueError("it is not of two keys of this log")
    if [(name, data[:4]) for name, data in signatures] != [(key.name, key.id) for key in keys]:
        raise ValueError("it is not signed by both keys, the old one and the new one")
    for key, (_, data) in zip(keys, signatures):
        if not signed(key.key, data[4:], f"{said}\n".encode()):
            raise ValueError(f"the signature of {key.id.hex()} is not by its key")
    return found[1], int(found[2]), keys[0], keys[1]


def changed(terms: list[Log], said: str, size: int, old: Key, new: Key) -> list[Log]:
    """Return the terms after a statement; ValueError where it is not the turn of its keys."""
    living = [term for term in terms if term.last is None]
    if said == "announced":
        if [term.key for term in living] != [old] or any(term.key == new for term in terms) or size <= living[0].first:
            raise ValueError("it is not the turn of its keys")
        return [*terms, Log(new, size, None)]
    if [term.key for term in living] != [old, new] or size <= living[1].first:
        raise ValueError("it is not the turn of its keys")
    return [term._replace(last=size - 1) if term.key == old else term for term in terms]


def check_signers(size: int, signers: list[Key], terms: list[Log], trusted: set[Key]) -> None:
    """See that those signed a checkpoint whose turn it was, as far as the policy has them; raises Refuted."""
    turn, named = [term.key for term in terms if term.signs(size)], f"the checkpoint of size {size}"
    for key in signers:
        if all(key != term.key for term in terms):
            raise Refuted(f"{named} is signed by the key {key.id.hex()}, which no event announces", checkpoint=size)
    if signers[0] not in turn:
        raise Refuted(f"{named} is signed by the key {signers[0].id.hex()}, whose turn it was not", checkpoint=size)
    for key in turn:
        if key in trusted and key not in signers:
            raise Refuted(f"{named} is not signed by the key {key.id.hex()}, whose turn it was", checkpoint=size)


def check_same_log(name: str, known: Checkpoint, checkpoint: Checkpoint) -> None:
    if known.origin != checkpoint.origin:
        raise Unusable(f"the known checkpoint {shown(name)} is of another log: {shown(known.origin)}")


def check_quorum(checkpoint: Checkpoint, seen: Witnessed, policy: Policy, report: Report) -> str:
    """Write down who witnessed the checkpoint; raises Refuted when they are not enough."""
    witnesses = []
    for name, at in seen.cosignatures:
        key_name = policy.witnesses[name].name
        independent = not key_name.startswith(SAME_HOST)
        moment = datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        witnesses.append({"name": name, "key": key_name, "at": moment, "independent": independent})
        if not independent:
            witnesses[-1]["remark"] = NOT_INDEPENDENT
    report.log["witnesses"] = witnesses
    if policy.quorum == "none":
        report.log["witnessed_at"] = None
        return "signed by the log; the policy asks for no witness, so nobody but the operator vouches for its history"
    if seen.at is None:
        raise Refuted("too few witnesses of the policy cosigned it", checkpoint=checkpoint.size)
    report.log["witnessed_at"] = datetime.fromtimestamp(seen.at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return "signed by the log, cosigned by a quorum"


def earlier_checkpoint(task: tuple[str, Policy, str]) -> tuple[Checkpoint, Witnessed]:
    name, policy, origin = task
    size = int(name[12:])
    try:
        checkpoint = checkpoint_of(opened().read(name, MOST_NOTE))
        if checkpoint.size != size or checkpoint.origin != origin:
            raise Refuted("it is of another size or log than it should be")
        return checkpoint, judged(checkpoint, policy)
    except Refuted as wrong:
        raise Refuted(f"{name}: {wrong.why}", checkpoint=size) from None


class Order:
    """Takes leaves in order: versions without gaps, ids that ascend in a transaction, rows that live and die."""

    def __init__(self, state_size: int) -> None:
        self.state_size = state_size
        self.last: dict[bytes, int] = {}
        self.state: dict[bytes, int] | None = None
        self.ids: dict[int, int] = {}
        self.shapes: dict[bytes, int] = {}
        self.baselines = 0
        self.begun: dict[bytes, int] = {}
        self.retouched: list[tuple[int, bytes]] = []
        self.wrong: Refuted | None = None
        self.life_wrong: Refuted | None = None

    def take(self, first: int, leaves: list[tuple[bytes, int, int, int, int]]) -> None:
        last, ids = self.last, self.ids
        for seq, (named, version, kind, xid, number) in enumerate(leaves, first):
            if seq == self.state_size:
                self.state = dict(last)
            known = last.get(named, 0)
            previous = known >> 1 & (1 << 53) - 1
            if version != previous + 1:
                why = f"it is version {version} of its object, after version {previous}: an event is missing or doubled"
                self.wrong = Refuted(why, seq=seq, object=named.decode())
                return
            if ids.get(xid, -1) >= number:
                self.wrong = Refuted("events of one transaction are out of order", seq=seq, object=named.decode())
                return
            ids[xid] = number
            alive = kind in (INSERT, UPDATE, BASELINE)
            if kind != APP:
                self.live(seq, named, kind, xid, bool(known & 1))
                if named.startswith(DECISIONS):
                    self.decide(seq, named, kind)
            last[named] = packed(seq, version, alive)

    def decide(self, seq: int, named: bytes, kind: int) -> None:
        """Keep what samples are drawn by: when a decision began, and whether it was changed later."""
        if kind == INSERT or named not in self.begun:
            self.begun[named] = seq
        elif kind in (UPDATE, DELETE):
            self.retouched.append((seq, named))

    def live(self, seq: int, named: bytes, kind: int, xid: int, was_there: bool) -> None:
        """See that an event fits what was there before it; the first that does not is kept."""
        why = ""
        if kind == SHAPE:
            self.shapes[named] = xid
        elif kind == BASELINE:
            self.baselines += 1
            if self.shapes.get(named.partition(b"/")[0]) != xid:
                why = "a row is taken over without a change of its table's shape in the same transaction"
        elif kind == INSERT and was_there:
            why = "a row is inserted that was there"
        elif kind in (UPDATE, DELETE) and not was_there:
            why = "a row is changed or deleted that was not there"
        if why and self.life_wrong is None:
            self.life_wrong = Refuted(why, seq=seq, object=named.decode())


class Chain:
    """Takes disclosed row events in order, and holds each against the event before it of the same object."""

    def __init__(self, state_size: int) -> None:
        self.state_size = state_size
        self.last: dict[bytes, bytes] = {}
        self.state: dict[bytes, bytes] | None = None
        self.partial: dict[bytes, tuple[int, Columns]] = {}
        self.partial_state: dict[bytes, tuple[int, Columns]] = {}
        self.checked = self.unchecked = self.rebased = 0
        self.wrong: Refuted | None = None

    def take(self, rows: list[RowEvent]) -> None:
        last = self.last
        for seq, named, version, kind, row, before, partial in rows:
            if seq >= self.state_size and self.state is None:
                self.state, self.partial_state = dict(last), dict(self.partial)
            known = last.get(named)
            if kind != INSERT:
                self.compare(seq, named, version, kind, row, before, known)
            if partial is not None:
                self.partial[named] = (seq, partial)
            elif self.partial:
                self.partial.pop(named, None)
            last[named] = ROW.pack(seq, version, kind != DELETE, row is not None) + (row or b"")

    def compare(
        self,
        seq: int,
        named: bytes,
        version: int,
        kind: int,
        row: bytes | None,
        before: bytes | None,
        known: bytes | None,
    ) -> None:
        row_before = known[ROW.size :] if known and ROW.unpack_from(known)[1] == version - 1 else b""
        if kind == BASELINE:
            self.rebased += bool(row_before and row and row_before != row)
        elif not row_before or before is None:
            self.unchecked += 1
        elif row_before == before:
            self.checked += 1
        elif self.wrong is None:
            why = "before it the row was another than its last event says: it was changed past the capture"
            self.wrong = Refuted(why, seq=seq, object=named.decode())


# The columns that the checks of files and cases look into.
LOOKED_INTO = {
    "evidence_storedfile": ("id", "sha256", "size"),
    "evidence_revisionfile": ("file_id", "revision_id"),
    "evidence_disposal": ("file_id", "disposed_at", "stopped_at", "restored_at", "basis", "text_ja", "text_en"),
    "cases_case": ("id", "slug"),
    "cases_edition": ("case_id", "number", "sha256", "published_at"),
}
# What a sample is drawn from, and what is shown of it, with each row's key first.
DRAW = b"dcase-audit/sample/v1\x00"
DECISIONS = f"{DECISION}/".encode()
SAMPLE_COLUMNS = {
    DECISION: ("id", "kind", "revision_id", "by_id", "by_rule", "at"),
    "evidence_revision": ("id", "artefact_id", "number"),
    "evidence_artefact": ("id", "key", "title_ja", "title_en"),
    "accounts_user": ("id", "username", "name_ja", "name_en"),
}
DRAWN_FROM = {DECISION: SAMPLE_COLUMNS[DECISION][:3]}
# So begins the reason for which a file is withheld whose revision was not drawn.
NOT_DRAWN = "not drawn:"
StateTask = tuple[
    str, str, dict[bytes, tuple[int, Columns]], int, bytes
]  # table, key column, events that are closed in part, number of the first line, lines


DIFFERS = b"differs"


class StateBlock(NamedTuple):
    keys: list[str]
    rows: list[
        tuple[bytes, bytes | None]
    ]  # objects with the SHA-256 of each; None or DIFFERS: compared in its open columns
    kept: list[tuple[Any, ...]]
    wrong: Refuted | None


def state_block(task: StateTask) -> StateBlock:
    """Read some lines of the state; what is wrong with one of them waits until the rows before it were looked at."""
    table, column, partial, number, lines = task
    block = StateBlock([], [], [], None)
    columns = LOOKED_INTO if "sample" not in opened().header else {**LOOKED_INTO, **SAMPLE_COLUMNS}
    for place, line in enumerate(lines.split(b"\n"), number):
        try:
            row = parsed(line, TEXT)
            key = row[column]
            if not isinstance(key, str) or not key:
                raise ValueError("its key is neither a number nor a text")
            if block.keys and not ascending(block.keys[-1], key):
                raise ValueError("rows do not ascend")
            named = f"{table}/{key}".encode()
            if table in columns:
                block.kept.append(tuple(said(row[name]) for name in columns[table]))
        except (ValueError, TypeError, KeyError) as wrong:
            return block._replace(wrong=Refuted(f"line {place} of state/{table}.jsonl: {shown(wrong)}"))
        block.keys.append(key)
        if named in partial:
            block.rows.append((named, None if fits_in_part(line.decode(), partial[named][1]) else DIFFERS))
        else:
            block.rows.append((named, sha256(line).digest()))
    return block


def said(value: Any) -> str:
    """Return a column's value as text, empty where it is null."""
    return "" if value is None else str(value)


def ascending(one: str, other: str) -> bool:
    """Compare keys: numbers by their value, texts by their bytes."""
    numbers = re.fullmatch(r"-?[0-9]{1,40}", one), re.fullmatch(r"-?[0-9]{1,40}", other)
    return int(one) < int(other) if all(numbers) else one.encode() < other.encode()


def fits_in_part(line: str, columns: Columns) -> bool:
    """Hold a row against an event of which some columns are closed: printed as a row is, the open ones byte by byte."""
    at = 0
    try:
        for place, name in enumerate(sorted(columns, key=lambda name: (len(name), name))):
            head = (", " if place else "{") + json.dumps(name) + ": "
            start = at + len(head)
            _, end = TEXT.raw_decode(line, start)
            if not line.startswith(head, at) or columns[name] not in (None, line[start:end]):
                return False
            at = end
    except (ValueError, IndexError):
        return False
    return line[at:] == "}"


def file_digest(name: str) -> str:
    digest = sha256()
    for chunk in opened().chunks(name):
        digest.update(chunk)
    return digest.hexdigest()


# What openssl says of a certificate that leads to none of those that are trusted.
STRANGER = re.compile(r"Verify error: ?(?:unable to get (?:local )?issuer certificate|self[- ]signed certificate)")


def stamped_at(task: tuple[str, Checkpoint, str]) -> str | None:
    """Have openssl verify an RFC 3161 response, its certificates at the time that it names; return that time.

    None for a response of an authority that the certificates do not cover: nothing is said of it.
    """
    name, checkpoint, certificates = task
    program = shutil.which("openssl")
    if program is None:
        raise NotChecked("because openssl is not installed")
    with tempfile.TemporaryDirectory() as folder:
        reply, data = Path(folder, "reply.tsr"), Path(folder, "data")
        reply.write_bytes(opened().read(name, MOST_RESPONSE))
        data.write_bytes(checkpoint.stamped)
        _, text = ran([program, "ts", "-reply", "-in", str(reply), "-text"])
        found = re.search(r"^Time stamp: (\w{3} +\d+ \d\d:\d\d:\d\d)(?:\.\d+)? (\d{4}) GMT$", text, re.MULTILINE)
        if found is None:
            raise Refuted("its RFC 3161 response cannot be read", checkpoint=checkpoint.size)
        at = datetime.strptime(" ".join(found.groups()), "%b %d %H:%M:%S %Y").replace(tzinfo=timezone.utc)
        verify = [program, "ts", "-verify", "-in", str(reply), "-data", str(data), "-CAfile", certificates]
        good, text = ran([*verify, "-attime", str(int(at.timestamp()))])
    if not good and STRANGER.search(text):
        return None
    if not good:
        raise Refuted("its RFC 3161 response does not verify", checkpoint=checkpoint.size)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def ran(command: list[str]) -> tuple[bool, str]:
    """Run a program; say whether it went well, and what it printed."""
    environment = {**os.environ, "LC_ALL": "C"}
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=60, env=environment
    )
    return done.returncode == 0, done.stdout.decode("utf-8", "replace")


# ---------------------------------------------------------------------------------------------------------------------
# 12. Receipts. Source: C2SP tlog-proof.


RECEIPT_BEGINS = b"c2sp.org/tlog-proof@v1\n"


class Receipt(NamedTuple):
    seq: int
    proof: list[bytes]
    checkpoint: Checkpoint
    leaf: bytes
    fields: Any


def receipt_of(data: bytes) -> Receipt:
    """Parse a receipt. What is none is Unusable, one that is not as it must be is Refuted."""
    head, gap, note = data.partition(b"\n\n")
    try:
        lines = head.decode().split("\n")
    except UnicodeDecodeError:
        raise Refuted("the receipt is not UTF-8") from None
    if len(lines) < 2 or not lines[1].startswith("extra "):
        raise Unusable("the receipt has no extra line, which would say what was recorded")
    index = re.fullmatch(r"index (0|[1-9][0-9]{0,11})", lines[2] if len(lines) > 2 else "")
    if index is None or not gap or len(lines) > 66:
        raise Refuted("the receipt does not have the form of one")
    try:
        extra = parsed(base64_of(lines[1][6:]))
        leaf, fields = extra.pop("leaf").encode(), extra.pop("fields")
        if extra:
            raise ValueError("more than leaf and fields")
    except (ValueError, TypeError, AttributeError, KeyError) as wrong:
        raise Refuted(f"what the receipt says was recorded cannot be read: {shown(wrong)}") from None
    return Receipt(int(index[1]), [base64_of(line, 32) for line in lines[3:]], checkpoint_of(note), leaf, fields)


def examine_receipt(data: bytes, policy: Policy, known: list[tuple[str, Checkpoint]], report: Report) -> None:
    found: list[Receipt] = []

    def container() -> str:
        found.append(receipt_of(data))
        return "a receipt and nothing beside it"

    if not report.attempt("container", container):
        for check in ("checkpoint", "known_checkpoints", "inclusion", "records", "times", "fields"):
            report.checks[check] = (NOT_CHECKED, "because what it rests on (container) was refuted")
        return
    receipt = found[0]
    seen: list[Witnessed] = []
    report.attempt("checkpoint", lambda: receipt_checkpoint(receipt, policy, report, seen))
    report.attempt("known_checkpoints", lambda: receipt_known(receipt, known))
    report.attempt("inclusion", lambda: receipt_inclusion(receipt))
    report.attempt("records", lambda: receipt_record(receipt), "inclusion")
    report.attempt("times", lambda: receipt_time(receipt, seen), "records")
    report.attempt("fields", lambda: receipt_fields(receipt, report), "records")


def receipt_checkpoint(receipt: Receipt, policy: Policy, report: Report, seen: list[Witnessed]) -> str:
    checkpoint = receipt.checkpoint
    report.log.update(origin=checkpoint.origin, complete_up_to=checkpoint.size)
    try:
        seen.append(judged(checkpoint, policy))
    except Refuted as wrong:
        raise Refuted(wrong.why, checkpoint=checkpoint.size) from None
    return check_quorum(checkpoint, seen[0], policy, report)


def receipt_known(receipt: Receipt, known: list[tuple[str, Checkpoint]]) -> str:
    if not known:
        raise NotChecked("because no --known-checkpoint was given")
    for name, checkpoint in known:
        check_same_log(name, checkpoint, receipt.checkpoint)
    same = [each for each in known if each[1].size == receipt.checkpoint.size]
    for name, checkpoint in same:
        if checkpoint.root != receipt.checkpoint.root:
            raise Refuted(f"{shown(name)} is of another history than this receipt", checkpoint=checkpoint.size)
    if len(same) < len(known):
        raise NotChecked("because a receipt can only be held against a checkpoint of its own size: ask for a bundle")
    return f"{len(known)} known to you, of the same size and root"


def receipt_inclusion(receipt: Receipt) -> str:
    if receipt.seq >= receipt.checkpoint.size:
        raise Refuted("the record is not in a tree of that size", seq=receipt.seq)
    root = root_by_proof(receipt.seq, receipt.checkpoint.size, leaf_hash(receipt.leaf), receipt.proof)
    if root != receipt.checkpoint.root:
        raise Refuted("the leaf is not in the log at its place", seq=receipt.seq)
    return f"record {receipt.seq} is in the log of {receipt.checkpoint.size:,}"


def receipt_record(receipt: Receipt) -> str:
    leaf = leaf_of(receipt.leaf, receipt.seq)
    return f"canonical, of {shown(leaf.object.decode())}"


def receipt_time(receipt: Receipt, seen: list[Witnessed]) -> str:
    leaf = leaf_of(receipt.leaf, receipt.seq)
    at = seen[0].at if seen else None
    if at is None:
        raise NotChecked("because no quorum of witnesses saw the checkpoint")
    if leaf.at > spelt(datetime.fromtimestamp(at + 1, timezone.utc) + TOLERANCE):
        raise Refuted(AFTER.format(leaf.at), seq=receipt.seq, object=leaf.object.decode())
    return "not after that of the witness; how long before it was recorded takes a bundle to tell"


def receipt_fields(receipt: Receipt, report: Report) -> str:
    leaf = leaf_of(receipt.leaf, receipt.seq)
    try:
        event = open_fields(leaf, receipt.fields)
        if leaf.kind in (INSERT, UPDATE, DELETE, BASELINE):
            row_event(receipt.seq, leaf, event, {})
    except (ValueError, TypeError, AttributeError) as wrong:
        raise Refuted(shown(wrong), seq=receipt.seq, object=leaf.object.decode()) from None
    report.receipt = {
        "leaf": json.loads(receipt.leaf),
        "fields": {name: None if text is None else text.decode() for name, text in zip(event.names, event.texts)},
    }
    report.counts.update(closed_fields=event.texts.count(None), set_clock=int("context.clock" in event.plan.places))
    return f"{leaf.n} fields are those that were recorded"


# ---------------------------------------------------------------------------------------------------------------------
# 13. The report in words.

VERDICTS = {"verified": "検証済み", "refuted": "反証", "unusable": "検証できません"}
COUNTED = {
    "disclosed": "events are disclosed with their fields",
    "not_disclosed": "events are in the log with nothing but their leaf",
    "closed_fields": "fields are closed (withheld or redacted)",
    "set_clock": "events were made under a set clock (demo or test data): their own times are made up",
    "recorded_late": "events were recorded late: their time is before that of a checkpoint without them",
    "baselines": "rows were there before their capture began, or were rewritten by a change of shape",
    "withheld_files": "files are withheld",
    "disposed_files": "files were disposed of",
}


def as_json(report: Report) -> str:
    """Return the report for programs. Keys are only ever added to this structure."""
    checks = []
    for name, (outcome, says) in report.checks.items():
        wrong = report.refutations.get(name)
        place = {"seq": wrong.seq, "object": wrong.object, "checkpoint": wrong.checkpoint} if wrong else {}
        checks.append({"check": name, "outcome": outcome, "says": says, **place})
    document = {
        "format": REPORT_FORMAT,
        "verdict": report.verdict(),
        "problem": report.problem or None,
        "input": {"kind": report.kind or None, "name": report.name, "sha256": report.digest or None},
        "log": report.log,
        "checks": checks,
        "first_bad": report.first_bad(),
        "tables": report.tables,
        "counts": report.counts,
        "disposed": report.disposed,
        "sample": report.sample,
        "receipt": report.receipt,
    }
    return json.dumps(document, ensure_ascii=True, indent=2)


def as_text(report: Report) -> str:
    """Return the report for people: plain English, the verdict once more in Japanese at the end."""
    lines = [f"D-Case Audit, verify.py {VERSION}: {shown(report.name)}"]
    if report.digest:
        lines.append(f"  {report.kind}, SHA-256 {report.digest}")
    lines += log_lines(report.log)
    lines += ["", "Checks"] if report.checks else []
    for name, (outcome, says) in report.checks.items():
        lines.append(f"  {outcome:<12} {CHECKS[name]:<18} {shown(says, 400)}")
    lines += sample_lines(report.sample)
    if report.tables:
        lines += ["", "Rows that live according to the leaves, and how many of them are disclosed here"]
        lines += [f"  {table:<40} {each['live']:>9,} {each['disclosed']:>9,}" for table, each in report.tables.items()]
    told = [f"  {report.counts[name]:,} {words}" for name, words in COUNTED.items() if report.counts.get(name)]
    lines += ["", "Also", *told] if told else []
    lines += disposed_lines(report.disposed)
    lines += receipt_lines(report.receipt)
    return "\n".join([*lines, "", *verdict_lines(report)])


def log_lines(log: dict[str, Any]) -> list[str]:
    if not log:
        return []
    witnesses = log.get("witnesses", [])
    by = ", ".join(shown(each["key"]) for each in witnesses) or "nobody"
    at = log.get("witnessed_at")
    lines = [f"  log {shown(log['origin'])}"]
    lines.append(
        f"  complete up to {log['complete_up_to']:,} events, "
        + (f"witnessed at {at} by {by}" if at else "NOT witnessed")
    )
    keys = log.get("keys", [])
    for each in keys if len(keys) > 1 else []:
        lines.append(f"  key {each['id']} signs sizes {each['first']}-{'' if each['last'] is None else each['last']}")
    for each in witnesses:
        if not each["independent"]:
            lines.append(f"  {shown(each['key'])}: {NOT_INDEPENDENT}")
    return lines


def disposed_lines(disposed: list[dict[str, str]]) -> list[str]:
    if not disposed:
        return []
    lines = ["", "Disposed of, as the log says: when, and what had kept it until then"]
    for each in disposed:
        rule = each["text_en"] or each["text_ja"] or "-"
        lines.append(f"  {each['sha256']} {shown(each['at'], 40)} {shown(each['basis'], 20)}: {shown(rule, 300)}")
    return lines


def sample_lines(sample: dict[str, Any] | None) -> list[str]:
    if sample is None:
        return []
    drawn = sample["drawn"]
    lines = ["", f"The sample: {len(drawn):,} of {sample['population']:,} acceptances, to be examined"]
    for each in drawn:
        revision = f"{said_of(each['artefact'])} r{said_of(each['number'])} (revision {each['revision']}, decision"
        by = said_of(each["by_ja"], each["by_en"]) if each["by_ja"] or each["by_en"] else said_of(each["by"])
        by = f"the rule {said_of(each['by_rule'])}" if each["by_rule"] else by
        titles = said_of(each["title_ja"], each["title_en"])
        lines.append(f"  {revision} {each['decision']}): {titles}; {by}, {said_of(each['at'])}")
        for file in each["files"]:
            where = f"withheld: {shown(file['reason'], 300)}" if file["where"] == "withheld" else file["where"]
            lines.append(f"    file {file['sha256']} " + ("disposed of" if where == "disposed" else where))
    return lines


def said_of(*texts: str | None) -> str:
    """Return what a row says for the terminal, in the languages that it has; closed ones are said to be."""
    if all(text is None for text in texts):
        return "(closed)"
    return " / ".join(shown(text, 300) for text in texts if text) or "-"


def receipt_lines(receipt: dict[str, Any] | None) -> list[str]:
    if receipt is None:
        return []
    leaf = receipt["leaf"]
    lines = ["", f"Recorded as number {leaf['seq']} at {leaf['at']}: {shown(leaf['kind'])} of {shown(leaf['object'])}"]
    for name, text in receipt["fields"].items():
        lines.append(f"  {shown(name):<28} " + ("(closed)" if text is None else shown(text, 1000)))
    return lines


def verdict_lines(report: Report) -> list[str]:
    verdict = report.verdict()
    bad = report.first_bad()
    lines = []
    if report.problem:
        lines.append(f"UNUSABLE: {shown(report.problem, 400)}")
    elif bad is None:
        left = sum(outcome == NOT_CHECKED for outcome, _ in report.checks.values())
        lines.append("VERIFIED" + (f", but for {left} checks that were not made (above)" if left else ""))
    else:
        lines.append(f"REFUTED: {place_of(bad)}: {shown(bad['why'], 400)}")
    independent = any(each["independent"] for each in report.log.get("witnesses", []))
    remark = "" if independent or verdict != "verified" else "（独立した証人はいません）"
    return [*lines, f"判定: {VERDICTS[verdict]}{remark}"]


def place_of(bad: dict[str, Any]) -> str:
    parts = [f"record {bad['seq']}"] if bad["seq"] is not None else []
    parts += [shown(bad["object"])] if bad["object"] is not None else []
    if parts:
        return f"first bad record: {', '.join(parts)}"
    if bad["checkpoint"] is not None:
        return f"first bad checkpoint: {bad['checkpoint']}"
    return CHECKS[bad["check"]].lower()


# ---------------------------------------------------------------------------------------------------------------------
# 14. The command.


def read_file(path: str, most: int) -> bytes:
    """Read a small file of the verifier's own."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(most + 1)
    except (OSError, ValueError) as wrong:
        raise Unusable(f"cannot read {shown(path)}: {shown(wrong)}") from None
    if len(data) > most:
        raise Unusable(f"{shown(path)} is larger than the {most} bytes that this program holds")
    return data


def read_known(path: str, policy: Policy) -> tuple[str, Checkpoint]:
    """Read a checkpoint that the verifier kept; one that the log did not sign is no use to them."""
    try:
        checkpoint = checkpoint_of(read_file(path, MOST_NOTE))
        judged(checkpoint, policy)
    except Refuted as wrong:
        raise Unusable(f"the known checkpoint {shown(path)}: {wrong.why}") from None
    return path, checkpoint


def verify(arguments: argparse.Namespace, report: Report) -> None:
    """Do all that the command asks for; what is found stands in the report."""
    report.name = Path(arguments.input).name
    if arguments.policy is None:
        raise Unusable("no policy: name your own with --policy")
    policy = policy_of(read_file(arguments.policy, MOST_NOTE))
    known = [read_known(path, policy) for path in arguments.known_checkpoint]
    if arguments.tsa_certificates is not None:
        read_file(arguments.tsa_certificates, MOST_DOCUMENT)
    try:
        with Path(arguments.input).open("rb") as file:
            verify_input(arguments, file, policy, known, report)
    except OSError as wrong:
        raise Unusable(f"cannot read {shown(arguments.input)}: {wrong.strerror or wrong}") from None


def verify_input(
    arguments: argparse.Namespace,
    file: BinaryIO,
    policy: Policy,
    known: list[tuple[str, Checkpoint]],
    report: Report,
) -> None:
    """Tell a receipt from a bundle by its first line, name it by its SHA-256, and examine it."""
    digest = sha256()
    for chunk in iter(lambda: file.read(CHUNK), b""):
        digest.update(chunk)
    report.digest = digest.hexdigest()
    file.seek(0)
    if file.read(len(RECEIPT_BEGINS)) == RECEIPT_BEGINS:
        report.kind = "receipt"
        examine_receipt(read_file(arguments.input, MOST_RECEIPT), policy, known, report)
        return
    report.kind = "bundle"
    bundle = Bundle(arguments.input, file)
    Examination(bundle, policy, known, arguments.tsa_certificates, arguments.jobs, report).run()


def processors() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def arguments_of(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="verify.py", description="Verify a bundle or a receipt of D-Case Audit offline."
    )
    parser.add_argument("input", metavar="BUNDLE.zip|RECEIPT.tlog-proof")
    parser.add_argument("--policy", metavar="FILE", help="your own policy (C2SP tlog-policy): whom you trust")
    parser.add_argument(
        "--known-checkpoint",
        metavar="FILE",
        action="append",
        default=[],
        help="a checkpoint that you kept or got elsewhere",
    )
    parser.add_argument("--tsa-certificates", metavar="FILE", help="the time-stamping authorities' roots, as PEM")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--jobs", type=int, default=processors(), help="how many processes work on a large bundle")
    return parser.parse_args(words)


def main(words: list[str] | None = None) -> int:
    arguments = arguments_of(words)
    report = Report()
    try:
        verify(arguments, report)
    except Unusable as wrong:
        report.problem = str(wrong)
    except BrokenProcessPool:
        report.problem = "a process of this program was stopped, perhaps for want of memory; try --jobs 1"
    except Exception as wrong:
        # Whatever it is, it must not look like a verdict.
        report.problem = f"this program failed, which is a fault of its own: {type(wrong).__name__}: {wrong}"
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    print(as_json(report) if arguments.json else as_text(report))
    return report.status()


if __name__ == "__main__":
    sys.exit(main())
