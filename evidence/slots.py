"""The slots of a leaf's criterion: what fills one best, and what is said of all of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from dcase_audit.cases.words import Status
from evidence.facts import Revision

Because = tuple[dict[str, Any], ...]

# Which artefact fills a slot best: one that is in force before one that waits.
FILL_ORDER = (Status.SUPPORTED, Status.EXPIRING, Status.STALE, Status.PENDING, Status.EXPIRED, Status.MISSING)
RANK = {status: rank for rank, status in enumerate(FILL_ORDER)}


class Filling(NamedTuple):
    """How one artefact fills a slot at a moment: status, reasons, and the end of the period in force, if any."""

    status: Status
    reasons: Because = ()
    ends_at: datetime | None = None
    revision: Revision | None = None


# What fills a slot, and the items that it stands for: one, several that are filled alike, or none of them.
Slot = tuple[tuple[str, ...], Filling]


def best(fillings: list[Filling], misfits: Because) -> Filling:
    """Return the best filling of a slot; where nothing is, with the reasons of all."""
    if not fillings or all(filling.status is Status.MISSING for filling in fillings):
        reasons = tuple(reason for filling in fillings for reason in filling.reasons) + misfits
        return Filling(Status.MISSING, reasons or ({"reason": "none"},))
    return min(fillings, key=lambda filling: RANK[filling.status])


def gathered(slots: list[Slot]) -> Because:
    """Return the reasons of all slots, equal ones once, each with the items it concerns."""
    if len(slots) == 1:
        ((items, filling),) = slots
        if not filling.reasons:
            return ()
        concerned = {"items": list(items)} if items else {}
        return tuple({"status": filling.status.word, **reason, **concerned} for reason in filling.reasons)
    if not any(filling.reasons for _, filling in slots):
        return ()
    found: dict[str, tuple[dict[str, Any], list[str]]] = {}
    for items, filling in slots:
        for reason in filling.reasons:
            entry = {"status": filling.status.word, **reason}
            _, concerns = found.setdefault(repr(entry), (entry, []))
            concerns.extend(items)
    return tuple({**entry, "items": concerns} if concerns else entry for entry, concerns in found.values())
