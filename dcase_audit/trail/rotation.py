"""Changing the log's key. Somebody asks for a step; the sequencer logs it as an event that both keys signed.

Each step can be repeated: what was logged and not noted is found in the log by the next process. The number of the
event says for which sizes the keys sign, so every checkpoint that a new key signs holds its announcement.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from django.db import connection

from dcase_audit.errors import AuditError
from dcase_audit.trail.context import acting
from dcase_audit.trail.keyring import Keyring, replace, sync
from dcase_audit.trail.sequencing import Entry, announce
from dcase_audit.trail.signing import Fork, Signer
from dcase_audit.trail.tlog.notes import SigningKey, VerifierKey
from dcase_audit.trail.tlog.succession import ANNOUNCED, RETIRED, ChangeMalformed, KeyChange

STEPS = (ANNOUNCED, RETIRED)
COMMAND = "command:rotate_key"

FIELD = "d.texts[array_position(d.names, 'payload.note')]"
AT = f"SELECT l.kind, l.object, {FIELD} FROM trail.log l JOIN trail.disclosure d USING (seq) WHERE seq = %s"
OF = f"SELECT seq, {FIELD} FROM trail.log l JOIN trail.disclosure d USING (seq) WHERE kind = %s AND object = %s"


class NotNow(AuditError):
    """The step does not follow from where the log's keys are (409)."""

    slug = "key-not-now"
    title = "The log's keys are not at this step"


class Request(NamedTuple):
    """A step that somebody asked for, and what the event says of who and why."""

    step: str
    os_user: str
    reason: str


def ask(signer: Signer, step: str, *, os_user: str, reason: str) -> None:
    """Ask the sequencer for a step: that a new key is ``announced``, or the old one ``retired``.

    Raises:
        NotNow: another step is not done yet, or this one does not come next (409).
    """
    if request_of(signer) is not None:
        raise NotNow("A step that was asked for is not done yet: is the sequencer running?")
    if step == ANNOUNCED and len(signer.keyring.living) > 1:
        raise NotNow("A new key is announced already; the old one is retired next.")
    if step == RETIRED and len(signer.keyring.living) == 1:
        raise NotNow("There is one key: a new one is announced first.")
    replace(_path(signer), json.dumps(Request(step, os_user, reason)._asdict(), ensure_ascii=False).encode())


def request_of(signer: Signer) -> Request | None:
    """Return the step that was asked for and is not done."""
    try:
        return Request(**json.loads(_path(signer).read_bytes()))
    except FileNotFoundError:
        return None


def advance(signer: Signer, epoch: int) -> Entry | None:
    """Do the step that was asked for, if one was; return its event where one was logged now.

    Raises:
        Superseded: another epoch began.
        Fork: the log is shorter than what was signed.
    """
    request = request_of(signer)
    if request is None:
        return None
    if request.step == ANNOUNCED and len(signer.keyring.living) == 1:
        signer.keyring.propose()
    pair, entry = _pair(signer.keyring, request.step), None
    if pair is not None and _logged(request.step, pair) is None:
        entry = _log(signer, request, pair, epoch)
    adopt(signer)
    return entry


def adopt(signer: Signer) -> None:
    """Note the step that is in the log: the process before may have ended between the two.

    Raises:
        Fork: it is where something else was signed.
    """
    request = request_of(signer)
    if request is None:
        return
    pair = _pair(signer.keyring, request.step)
    change = _logged(request.step, pair) if pair else None
    if change is not None:
        _check_is_new(signer, change.size - 1)
        if change.kind == ANNOUNCED:
            signer.keyring.begin(change.size)
        else:
            signer.keyring.end(change.size - 1)
    if change is not None or _is_done(signer.keyring, request.step):
        _done(signer)


def check(signer: Signer, size: int) -> None:
    """See that the log has each change of keys where it was signed to be; what was signed since vouches for itself.

    Raises:
        Fork: it has not.
    """
    terms, last = signer.keyring.terms, signer.last
    for (old, old_sizes), (new, new_sizes) in pairwise(terms):
        changes = [KeyChange(ANNOUNCED, old, new, new_sizes.first)]
        if old_sizes.last is not None:
            changes.append(KeyChange(RETIRED, old, new, old_sizes.last + 1))
        for change in changes:
            if last is not None and change.size <= last.size:
                continue
            if size < change.size or not _is_at(change.size - 1, change):
                raise Fork(f"entry {change.size - 1} is not the change of keys that was signed")


def kind_of(step: str) -> str:
    return f"trail.key_{step}"


def object_of(key: VerifierKey) -> str:
    """Return how the log calls a key."""
    return f"log_key:{key.key_id.hex()}"


class _Pair(NamedTuple):
    old: SigningKey
    new: SigningKey


def _pair(keyring: Keyring, step: str) -> _Pair | None:
    """Return the two keys that make the step, where they are there and it comes next."""
    keys = [held.secret for held in keyring.living]
    if step == ANNOUNCED and len(keys) == 1:
        keys.append(keyring.next)
    elif step == ANNOUNCED or len(keys) == 1:
        return None
    old, new = keys
    return _Pair(old, new) if old is not None and new is not None else None


def _is_done(keyring: Keyring, step: str) -> bool:
    return len(keyring.living) == (2 if step == ANNOUNCED else 1)


def _log(signer: Signer, request: Request, pair: _Pair, epoch: int) -> Entry:
    def statement(seq: int) -> dict[str, str]:
        _check_is_new(signer, seq)
        change = KeyChange(request.step, pair.old.verifier, pair.new.verifier, seq + 1)
        return {"note": change.signed(*pair).format().decode()}

    about = pair.new if request.step == ANNOUNCED else pair.old
    with acting(COMMAND, os_user=request.os_user, reason=request.reason):
        return announce(epoch, kind_of(request.step), object_of(about.verifier), statement)


def _check_is_new(signer: Signer, seq: int) -> None:
    """See that no checkpoint that holds entry ``seq`` was signed: it was signed by other keys than it would be now."""
    last = signer.last
    if last is not None and seq < last.size:
        raise Fork(f"entry {seq} changes the keys, and {last.size} entries were signed before")


def _done(signer: Signer) -> None:
    _path(signer).unlink()
    sync(signer.directory)


def _logged(step: str, pair: _Pair) -> KeyChange | None:
    """Return what both keys stated, where the log has it."""
    about = pair.new if step == ANNOUNCED else pair.old
    with connection.cursor() as cursor:
        cursor.execute(OF, [kind_of(step), object_of(about.verifier)])
        found = cursor.fetchall()
    for seq, text in found:
        change = _stated(text)
        if change == KeyChange(step, pair.old.verifier, pair.new.verifier, seq + 1):
            return change
    return None


def _is_at(seq: int, change: KeyChange) -> bool:
    about = change.new if change.kind == ANNOUNCED else change.old
    with connection.cursor() as cursor:
        cursor.execute(AT, [seq])
        found = cursor.fetchone()
    if found is None:
        return False
    kind, object, text = found
    return (kind, object) == (kind_of(change.kind), object_of(about)) and _stated(text) == change


def _stated(text: str | None) -> KeyChange | None:
    """Read the text of the event's field; None where it is not what two keys signed."""
    try:
        return KeyChange.parse(json.loads(text or "null").encode())
    except (ValueError, AttributeError, ChangeMalformed):
        return None


def _path(signer: Signer) -> Path:
    return signer.directory / "request"
