"""Verify a synthetic bundle with ``verify.py``: the log alone, then everything. 1,000,000 events with LONG=1."""

from __future__ import annotations

import base64
import hashlib
import json
import multiprocessing
import os
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.table import Row, seconds

VERIFIER = Path(__file__).resolve().parent.parent / "dcase_audit" / "trail" / "standalone" / "verify.py"
EVENTS = 1_000_000 if os.environ.get("LONG") == "1" else 100_000
# Each object is inserted once and changed three times.
OBJECTS = EVENTS // 4
CHECKPOINTS = 100
ORIGIN, WITNESS = "bench.example/log", "bench.example/witness"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
START = datetime(2026, 4, 1, tzinfo=UTC)
TABLE = "evidence_revision"
# For a million events on two cores.
LOG_ALONE, EVERYTHING, MEMORY = 15, 60, 1_000_000_000


def verification() -> list[Row]:
    """Write the bundle and verify it twice, with its log alone and with everything."""
    with TemporaryDirectory() as folder:
        log_alone, whole, policy = Path(folder, "log.zip"), Path(folder, "whole.zip"), Path(folder, "policy")
        policy.write_text(f"log {vkey(ORIGIN, 1)}\nwitness w {vkey(WITNESS, 4)}\nquorum w\n")
        # In a small process: a child's peak is never less than what its parent held when it was started.
        with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as elsewhere:
            written = seconds(lambda: elsewhere.apply(write, (log_alone, whole)))
            rows = [
                elsewhere.apply(measured, ("the log alone", log_alone, policy, LOG_ALONE)),
                elsewhere.apply(measured, ("everything", whole, policy, EVERYTHING)),
            ]
    peak = max(memory for _, memory in rows)
    beside = f"of its largest process; writing the bundle took {written:.0f} s"
    row = Row("verify: memory", f"{peak / 1e6:,.0f} MB", f"< {MEMORY / 1e6:,.0f} MB", peak < MEMORY, beside)
    return [*(row for row, _ in rows), row]


def measured(what: str, bundle: Path, policy: Path, target: float) -> tuple[Row, int]:
    """Verify a bundle with as many workers as it wants; return the row, and the peak of its largest process in bytes.

    ``target`` is that of a million events.
    """
    command = [sys.executable, "-I", "-S", str(VERIFIER), str(bundle), "--policy", str(policy)]
    start = time.perf_counter()
    verifier = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(verifier.pid, 0)
    taken = time.perf_counter() - start
    verifier.returncode = os.waitstatus_to_exitcode(status)
    assert verifier.returncode == 0, f"the bundle was not verified: {verifier.returncode}"
    limit = target * EVENTS / 1_000_000
    size = bundle.stat().st_size
    beside = f"{used.ru_utime + used.ru_stime:.1f} s of processor time, a bundle of {size / 1e6:,.0f} MB"
    row = Row(f"verify: {EVENTS:,} events, {what}", f"{taken:.1f} s", f"< {limit:g} s", taken < limit, beside)
    return row, used.ru_maxrss * 1024


def write(log_alone: Path, whole: Path) -> None:
    """Write the same log into both bundles, and disclosures and state into one."""
    leaves: list[bytes] = []
    rows: list[str] = [""] * OBJECTS
    with bundle(log_alone) as one, bundle(whole) as other:
        with other.open("disclosures.jsonl", "w", force_zip64=True) as disclosures:
            for leaf, disclosure in events(rows):
                leaves.append(leaf)
                disclosures.write(disclosure)
        other.writestr(f"state/{TABLE}.jsonl", "".join(f"{row}\n" for row in rows))
        one.writestr("disclosures.jsonl", "")
        for archive, tables in ((one, {}), (other, {TABLE: "id"})):
            archive.writestr("bundle.json", header(tables))
            write_log(archive, leaves)


def bundle(path: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1)


def header(tables: dict[str, str]) -> str:
    moment = "2026-04-01T00:00:00Z"
    sizes = {"size": EVENTS, "state_size": EVENTS, "made_at": moment, "at": None, "cases": [], "tables": tables}
    return json.dumps({"format": "dcase-audit-bundle/1", "origin": ORIGIN, **sizes})


def events(rows: list[str]) -> Iterator[tuple[bytes, bytes]]:
    """Yield leaf and disclosure of each event, 13 fields each; leave the rows behind as they are in the end."""
    sha256 = hashlib.sha256
    for seq in range(EVENTS):
        version, index = divmod(seq, OBJECTS)
        moment = (START + timedelta(milliseconds=seq)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        row = {
            "id": f"{index + 1}",
            "key": f'"night-recovery-{index + 1}"',
            "note": '"改訂の理由と、何が変わったかの説明がここに入る"' if version else "null",
            "state": '"submitted"' if version else '"draft"',
            "number": f"{version + 1}",
            "title_en": f'"The rule of recovery at night, {version + 1}"',
            "title_ja": '"夜間復旧手順"',
            "recorded_at": f'"{moment}"',
        }
        fields = {f"row.{name}": text for name, text in row.items()}
        fields |= {"context.actor": '"user:1"', "context.request": f'"{seq:032x}"', "db.backend_pid": "4711"}
        fields["db.session_user"] = '"dcase_app"'
        if version:
            fields["before"] = f'"{sha256(rows[index].encode()).hexdigest()}"'
        else:
            fields["context.reason"] = '"first draft"'
        rows[index] = "{" + ", ".join(f'"{name}": {text}' for name, text in row.items()) + "}"
        salts = os.urandom(16 * len(fields))
        commitments, shown = [], []
        for place, name in enumerate(sorted(fields)):
            salt, text = salts[16 * place : 16 * place + 16], fields[name]
            head = b"dcase-audit/field/v1\x00" + salt + struct.pack(">H", len(name)) + name.encode()
            commitments.append(sha256(head + text.encode()).digest())
            spelt = base64.urlsafe_b64encode(salt)[:22].decode()
            shown.append(f'["{name}","{spelt}","{text.translate(ESCAPED)}"]')
        proven = sha256(b"dcase-audit/fields/v1\x00" + b"".join(commitments)).hexdigest()
        leaf = (
            f'{{"at":"{moment}","fields":"{proven}","id":{seq},"kind":"{"update" if version else "insert"}",'
            f'"n":{len(fields)},"object":"{TABLE}/{index + 1}","seq":{seq},"source":"row","v":1,'
            f'"version":{version + 1},"xid":"{seq // 5 + 700}"}}'
        )
        yield leaf.encode(), f'{{"seq":{seq},"fields":[{",".join(shown)}]}}\n'.encode()


ESCAPED = str.maketrans({'"': '\\"'})


def write_log(archive: zipfile.ZipFile, leaves: list[bytes]) -> None:
    """Write the tiles, a checkpoint every hundredth of the way, and the last one."""
    tree = Tree()
    for first in range(0, len(leaves), 256):
        tile = leaves[first : first + 256]
        path = f"{first // 256:03d}" if first < 256_000 else f"x{first // 256_000:03d}/{first // 256 % 1000:03d}"
        width = f".p/{len(tile)}" if len(tile) < 256 else ""
        archive.writestr(f"tile/entries/{path}{width}", b"".join(struct.pack(">H", len(leaf)) + leaf for leaf in tile))
        for leaf in tile:
            tree.add(leaf)
            if tree.size == len(leaves):
                archive.writestr("checkpoint", checkpoint(tree))
            elif tree.size % (EVENTS // CHECKPOINTS) == 0:
                archive.writestr(f"checkpoints/{tree.size:012d}", checkpoint(tree))


class Tree:
    """A Merkle tree that leaves are added to, as its perfect subtrees from left to right."""

    def __init__(self) -> None:
        self.size = 0
        self.peaks: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        node = hashlib.sha256(b"\x00" + leaf).digest()
        size = self.size
        while size & 1:
            node = hashlib.sha256(b"\x01" + self.peaks.pop() + node).digest()
            size >>= 1
        self.peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        node = self.peaks[-1]
        for left in self.peaks[-2::-1]:
            node = hashlib.sha256(b"\x01" + left + node).digest()
        return node


def checkpoint(tree: Tree) -> str:
    """Return the checkpoint of the tree, signed and cosigned at the time of its last event."""
    text = f"{ORIGIN}\n{tree.size}\n{base64.b64encode(tree.root()).decode()}\n"
    at = int((START + timedelta(milliseconds=tree.size)).timestamp()) + 1
    cosigned = struct.pack(">Q", at) + KEY.sign(f"cosignature/v1\ntime {at}\n{text}".encode())
    return f"{text}\n{signature_line(ORIGIN, 1, KEY.sign(text.encode()))}{signature_line(WITNESS, 4, cosigned)}"


def signature_line(name: str, kind: int, signature: bytes) -> str:
    return f"— {name} {base64.b64encode(key_id(name, kind) + signature).decode()}\n"


def key_id(name: str, kind: int) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + KEY.public_key().public_bytes_raw()).digest()[:4]


def vkey(name: str, kind: int) -> str:
    public = base64.b64encode(bytes([kind]) + KEY.public_key().public_bytes_raw()).decode()
    return f"{name}+{key_id(name, kind).hex()}+{public}"
