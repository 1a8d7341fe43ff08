"""Sweep, settle and status at the sizes that the design names."""

from __future__ import annotations

import os
import resource
from datetime import timedelta
from typing import Any, NamedTuple

from bench.table import Row, median_of, p95, repeated, seconds
from bench.world import DAY, NOW, World, seed


class Swept(NamedTuple):
    """What one sweep took and made; ``grown`` in megabytes."""

    seconds: float
    queries: int
    changes: int
    jobs: int
    events: int
    grown: float


def sweep(world: World) -> list[Row]:
    """Flag a tenth of all artefacts as due, with status changes of leaves and ancestors and the job rows."""
    seed(world, cases=100, leaves=1000)
    with world.uncaptured():
        plain = _swept(world)
    seed(world, cases=100, leaves=1000)
    found = [_sweep(100, _swept(world), 1.0, f"; without capture {plain.seconds:.2f} s"), _nothing_due()]
    if os.environ.get("LONG") == "1":
        seed(world, cases=1000, leaves=1000)
        found.append(_sweep(1000, _swept(world), 20.0))
    return found


def _swept(world: World) -> Swept:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from dcase_audit.trail.context import acting
    from evidence.sweeping import sweep as sweep_now

    tables = {"changes": "cases_statuschange", "jobs": "jobs_job", "events": "trail.outbox"}
    before = {what: world.one(f"SELECT count(*) FROM {table}") for what, table in tables.items()}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    moment = NOW + DAY
    with acting("bench"), CaptureQueriesContext(connection) as queries:
        took = seconds(lambda: sweep_now(now=moment, clock_now=moment))
    made = {what: world.one(f"SELECT count(*) FROM {table}") - before[what] for what, table in tables.items()}
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) / 1024
    return Swept(took, len(queries), grown=grown, **made)


def _sweep(cases: int, swept: Swept, limit: float, beside: str = "") -> Row:
    from evidence.sweeping import BATCH

    batches = -(-cases // BATCH)
    return Row(
        f"sweep: 10 % of {cases * 1000:,} artefacts due",
        f"{swept.seconds:.2f} s",
        f"< {limit:g} s",
        swept.seconds < limit,
        f"{swept.changes:,} changes, {swept.events:,} events, {swept.jobs} jobs, {batches} batches,"
        f" {swept.queries / batches:.1f} Django queries a batch, +{swept.grown:.0f} MB"
        f" (a peer: 493 s, 80,933 queries for 10,000 of 100,000){beside}",
    )


def _nothing_due() -> Row:
    from dcase_audit.trail.context import acting
    from evidence.sweeping import sweep as sweep_now

    moment = NOW + DAY
    with acting("bench"):
        took = median_of(repeated(lambda: sweep_now(now=moment, clock_now=moment), 20))
    return Row("sweep: nothing due", f"{took * 1000:.1f} ms", "< 10 ms", took < 0.010, "median of 20")


def settle(world: World) -> list[Row]:
    """One fact in a case of 10,000 nodes: a decision is taken and everything above the leaf is worked out."""
    from dcase_audit.trail.context import acting
    from evidence.models import Artefact
    from evidence.settling import settling

    seed(world, cases=1, leaves=8000)
    artefacts = list(Artefact.objects.order_by("pk")[10:7900:13])[:600]
    moment = NOW + timedelta(hours=1)

    def one(artefact: Artefact) -> None:
        nonlocal moment
        moment += timedelta(seconds=1)
        _voided(artefact, moment)

    def _voided(artefact: Artefact, at: Any) -> None:
        from evidence.models import Decision, Revision

        with settling(at=at, cause="bench", artefacts=[artefact.pk]) as work:
            revision = Revision.objects.get(artefact=artefact, number=2)
            Decision.objects.create(
                revision=revision,
                kind="voided",
                by=artefact.owner,
                at=work.moment,
                effective_at=work.moment,
                reason="b",
            )

    def taken(some: list[Artefact]) -> list[float]:
        return [seconds(lambda artefact=artefact: one(artefact)) for artefact in some]  # type: ignore[misc]

    samples, plain = [], []
    with acting("bench"):
        for start in range(0, len(artefacts), 50):
            samples += taken(artefacts[start : start + 25])
            with world.uncaptured():
                plain += taken(artefacts[start + 25 : start + 50])
    return [
        Row(
            "settle: one fact in a 10,000-node case",
            f"p95 {p95(samples) * 1000:.1f} ms",
            "< 25 ms",
            p95(samples) < 0.025,
            f"p50 {median_of(samples) * 1000:.1f} ms, {len(samples)} facts, to commit;"
            f" without capture p50 {median_of(plain) * 1000:.1f} ms, p95 {p95(plain) * 1000:.1f} ms",
        )
    ]


def status(world: World) -> list[Row]:
    """The status of a whole case from its facts, at any moment."""
    from dcase_audit.cases import arguments
    from dcase_audit.cases.models import Case
    from dcase_audit.cases.status import roll_up
    from evidence.asof import case_status
    from evidence.leaf_status import leaf_status
    from evidence.loading import facts_of

    seed(world, cases=1, leaves=8000)
    nodes, supports = arguments.nodes_of([1]), arguments.supports_of([1])
    leaves = [node for node, row in nodes.items() if row.kind == "evidence"]
    facts = facts_of(leaves, at=NOW)
    argument = arguments.argument_of(nodes, supports)

    def pure() -> None:
        roll_up(argument, {node: leaf_status(fact, NOW, NOW)[0] for node, fact in facts.items()})

    def loading() -> None:
        nodes = arguments.nodes_of([1])
        argument = arguments.argument_of(nodes, arguments.supports_of([1]))
        facts = facts_of(leaves, at=NOW)
        roll_up(argument, {node: leaf_status(fact, NOW, NOW)[0] for node, fact in facts.items()})

    evaluated, loaded = median_of(repeated(pure, 5)), median_of(repeated(loading, 5))
    seed(world, cases=1, leaves=1000)
    case, past = Case.objects.get(), NOW - 50 * DAY
    moments = median_of(repeated(lambda: case_status(case, at=past, known=past), 9))
    return [
        Row("status: 10,000-node case, pure", f"{evaluated:.3f} s", "< 0.25 s", evaluated < 0.25, "median of 5"),
        Row("status: the same with loading", f"{loaded:.3f} s", "< 0.6 s", loaded < 0.6, "median of 5"),
        Row(
            "status: any past moment of 1,000 leaves",
            f"{moments * 1000:.0f} ms",
            "< 100 ms",
            moments < 0.1,
            "median of 9",
        ),
    ]
