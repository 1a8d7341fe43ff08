"""F4: the disk of the evidence files is full."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections import Counter
from http import HTTPStatus
from pathlib import Path

from bench.faults import client
from bench.faults.outcome import Outcome
from bench.faults.rig import FILES, REVISIONS, Rig

SIZE = 1024 * 1024
# So many files fit besides what fills the disk.
FIT = 4
MORE = 6
FAULT = "disk full for the files"


def disk_full(rig: Rig, *, fit: int = FIT, more: int = MORE) -> Outcome:
    """Fill the disk but for some files, upload more than fit, make room, and send what was refused again."""
    secret, acked, broken = rig.person("owner"), {}, []
    elsewhere = _missing(rig)
    contents = {str(uuid.uuid4()): os.urandom(SIZE) for _ in range(fit + more)}
    requests = {mark: client.revision(secret, mark, content) for mark, content in contents.items()}
    filler = rig.objects / "filler"
    _fill(filler, leave=fit * SIZE + SIZE // 2)
    try:
        answers = {mark: request.send(rig.address) for mark, request in requests.items()}
        refused = {mark: answer for mark, answer in answers.items() if answer.status != HTTPStatus.CREATED}
        for mark in answers.keys() - refused.keys():
            acked[mark] = answers[mark].number
        statuses = Counter(answer.status for answer in refused.values())
        if set(statuses) != {HTTPStatus.INSUFFICIENT_STORAGE}:
            broken.append(f"refused with {dict(statuses)}")
        if not all(answer.is_problem and "Retry-After" in answer.headers for answer in refused.values()):
            broken.append("a refusal without problem document or Retry-After")
        if stray := rig.stored(REVISIONS, list(refused)):
            broken.append(f"{len(stray)} records of what was refused")
        broken += _torn(rig, elsewhere) + _unread(rig, secret, acked, contents)
    finally:
        filler.unlink()
    for mark in refused:
        answer = requests[mark].send_until_done(rig.address)
        if answer.status != HTTPStatus.CREATED:
            broken.append(f"{answer.status} with room again")
            continue
        acked[mark] = answer.number
    broken += _torn(rig, elsewhere) + _unread(rig, secret, acked, contents)
    beside = (
        f"{len(refused)} refused with {dict(statuses)} on a disk of {_size(rig) >> 20} MiB, taken once there was room"
    )
    return Outcome(FAULT, acked, rig.stored(REVISIONS, list(contents)), broken, beside)


def _size(rig: Rig) -> int:
    found = os.statvfs(rig.objects)
    return found.f_blocks * found.f_frsize


def _fill(path: Path, *, leave: int) -> None:
    found = os.statvfs(path.parent)
    with path.open("wb") as filler:
        os.posix_fallocate(filler.fileno(), 0, found.f_bavail * found.f_frsize - leave)


def _missing(rig: Rig) -> set[str]:
    """Return of which files there are rows and no bytes here: those of servers with another disk, at first."""
    return {sha256 for sha256, _ in rig.ask(FILES)} - {path.name for path in rig.objects.glob("??/??/*")}


def _torn(rig: Rig, elsewhere: set[str]) -> list[str]:
    """Compare the files on the disk with their names and with their rows, but for those that are ``elsewhere``."""
    files = {path.name: path for path in rig.objects.glob("??/??/*")}
    torn = [name for name, path in files.items() if hashlib.sha256(path.read_bytes()).hexdigest() != name]
    found = [f"{len(torn)} torn files"] if torn else []
    if left := list(rig.objects.glob("tmp/*")):
        found.append(f"{len(left)} temporary files")
    if missing := _missing(rig) - elsewhere:
        found.append(f"{len(missing)} files missing")
    return found


def _unread(rig: Rig, secret: str, acked: dict[str, int], contents: dict[str, bytes]) -> list[str]:
    """Read back all that was acknowledged."""
    wrong = Counter[int]()
    for mark, number in acked.items():
        sha256 = hashlib.sha256(contents[mark]).hexdigest()
        answer = client.get(f"/api/v1/revisions/{number}/files/{sha256}", secret).send(rig.address)
        if answer.body != contents[mark]:
            wrong[answer.status] += 1
    return [f"not read back: {dict(wrong)}"] if wrong else []
