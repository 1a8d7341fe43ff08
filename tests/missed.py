"""A target that was missed in two weeks of October 2026, as monitors would have measured it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dcase_audit.accounts.models import Party
from dcase_audit.cases.models import Case, Node, NodeText
from evidence.models import TargetPeriod

TARGET = {
    "measure": "availability",
    "op": ">=",
    "value": "0.999",
    "period": "P7D",
    "calendar": "24x7",
    "services": ["cash"],
}
WEEK = timedelta(weeks=1)
# Mondays in Tokyo.
FIRST = datetime(2026, 10, 11, 15, tzinfo=UTC)
SECOND = FIRST + WEEK
THIRD = SECOND + WEEK


def missed_target(case: Case, party: Party) -> Node:
    """Put the context C_9 into force, for which ``party`` answers, with what was measured of it."""
    node = Node.objects.create(case=case, key="C_9", kind="context", position=99)
    NodeText.objects.create(
        node=node, statement_en="Three nines", accountable=party, attributes={"targets": [TARGET]}, edition_from=1
    )
    TargetPeriod.objects.bulk_create(_week(node, start) for start in (FIRST, SECOND))
    return node


def _week(node: Node, start: datetime) -> TargetPeriod:
    required, down = 604_800_000, 3_600_000
    share = f"{1 - down / required:.18f}"
    return TargetPeriod(
        node=node,
        service="cash",
        calendar="24x7",
        start=start,
        until=start + WEEK,
        as_of=start + WEEK,
        required_ms=required,
        excused_ms=0,
        down_ms=down,
        unknown_ms=0,
        ahead_ms=0,
        outages=1,
        resolution_ms=1000,
        best=share,
        worst=share,
        source="night-log",
        recorded_at=start + WEEK,
    )
