"""The check behind the badge: made anew at every request, from the checkpoint's signatures and the tiles.

It is ours and no third party's: somebody who holds the server can have it say anything. ``verify.py`` is for those who
do not trust us; this shows people that the log goes on, and an alarm when it does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from django.utils.translation import gettext as _

from dcase_audit.trail import delay
from dcase_audit.trail.tlog.checkpoints import CheckpointMalformed
from dcase_audit.trail.tlog.notes import Note, NoteMalformed, SignatureInvalid
from dcase_audit.trail.tlog.policy import Judgement, judge
from dcase_audit.verification.disclosing import is_sound
from dcase_audit.verification.keys import policy
from dcase_audit.verification.models import Checkpoint, Entry
from dcase_audit.verification.proofs import LogDamaged, inclusion


class Cosigner(NamedTuple):
    """A witness that cosigned."""

    name: str
    is_independent: bool


@dataclass
class Seal:
    """What the check found: the log is verified up to the entry ``last``, unless there are ``problems``."""

    last: int | None = None
    at: datetime | None = None
    witnesses: list[Cosigner] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    is_waiting: bool = False

    @property
    def is_verified(self) -> bool:
        return self.last is not None and not self.problems

    @property
    def witness_names(self) -> list[str]:
        return [witness.name for witness in self.witnesses]

    @property
    def is_independent(self) -> bool:
        """Tell whether one of the witnesses is somebody else's."""
        return any(witness.is_independent for witness in self.witnesses)


def check(objects: Iterable[str] = ()) -> Seal:
    """Check the newest witnessed checkpoint, that it has its own last entry and the last one of each object before it,

    and that nothing waits for longer than the log promises.
    """
    seal = Seal()
    checkpoint = Checkpoint.objects.witnessed().order_by("-id").first()
    if checkpoint is not None and checkpoint.size:
        _check_checkpoint(seal, checkpoint)
        if not seal.problems:
            _check_entries(seal, checkpoint, list(objects))
    _check_delay(seal)
    return seal


def _check_checkpoint(seal: Seal, checkpoint: Checkpoint) -> None:
    trusted = policy()
    if trusted is None:
        seal.problems.append(_("The log's key is not known here."))
        return
    try:
        judgement = judge(trusted, Note.parse(checkpoint.note.encode()))
    except (NoteMalformed, CheckpointMalformed, SignatureInvalid) as error:
        seal.problems.append(_("The last checkpoint is not signed as it has to be: %(why)s") % {"why": error})
        return
    signed = judgement.checkpoint
    if (signed.size, signed.root) != (checkpoint.size, bytes(checkpoint.root)):
        seal.problems.append(_("The last checkpoint does not say what was recorded of it."))
    elif not judgement.quorum:
        seal.problems.append(_("No witness of ours cosigned the last checkpoint."))
    else:
        _take(seal, judgement, checkpoint)


def _take(seal: Seal, judgement: Judgement, checkpoint: Checkpoint) -> None:
    seal.last = checkpoint.size - 1
    times = [cosigned.at for cosigned in judgement.cosigned]
    seal.at = datetime.fromtimestamp(max(times), UTC) if times else checkpoint.published_at
    seal.witnesses = [Cosigner(one.witness.key.name, one.witness.independent) for one in judgement.cosigned]


def _check_entries(seal: Seal, checkpoint: Checkpoint, objects: list[str]) -> None:
    covered = Entry.objects.filter(seq__lt=checkpoint.size).select_related("disclosure")
    wanted = list(covered.filter(pk=checkpoint.size - 1))
    if not wanted:
        seal.problems.append(_("Entry %(number)d is not in the database.") % {"number": checkpoint.size - 1})
    if objects:
        wanted += covered.filter(object__in=objects).order_by("object", "-version").distinct("object")
    for entry in wanted:
        try:
            inclusion(entry, checkpoint)
        except LogDamaged:
            seal.problems.append(_("Entry %(number)d is not what was sealed.") % {"number": entry.seq})
            continue
        if not is_sound(entry):
            seal.problems.append(_("What entry %(number)d says is not what was sealed.") % {"number": entry.seq})


def _check_delay(seal: Seal) -> None:
    waited = delay.waiting()
    seal.is_waiting = waited is not None
    if waited is not None and delay.is_late(waited):
        minutes = max(1, int(waited.total_seconds() // 60))
        seal.problems.append(
            _("Entries have been waiting to be sealed for %(minutes)d minutes.") % {"minutes": minutes}
        )
