"""What lists must not tell: that there are rows which the asker does not see. And what they may cost."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from dcase_audit.accounts.models import TokenRate
from evidence import services
from evidence.models import Artefact
from evidence.services import FileIn
from evidence.storage import store_file
from tests.api.client import Api
from tests.cast import NOW, Cast, artefact, submitted

OWNERS = {"it-service": "olga", "it-development": "bo", "sales": "otto"}


class Spec(NamedTuple):
    """An artefact to be: whose, of which kind, how it stands, and whether it supports the case."""

    department: str
    kind: str
    state: str
    linked: bool
    title: str


SPECS = st.builds(
    Spec,
    department=st.sampled_from(list(OWNERS)),
    kind=st.sampled_from(["rule", "drill-record"]),
    state=st.sampled_from(["missing", "pending", "supported", "ending", "ended", "refuted"]),
    linked=st.booleans(),
    title=st.sampled_from(["夜間訓練", "復旧手順", "Recovery", "ＲＥＣＯＶＥＲＹ"]),
)
QUERIES = st.fixed_dictionaries(
    {"limit": st.sampled_from(["1", "2", "7"])},
    optional={
        "status": st.sampled_from(["missing", "pending", "supported", "expiring", "expired", "refuted"]),
        "department": st.sampled_from(list(OWNERS)),
        "kind": st.sampled_from(["rule", "drill-record"]),
        "case": st.just("recurrence"),
        "q": st.sampled_from(["訓練", "recovery", "a"]),
    },
)


def seen_by(name: str, spec: Spec, supports: bool) -> bool:
    return supports if name == "rin" else OWNERS[spec.department] == name


def make(cast: Cast, number: int, spec: Spec) -> None:
    """Make the artefact through the services, with the number in its key."""
    owner = cast.people[OWNERS[spec.department]]
    party = {"it-service": cast.it_service, "it-development": cast.it_development, "sales": cast.sales}
    made = artefact(f"made-{number}", spec.title, cast.kinds[spec.kind], party[spec.department], owner)
    if supports(spec):
        services.link(artefact=made, node=cast.node(node_for(spec)), actor=None, at=NOW)
    if spec.state == "missing":
        return
    ends = {"ending": NOW + timedelta(days=5), "ended": NOW - timedelta(days=5)}.get(spec.state)
    file = store_file(io.BytesIO(b"%d" % number), media_type="text/plain", at=NOW)
    revision = services.add_revision(
        artefact=made,
        actor=owner,
        at=NOW - timedelta(days=20),
        files=[FileIn(file=file, name="a.txt")],
        verdict="refutes" if spec.state == "refuted" else "supports",
        covers=["night"],
        valid_from=NOW - timedelta(days=30),
        valid_until=ends,
        subjects={"failover-setting": {"version": "on"}},
    )
    services.submit(revision=revision, actor=owner, at=NOW - timedelta(days=20))
    if spec.state in {"supported", "ending", "ended"}:
        services.accept(revision=revision, actor=None, at=NOW - timedelta(days=20))


def supports(spec: Spec) -> bool:
    return spec.linked and spec.department != "sales"


def node_for(spec: Spec) -> str:
    return "E_1" if spec.kind == "drill-record" else "E_2"


def every_page(api: Api, path: str, query: dict[str, str]) -> list[Any]:
    found: list[Any] = []
    page = api.get(path, query).json()
    while True:
        found += page["items"]
        assert len(page["items"]) <= int(query["limit"])
        if page["next"] is None:
            return found
        page = api.get(page["next"]).json()


@pytest.mark.parametrize("name", ["olga", "bo", "rin"])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(specs=st.lists(SPECS, max_size=12), query=QUERIES)
def test_N6_a_list_is_that_of_a_database_without_the_hidden_rows(
    cast: Cast, name: str, specs: list[Spec], query: dict[str, str]
) -> None:
    answers = []
    for hidden_too in (True, False):
        before = transaction.savepoint()
        for number, spec in enumerate(specs):
            if hidden_too or seen_by(name, spec, supports(spec)):
                make(cast, number, spec)
        answers.append(every_page(Api(cast.secrets[name]), "artefacts", query))
        transaction.savepoint_rollback(before)

    with_hidden, without = answers
    assert _comparable(with_hidden) == _comparable(without)


def _comparable(items: list[Any]) -> list[Any]:
    """Leave out the order of equals and the microseconds that events of one instant are set apart by."""
    return sorted(
        (item["key"], item["status"], item["revision"], [each["node"] for each in item["supports"]]) for item in items
    )


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(specs=st.lists(SPECS, max_size=12), query=QUERIES)
def test_pages_hold_everything_once_and_in_order(cast: Cast, specs: list[Spec], query: dict[str, str]) -> None:
    before = transaction.savepoint()
    for number, spec in enumerate(specs):
        make(cast, number, spec)

    paged = every_page(Api(cast.secrets["olga"]), "artefacts", query)
    at_once = Api(cast.secrets["olga"]).get("artefacts", {**query, "limit": "100"}).json()["items"]
    transaction.savepoint_rollback(before)

    assert paged == at_once
    dues = [item["due_at"] or "9999" for item in paged]
    assert dues == sorted(dues)
    assert all("status" not in query or item["status"] == query["status"] for item in paged)


# Authentication asks for the token, and for the memberships and engagements at once.
AUTHENTICATION = 2

COSTS = {
    "artefacts": 2,
    "artefacts?case=recurrence&department=it-service&status=pending&q=made": 4,
    "artefacts/made-0": 5,
    "drills": 2,
    "drills/night-failover": 3,
    "due": 3,
    "cases/recurrence/changes": 4,
    "cases/recurrence": 7,
}


@pytest.mark.parametrize("rows", [1, 50])
def test_what_a_list_costs_does_not_grow_with_its_rows(cast: Cast, rows: int) -> None:
    for number in range(rows):
        linked = number < 3
        make(cast, number, Spec("it-service", "drill-record", "pending", linked=linked, title="夜間訓練"))
    made = Artefact.objects.get(key="made-0")
    for number in range(rows):
        submitted(made, cast.olga, content=b"again %d" % number)

    # That a token is used is noted once a minute.
    Api(cast.secrets["olga"]).get("me")
    costs = {}
    for path in COSTS:
        with CaptureQueriesContext(connection) as asked:
            assert Api(cast.secrets["olga"]).get(path).status_code == 200
        costs[path] = len(asked) - AUTHENTICATION

    assert costs == COSTS


def test_a_page_of_a_list_costs_four_statements_with_its_token_and_its_rate(cast: Cast, settings: Settings) -> None:
    settings.TOKEN_RATE, settings.TOKEN_BURST = 10.0, 100
    make(cast, 1, Spec("it-service", "drill-record", "pending", linked=True, title="夜間訓練"))
    Api(cast.secrets["olga"]).get("me")

    with CaptureQueriesContext(connection) as asked:
        assert Api(cast.secrets["olga"]).get("artefacts").json()["items"]

    assert len(asked) <= 4
    assert "accounts_tokenrate" in asked[0]["sql"]
    assert TokenRate.objects.count() == 1
