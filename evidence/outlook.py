"""How an artefact itself stands, over all leaves it supports: what lists show and sort by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from dcase_audit.cases.words import Status
from evidence.facts import NEVER
from evidence.leaf_status import Leaf


class Outlook(NamedTuple):
    """``state`` holds until ``warn_at``, reads *expiring* until ``due_at`` and *expired* from then on.

    Only the state *supported* has the two moments. ``refresh_at``: when the state itself changes without new facts.
    """

    state: str
    warn_at: datetime
    due_at: datetime
    revision: int | None
    refresh_at: datetime | None


def outlook(artefact: int, leaves: Sequence[Leaf], at: datetime) -> Outlook:
    """Return the artefact's outlook at ``at``: the worst over the leaves that it supports."""
    found = _state(artefact, leaves, at)
    moments = sorted({moment for leaf in leaves for moment in leaf.moments(after=at)})
    for moment in moments:
        if _state(artefact, leaves, moment)[:4] != found[:4]:
            return found._replace(refresh_at=None if moment == found.due_at else moment)
    return found


def _state(artefact: int, leaves: Sequence[Leaf], at: datetime) -> Outlook:
    if any(reason["artefact"] == artefact for leaf in leaves for reason in leaf.refutations(at)):
        return Outlook("refuted", NEVER, NEVER, None, None)
    found = []
    for leaf in leaves:
        for support in leaf.linked(at):
            if support.artefact == artefact and leaf.fits(support):
                found.append((leaf, leaf.filling(support, None, at)))
    if not found:
        return Outlook("missing", NEVER, NEVER, None, None)
    leaf, filling = min(found, key=lambda pair: (pair[1].status, pair[1].ends_at or NEVER))
    revision = filling.revision.id if filling.revision else None
    if filling.status in (Status.SUPPORTED, Status.EXPIRING, Status.EXPIRED) and filling.ends_at:
        warn_at = min(leaf.warning(filling.ends_at) for leaf, filling in found if filling.ends_at)
        return Outlook("supported", warn_at, filling.ends_at, revision, None)
    return Outlook(filling.status.word, NEVER, NEVER, revision, None)
