"""Settle: when facts change, work out what holds now and what will change if nobody does anything.

``settling`` fixes the moment under the locks, so that facts and statuses of a case have one order. What fell due before
the moment was decided by the old facts and is turned into history first; then the touched leaves and all above them are
evaluated and their forecasts replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db import connection, transaction

from dcase_audit.cases import arguments
from dcase_audit.cases.status import RULES_VERSION
from dcase_audit.jobs.services import enqueue_many
from dcase_audit.trail.statements import rows
from evidence import statuses, turning
from evidence.models import Subject

INSTANT = timedelta(microseconds=1)
LOCK = """
SELECT case_id, settled_at, due_at FROM cases_settlement WHERE case_id = ANY(%s) ORDER BY case_id FOR NO KEY UPDATE
"""


class Settled(NamedTuple):
    """A locked settlement row."""

    case: int
    settled_at: datetime
    due_at: datetime | None


class Settling:
    """What is being settled: the moment to write facts with, and the leaves and artefacts that the facts touch."""

    def __init__(self, moment: datetime, cases: list[int]) -> None:
        self.moment = moment
        self.cases = cases
        self.leaves: set[int] = set()
        self.artefacts: set[int] = set()

    def touch(self, *, leaves: Iterable[int] = (), artefacts: Iterable[int] = ()) -> None:
        """Name what must be evaluated once the facts are written."""
        self.leaves.update(leaves)
        self.artefacts.update(artefacts)


@contextmanager
def settling(
    *,
    at: datetime,
    cause: str,
    artefacts: Iterable[int] = (),
    subjects: Iterable[int] = (),
    leaves: Iterable[int] = (),
    cases: Iterable[int] = (),
) -> Iterator[Settling]:
    """Lock what the facts concern, fix the moment, let the caller write the facts with it, then settle.

    Artefacts and subjects are locked before the leaves that depend on them are looked up, so that nobody links or
    publishes in between. ``cause`` names the event on each status change. One transaction; nests in another.
    """
    artefacts, subjects = sorted(set(artefacts)), sorted(set(subjects))
    # What is refused inside goes back to the caller's own savepoint.
    with transaction.atomic(savepoint=False):
        _lock_facts(artefacts, subjects)
        touched = dict(_leaves_of(artefacts, subjects, leaves))
        locked = lock(sorted({*cases, *touched.values()}))
        moment = max([at, *(row.settled_at + INSTANT for row in locked)]).astimezone(UTC)
        due = [row.case for row in locked if row.due_at is not None and row.due_at <= moment]
        if due:
            # The old facts decide what fell due at this very moment; the new ones count from the next instant on.
            turning.turn(due, now=moment)
            moment += INSTANT
        work = Settling(moment, [row.case for row in locked])
        work.touch(leaves=touched, artefacts=artefacts)
        yield work
        statuses.settle(work.leaves, artefacts=work.artefacts, moment=moment, cause=cause)
        close(work.cases, moment)
        enqueue_many(
            "evidence.tell", [(f"evidence.tell:{case}:{moment.isoformat()}", {"case_id": case}) for case in work.cases]
        )


def lock(cases: list[int], *, skip_locked: bool = False) -> list[Settled]:
    """Lock the settlement rows of the cases in one order; cases without an edition have none."""
    if not cases:
        return []
    return [Settled(*row) for row in rows(LOCK + (" SKIP LOCKED" if skip_locked else ""), [cases])]


def close(cases: list[int], moment: datetime) -> None:
    """Note up to when the locked cases are settled and when their next forecast falls due."""
    if not cases:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH settled AS (
                UPDATE cases_settlement s SET settled_at = %(at)s, rules_version = %(rules)s,
                due_at = (SELECT min(f.at) FROM cases_forecast f WHERE f.case_id = s.case_id)
                WHERE case_id = ANY(%(cases)s) RETURNING case_id)
            SELECT trail.record('case.settled', 'case:' || case_id, jsonb_build_object('at', %(said)s::text))
            FROM (SELECT case_id FROM settled ORDER BY case_id) s""",
            {"at": moment, "rules": RULES_VERSION, "cases": cases, "said": moment.isoformat()},
        )


def lock_artefacts(artefacts: Iterable[int]) -> None:
    """Lock the rows of the artefacts in one order, until the transaction ends."""
    rows("SELECT FROM evidence_artefact WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [sorted(artefacts)])


def _lock_facts(artefacts: list[int], subjects: list[int]) -> None:
    if artefacts:
        lock_artefacts(artefacts)
    if subjects:
        list(Subject.objects.select_for_update(no_key=True).filter(pk__in=subjects).order_by("pk").values_list("pk"))


def _leaves_of(artefacts: list[int], subjects: list[int], leaves: Iterable[int]) -> list[tuple[int, int]]:
    """Return (leaf, case) of the leaves that the artefacts were ever linked to, whose criterion names one of the

    subjects, or that are named themselves.
    """
    return [
        (node, case)
        for node, case in rows(
            f"""SELECT node_id, case_id FROM evidence_support WHERE artefact_id = ANY(%(artefacts)s)
            UNION SELECT c.node_id, n.case_id FROM evidence_subject s
                JOIN cases_criterion c ON c.subjects @> ARRAY[s.key] AND {arguments.IN_FORCE.format("c")}
                JOIN cases_node n ON n.id = c.node_id WHERE s.id = ANY(%(subjects)s)
            UNION SELECT id, case_id FROM cases_node WHERE id = ANY(%(leaves)s)""",
            {"artefacts": artefacts, "subjects": subjects, "leaves": list(leaves)},
        )
    ]
