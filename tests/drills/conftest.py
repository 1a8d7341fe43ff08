"""A department that holds a night drill, a machine that reports it, and a case with one leaf that lives on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dcase_audit.accounts.access import Access
from dcase_audit.accounts.models import Membership, Party, User
from dcase_audit.cases.models import Case, Criterion, Link, Node, NodeText
from drills.models import Drill, Occurrence
from drills.services import create_drill
from evidence import services as evidence
from evidence.models import Artefact, Kind, Subject

# Friday 20 November 2026, 15:00 in Tokyo.
NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)
# The drill of the sample: planned for 01:00 of that night in Tokyo, monthly.
NIGHT = datetime(2026, 11, 19, 16, tzinfo=UTC)
TARGETS = [{"measure": "switch_over_confirmed", "op": "<=", "value": "PT15M"}]


@pytest.fixture
def it_service(db: None) -> Party:
    return Party.objects.create(key="it-service", name_ja="ITサービス部", name_en="IT Service")


def member(name: str, party: Party, role: str) -> User:
    user = User.objects.create_user(name, name_en=name.title())
    Membership.objects.create(user=user, party=party, role=role, since=NOW - timedelta(days=400))
    return user


@pytest.fixture
def olga(it_service: Party) -> User:
    return member("olga", it_service, Membership.Role.OWNER)


@pytest.fixture
def ken(it_service: Party) -> User:
    return member("ken", it_service, Membership.Role.APPROVER)


@pytest.fixture
def robot(it_service: Party) -> User:
    """The account of a machine that came with a token of the department for uploading results."""
    user = User.objects.create_user("robot", kind=User.Kind.MACHINE)
    user.__dict__["_access"] = Access(
        user_id=user.pk, serves=frozenset({it_service.pk}), scopes=frozenset({"drills:write"})
    )
    return user


@pytest.fixture
def artefact(it_service: Party, olga: User) -> Artefact:
    kind = Kind.objects.create(key="drill-record", name_ja="訓練記録", name_en="Drill record")
    return evidence.create_artefact(
        kind=kind,
        key="night-drills",
        title_ja="夜間訓練の記録",
        custodian=it_service,
        owner=olga,
        actor=None,
        at=early(),
    )


def early() -> datetime:
    return NOW - timedelta(days=30)


@pytest.fixture
def leaf(artefact: Artefact) -> Node:
    """E_9 of a published case whose top goal rests on it alone; the artefact supports it."""
    case = Case.objects.create(slug="recurrence", title_en="Prevention of recurrence", created_at=early())
    goal = Node.objects.create(case=case, key="G_1", kind="goal")
    leaf = Node.objects.create(case=case, key="E_9", kind="evidence", position=1)
    for node in (goal, leaf):
        NodeText.objects.create(node=node, statement_en=node.key, accountable=artefact.custodian)
    Link.objects.create(case=case, source=goal, target=leaf, kind="supported_by")
    Criterion.objects.create(
        node=leaf, kinds=["drill-record"], must_cover=["night"], max_age="P100D", warn_before="P14D"
    )
    evidence.publish_edition(case=case, actor=None, at=early())
    evidence.link(artefact=artefact, node=leaf, actor=None, at=early())
    return leaf


@pytest.fixture
def drill(artefact: Artefact, olga: User) -> Drill:
    Subject.objects.create(key="failover-setting", department=artefact.custodian)
    Subject.objects.create(key="failover-manual", department=artefact.custodian)
    return create_drill(
        key="night-failover",
        title_ja="夜間の切替わり訓練",
        title_en="Night switch-over",
        artefact=artefact,
        department=artefact.custodian,
        starts_at=NIGHT,
        rule="FREQ=MONTHLY",
        covers=["night"],
        targets=TARGETS,
        actor=olga,
        at=NIGHT - timedelta(days=7),
    )


@pytest.fixture
def occurrence(drill: Drill) -> Occurrence:
    """The drill's first occurrence, on the night of the sample."""
    return drill.occurrences.get(planned_at=NIGHT)
