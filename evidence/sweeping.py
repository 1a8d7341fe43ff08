"""The sweep: what time alone decides. It records and tells; no status depends on its having run."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from dcase_audit.cases.status import RULES_VERSION
from dcase_audit.errors import Invalid
from dcase_audit.jobs.services import enqueue_many
from dcase_audit.trail.statements import rows, written
from evidence import settling, standings, statuses, turning

BATCH = 20
CLAIM = """
SELECT case_id FROM cases_settlement WHERE due_at <= %s ORDER BY due_at LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
"""


class LaterThanNow(Invalid):
    """A sweep writes history and so cannot run ahead of time (422)."""

    slug = "later-than-now"
    title = "A sweep cannot run ahead of time"


class Swept(NamedTuple):
    """What a sweep did; a second one at the same moment finds nothing."""

    cases: int
    changes: int
    standings: int
    resettled: int


def sweep(*, now: datetime, clock_now: datetime) -> Swept:
    """Settle everything due by ``now``, batch by batch, each a transaction of its own.

    Raises:
        LaterThanNow: ``now`` lies after ``clock_now``, the present (422).
    """
    if now > clock_now:
        raise LaterThanNow("the sweep settles what is due up to now; for a look ahead ask for the forecast")
    resettled = _resettle(now)
    cases = changes = 0
    while True:
        claimed, turned = _turn_batch(now)
        if not claimed:
            break
        cases, changes = cases + claimed, changes + turned
    with transaction.atomic():
        refreshed = standings.refresh_due(now=now)
    return Swept(cases, changes, refreshed, resettled)


@transaction.atomic
def _turn_batch(now: datetime) -> tuple[int, int]:
    claimed = [row[0] for row in rows(CLAIM, [now, BATCH])]
    if not claimed:
        return 0, 0
    turned = turning.turn(claimed, now=now)
    settling.close(claimed, now)
    tell = [(f"evidence.tell:{case}:{now.isoformat()}", {"case_id": case}) for case in sorted(turned.cases)]
    enqueue_many("evidence.tell", tell)
    return len(claimed), turned.changes


def _resettle(now: datetime) -> int:
    """Settle anew the cases whose rules changed and those that were asked for, one transaction each."""
    wanted = rows(
        "SELECT case_id FROM cases_settlementrequest WHERE at <= %s"
        " UNION SELECT case_id FROM cases_settlement WHERE rules_version <> %s",
        [now, RULES_VERSION],
    )
    for (case,) in sorted(wanted):
        with transaction.atomic():
            _resettle_case(case, now)
    return len(wanted)


def _resettle_case(case: int, now: datetime) -> None:
    locked = settling.lock([case])
    if not locked:
        return
    moment = max(now, locked[0].settled_at + settling.INSTANT)
    written("DELETE FROM cases_settlementrequest WHERE case_id = %s AND at <= %s RETURNING id", [case, now])
    turning.turn([case], now=moment)
    statuses.settle_case(case, moment=moment, cause="case.resettled")
    settling.close([case], moment)
    enqueue_many("evidence.tell", [(f"evidence.tell:{case}:{moment.isoformat()}", {"case_id": case})])
