"""Sweep, settle and status at the sizes that the design names."""

from __future__ import annotations

import os
import resource
from datetime import timedelta
from typing import Any

import psycopg

from bench import world
from bench.table import Row, median_of, p95, repeated, seconds


def sweep(owner: psycopg.Connection[Any]) -> list[Row]:
    """Flag a tenth of all artefacts as due, with status changes of leaves and ancestors and the job rows."""
    found = [_sweep(owner, cases=100, limit=1.0)]
    found.append(_nothing_due())
    if os.environ.get("LONG") == "1":
        found.append(_sweep(owner, cases=1000, limit=20.0))
    return found


def _sweep(owner: psycopg.Connection[Any], *, cases: int, limit: float) -> Row:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from dcase_audit.trail.context import acting
    from evidence.sweeping import BATCH
    from evidence.sweeping import sweep as sweep_now

    world.seed(owner, cases=cases, leaves=1000)
    moment = world.NOW + world.DAY
    before = owner.execute("SELECT count(*) FROM cases_statuschange").fetchone()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with acting("bench"), CaptureQueriesContext(connection) as queries:
        took = seconds(lambda: sweep_now(now=moment, clock_now=moment))
    after = owner.execute("SELECT count(*), (SELECT count(*) FROM jobs_job) FROM cases_statuschange").fetchone()
    assert before is not None and after is not None
    changes, batches = after[0] - before[0], -(-cases // BATCH)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) / 1024
    return Row(
        f"sweep: 10 % of {cases * 1000:,} artefacts due",
        f"{took:.2f} s",
        f"< {limit:g} s",
        took < limit,
        f"{changes:,} changes, {after[1]} jobs, {batches} batches,"
        f" {len(queries) / batches:.1f} Django queries a batch, "
        f"+{grown:.0f} MB (a peer: 493 s, 80,933 queries for 10,000 of 100,000)",
    )


def _nothing_due() -> Row:
    from dcase_audit.trail.context import acting
    from evidence.sweeping import sweep as sweep_now

    moment = world.NOW + world.DAY
    with acting("bench"):
        took = median_of(repeated(lambda: sweep_now(now=moment, clock_now=moment), 20))
    return Row("sweep: nothing due", f"{took * 1000:.1f} ms", "< 10 ms", took < 0.010, "median of 20")


def settle(owner: psycopg.Connection[Any]) -> list[Row]:
    """One fact in a case of 10,000 nodes: a decision is taken and everything above the leaf is worked out."""
    from dcase_audit.trail.context import acting
    from evidence.models import Artefact
    from evidence.settling import settling

    world.seed(owner, cases=1, leaves=8000)
    artefacts = list(Artefact.objects.order_by("pk")[10:4000:13])[:300]
    moment = world.NOW + timedelta(hours=1)

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

    with acting("bench"):
        samples = [seconds(lambda artefact=artefact: one(artefact)) for artefact in artefacts]  # type: ignore[misc]
    return [
        Row(
            "settle: one fact in a 10,000-node case",
            f"p95 {p95(samples) * 1000:.1f} ms",
            "< 25 ms",
            p95(samples) < 0.025,
            f"p50 {median_of(samples) * 1000:.1f} ms, {len(samples)} facts, to commit",
        )
    ]


def status(owner: psycopg.Connection[Any]) -> list[Row]:
    """The status of a whole case from its facts, at any moment."""
    from dcase_audit.cases import arguments
    from dcase_audit.cases.models import Case
    from dcase_audit.cases.status import roll_up
    from evidence.asof import case_status
    from evidence.leaf_status import leaf_status
    from evidence.loading import facts_of

    world.seed(owner, cases=1, leaves=8000)
    nodes, supports = arguments.nodes_of([1]), arguments.supports_of([1])
    leaves = [node for node, row in nodes.items() if row.kind == "evidence"]
    facts = facts_of(leaves, at=world.NOW)
    argument = arguments.argument_of(nodes, supports)

    def pure() -> None:
        roll_up(argument, {node: leaf_status(fact, world.NOW, world.NOW)[0] for node, fact in facts.items()})

    def loading() -> None:
        nodes = arguments.nodes_of([1])
        argument = arguments.argument_of(nodes, arguments.supports_of([1]))
        facts = facts_of(leaves, at=world.NOW)
        roll_up(argument, {node: leaf_status(fact, world.NOW, world.NOW)[0] for node, fact in facts.items()})

    evaluated, loaded = median_of(repeated(pure, 5)), median_of(repeated(loading, 5))
    world.seed(owner, cases=1, leaves=1000)
    case, past = Case.objects.get(), world.NOW - 50 * world.DAY
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
