"""Random histories through the services: what is stored, forecast and logged is what the rules say from the facts."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dcase_audit.cases.models import Forecast, NodeStatus, StatusChange
from dcase_audit.cases.words import Status
from dcase_audit.errors import AuditError
from evidence import services
from evidence.models import Revision
from evidence.sweeping import sweep
from tests.evidence.world import START, World

pytestmark = [pytest.mark.django_db, pytest.mark.no_cover]
STEP = timedelta(hours=8)
NAMES = ("rule-a", "rule-b", "rule-c", "log")
LEAVES = {"rule-a": "E_1", "rule-b": "E_1", "rule-c": "E_2", "log": "M_1"}

acts = st.lists(
    st.tuples(
        st.integers(0, 6),
        st.sampled_from(
            ["submit", "accept", "fail", "retest", "withdraw", "link", "unlink", "subject", "hear", "sweep", "void"]
        ),
        st.sampled_from(NAMES),
        st.integers(0, 3),
    ),
    min_size=3,
    max_size=18,
)


def act(world: World, kind: str, name: str, choice: int, at: datetime) -> None:
    """Do one thing, as far as it is allowed then."""
    artefact = world.artefacts[name]
    revisions = list(Revision.objects.filter(artefact=artefact).order_by("-number"))
    some = revisions[choice % len(revisions)] if revisions else None
    try:
        with transaction.atomic():
            match kind:
                case "submit":
                    world.submit(name, at, valid_from=at + (choice - 1) * STEP)
                case "accept" if some:
                    services.accept(revision=some, actor=None, at=at)
                case "fail":
                    world.submit(name, at, verdict="refutes", proves_from=at - STEP, proves_until=at)
                case "retest":
                    world.accept(name, at, proves_from=at - choice * STEP, proves_until=at)
                case "withdraw" if some:
                    services.withdraw(revision=some, actor=None, at=at, reason="r", effective_at=at + choice * STEP)
                case "void" if some:
                    services.void(revision=some, actor=None, at=at, reason="r")
                case "link":
                    world.link(name, LEAVES[name], at)
                case "unlink":
                    services.unlink(artefact=artefact, node=world.node(LEAVES[name]), actor=None, at=at, reason="r")
                case "subject":
                    since = at + choice * STEP
                    services.record_subject_version(
                        subject=world.subject, version=str(choice % 2 + 1), since=since, actor=None, at=at
                    )
                case "hear":
                    services.hear(artefact=world.artefacts["log"], at=at)
                case "sweep":
                    sweep(now=at, clock_now=at)
    except AuditError:
        pass


@pytest.mark.parametrize("examples", [12, pytest.param(200, marks=pytest.mark.long)])
def test_status_forecast_and_history_are_what_the_rules_say(examples: int) -> None:
    settings(max_examples=examples, suppress_health_check=[HealthCheck.function_scoped_fixture])(holds_for)()


@given(acts)
def holds_for(acts: list[tuple[int, str, str, int]]) -> None:
    with transaction.atomic():
        world, at = World(), START + STEP
        for name in NAMES:
            world.link(name, LEAVES[name])
        for steps, kind, name, choice in acts:
            at += steps * STEP
            act(world, kind, name, choice, at)
            at += timedelta(seconds=1)
            sweep(now=at, clock_now=at)
            assert world.stored() == world.by_rule(at)
            assert_until(world, at)
        assert_history(world, at)
        transaction.set_rollback(True)


def assert_until(world: World, at: datetime) -> None:
    """Check the stored ``until`` by asking the rules at every instant at which any node is to change."""
    now = world.by_rule(at)
    instants = sorted(set(Forecast.objects.filter(case=world.case, provisional=False).values_list("at", flat=True)))
    later = [(instant, world.by_rule(instant, at)) for instant in instants]
    for row in NodeStatus.objects.filter(case=world.case).select_related("node"):
        changes = (instant for instant, statuses in later if statuses[row.node.key] is not now[row.node.key])
        assert row.until == next(changes, None), row.node.key


def assert_history(world: World, at: datetime) -> None:
    """Check that the log said at each change what the rules say from what was recorded by then."""
    for change in StatusChange.objects.filter(case=world.case, before__isnull=False).select_related("node"):
        known = max(change.effective_at, change.recorded_at)
        assert world.by_rule(change.effective_at, known)[change.node.key] is Status(change.after), change.caused_by
    by_node: dict[str, list[tuple[int | None, int]]] = {}
    for key, _, before, after in world.changes():
        by_node.setdefault(key, []).append((before, after))
    for chain in by_node.values():
        assert [before for before, _ in chain] == [None, *(after for _, after in chain[:-1])]
