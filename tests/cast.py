"""The known cast and a small case of two departments, made through the services.

Olga owns evidence in IT Service, Ken approves there and Hana heads it; Bo owns evidence in IT Development, the case's
other department; Miki manages; Rin audits the case for a third party; Ada administers; Otto belongs to a department
that the case does not know. The robot uploads for IT Service. Everybody has an API token with every scope, the robot
one with its own.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dcase_audit import clock
from dcase_audit.accounts import authentication
from dcase_audit.accounts.models import ApiToken, Engagement, Membership, Party, User
from dcase_audit.cases.models import Case, Criterion, Link, Node, NodeText
from drills.models import Drill
from drills.services import create_drill
from evidence import services
from evidence.models import Artefact, Kind, Revision, Subject
from evidence.services import FileIn
from evidence.storage import store_file

# Friday 20 November 2026, 15:00 in Tokyo; the case is a month older.
NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)
EARLY = NOW - timedelta(days=30)
NIGHT = datetime(2026, 11, 19, 16, tzinfo=UTC)
POINTING = (("G_1", "goal"), ("Ex_1", "external"))
EVERY_SCOPE = list(ApiToken.Scope.values)


@dataclass(frozen=True)
class Cast:
    """Who there is, and what they work on."""

    people: dict[str, User]
    secrets: dict[str, str]
    it_service: Party
    it_development: Party
    sales: Party
    management: Party
    kinds: dict[str, Kind]
    case: Case
    night_drills: Artefact
    review_rule: Artefact
    sales_notes: Artefact
    subject: Subject
    drill: Drill

    def __getattr__(self, name: str) -> User:
        try:
            return self.people[name]
        except KeyError:
            raise AttributeError(name) from None

    def node(self, key: str) -> Node:
        return self.case.nodes.get(key=key)


def department(key: str, ja: str, en: str, **more: Any) -> Party:
    return Party.objects.create(key=key, name_ja=ja, name_en=en, **more)


def person(name: str, *roles: tuple[Party, str], **more: Any) -> User:
    user = User.objects.create_user(name, name_en=name.title(), **more)
    for party, role in roles:
        Membership.objects.create(user=user, party=party, role=role, since=NOW - timedelta(days=400))
    return user


def token(user: User, scopes: list[str], party: Party | None = None) -> str:
    """Issue a token for a day of the machine's clock; return its secret."""
    expires_at = datetime.now(UTC) + timedelta(days=1)
    _, secret = authentication.issue(
        user=user, name="test", scopes=scopes, expires_at=expires_at, department=party, created_by=None
    )
    return secret


def make_cast() -> Cast:
    """Make everybody and everything; takes its moments from ``EARLY`` and ``NOW``, whatever the clock says."""
    it_service = department("it-service", "ITサービス部", "IT Service")
    it_development = department("it-development", "IT開発部", "IT Development")
    sales = department("sales", "営業部", "Sales")
    management = department("management", "経営層", "Management")
    institution = department("auditors", "監査法人", "Auditors", kind=Party.Kind.INSTITUTION)
    people = {
        "olga": person("olga", (it_service, "owner")),
        "ken": person("ken", (it_service, "approver")),
        "hana": person("hana", (it_service, "head")),
        "bo": person("bo", (it_development, "owner")),
        "miki": person("miki", (management, "management")),
        "otto": person("otto", (sales, "owner")),
        "rin": person("rin"),
        "ada": person("ada", is_administrator=True),
        "robot": person("robot", kind=User.Kind.MACHINE),
    }
    Engagement.objects.create(
        user=people["rin"],
        institution=institution,
        case_slug="recurrence",
        since=NOW - timedelta(days=7),
        until=NOW + timedelta(days=30),
    )
    secrets = {name: token(user, EVERY_SCOPE) for name, user in people.items() if name != "robot"}
    secrets["robot"] = token(people["robot"], ["drills:write", "monitors:write", "subjects:write"], it_service)
    kinds = {
        "drill-record": Kind.objects.create(key="drill-record", name_ja="訓練記録", name_en="Drill record"),
        "rule": Kind.objects.create(key="rule", name_ja="規程", name_en="Rule"),
    }
    subject = Subject.objects.create(key="failover-setting", department=it_service)
    case = make_case(management, it_service, it_development)
    night_drills = artefact("night-drills", "夜間訓練の記録", kinds["drill-record"], it_service, people["olga"])
    review_rule = artefact("review-rule", "レビュー規程", kinds["rule"], it_development, people["bo"])
    services.link(artefact=night_drills, node=case.nodes.get(key="E_1"), actor=None, at=EARLY)
    services.link(artefact=review_rule, node=case.nodes.get(key="E_2"), actor=None, at=EARLY)
    return Cast(
        people=people,
        secrets=secrets,
        it_service=it_service,
        it_development=it_development,
        sales=sales,
        management=management,
        kinds=kinds,
        case=case,
        night_drills=night_drills,
        review_rule=review_rule,
        sales_notes=artefact("sales-notes", "営業メモ", kinds["rule"], sales, people["otto"]),
        subject=subject,
        drill=create_drill(
            key="night-failover",
            title_ja="夜間の切替わり訓練",
            title_en="Night switch-over",
            artefact=night_drills,
            department=it_service,
            starts_at=NIGHT,
            rule="FREQ=MONTHLY",
            covers=["night"],
            targets=[{"measure": "switch_over_confirmed", "op": "<=", "value": "PT15M"}],
            actor=people["olga"],
            at=NIGHT - timedelta(days=7),
        ),
    )


def make_case(management: Party, it_service: Party, it_development: Party) -> Case:
    """Publish G_1 over G_2 (E_1: drills of IT Service) and G_3 (E_2: rules of IT Development)."""
    case = Case.objects.create(slug="recurrence", title_ja="再発防止", title_en="No recurrence", created_at=EARLY)
    held = {"G_1": management, "G_2": it_service, "E_1": it_service, "G_3": it_development, "E_2": it_development}
    nodes = {
        key: Node.objects.create(case=case, key=key, kind="evidence" if key[0] == "E" else "goal", position=position)
        for position, key in enumerate(held)
    }
    for key, party in held.items():
        NodeText.objects.create(node=nodes[key], statement_en=f"{key} holds", accountable=party, custodian=party)
    for source, target in (("G_1", "G_2"), ("G_1", "G_3"), ("G_2", "E_1"), ("G_3", "E_2")):
        Link.objects.create(case=case, source=nodes[source], target=nodes[target], kind="supported_by")
    Criterion.objects.create(
        node=nodes["E_1"],
        kinds=["drill-record"],
        must_cover=["night"],
        max_age="P100D",
        warn_before="P14D",
        subjects=["failover-setting"],
    )
    Criterion.objects.create(node=nodes["E_2"], kinds=["rule"], max_age="P1Y", warn_before="P30D")
    services.publish_edition(case=case, actor=None, at=EARLY)
    return case


def case_pointing_at(goal: Node, *, held_by: Party, slug: str = "other") -> Case:
    """Publish a case whose goal rests on a goal of another case alone."""
    case = Case.objects.create(slug=slug, title_ja="別件", title_en="Another", created_at=EARLY)
    top, external = (Node.objects.create(case=case, key=key, kind=kind) for key, kind in POINTING)
    NodeText.objects.create(node=top, statement_en="It holds", statement_ja="成り立つ", accountable=held_by)
    NodeText.objects.create(node=external, statement_en="Theirs", statement_ja="先方", points_at=goal)
    Link.objects.create(case=case, source=top, target=external, kind="supported_by")
    services.publish_edition(case=case, actor=None, at=NOW)
    return case


def artefact(key: str, title_ja: str, kind: Kind, custodian: Party, owner: User) -> Artefact:
    return services.create_artefact(
        kind=kind, key=key, title_ja=title_ja, custodian=custodian, owner=owner, actor=None, at=EARLY
    )


def revision(of: Artefact, author: User, *, content: bytes = b"a record", **more: Any) -> Revision:
    """Add a draft that proves the past week."""
    at = more.pop("at", NOW)
    file = store_file(io.BytesIO(content), media_type="text/plain", at=at)
    defaults: dict[str, Any] = {"proves_from": at - timedelta(days=7), "proves_until": at, "covers": ["night"]}
    named = [FileIn(file=file, name="記録.txt")]
    return services.add_revision(artefact=of, actor=author, at=at, files=named, **defaults | more)


def submitted(of: Artefact, author: User, **more: Any) -> Revision:
    found = revision(of, author, **more)
    services.submit(revision=found, actor=author, at=more.get("at", NOW))
    return found


@pytest.fixture
def the_clock() -> Iterator[datetime]:
    """Set the domain's clock of this whole process to ``NOW``, server threads included."""
    clock.fix(NOW)
    yield NOW
    clock.fix(None)


@pytest.fixture
def cast(db: None, the_clock: datetime) -> Cast:
    return make_cast()
