"""Acceptance rules: nothing by default, two persons, and only what passed without any doubt."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from pytest_django import DjangoAssertNumQueries, Settings

from dcase_audit import clock
from dcase_audit.accounts.authentication import issue, revoke, token_access
from dcase_audit.accounts.models import ApiToken
from dcase_audit.cases.models import NodeStatus
from dcase_audit.cases.words import Status
from dcase_audit.notices.models import OpenItem
from drills.models import AcceptanceRule, DrillResult
from drills.services import record_result
from evidence.models import Decision
from tests.api.client import pointers, slug
from tests.api.conftest import As
from tests.api.matrix import robots_token
from tests.cast import NIGHT, NOW, Cast
from tests.drills.samples import as_bytes, native
from tests.drills.signing import envelope, registered, signer, statement
from tests.pages.conftest import logged_in, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("the_clock")]

RULES = "drills/night-failover/rules"
WHY = {"reason": "実施方法と判定基準は年次で確認している"}
MEASURED = [{"measure": "switch_over_confirmed", "value": "PT9M"}]
SUBJECTS = {"failover-setting": {"version": "on"}}
PASSED = native(covers=["night"], measures=MEASURED, subjects=SUBJECTS)
FAILED = native(covers=["night"], measures=[{"measure": "switch_over_confirmed", "value": "PT20M"}])
LATER = NOW + timedelta(minutes=5)


@pytest.fixture(autouse=True)
def store(tmp_path: Path, settings: Settings) -> None:
    settings.OBJECT_STORE_URL = (tmp_path / "objects").as_uri()


def proposed(as_: As, cast: Cast, **more: Any) -> Any:
    body = {"token": robots_token(cast).prefix, "formats": ["native"], "reason": "毎夜の自動訓練"} | more
    return as_("olga").post(RULES, body)


def published(as_: As, cast: Cast, **more: Any) -> AcceptanceRule:
    number = proposed(as_, cast, **more).json()["id"]
    assert as_("ken").post(f"{RULES}/{number}/publish", WHY).status_code == 201
    return AcceptanceRule.objects.get(pk=number)


def sent(as_: As, document: Any, key: str = "k", by: str = "robot") -> Any:
    with clock.at(LATER):
        answer = as_(by).post("drills/night-failover/results", document, Idempotency_Key=key)
    assert answer.status_code == 201, answer.json()
    return answer.json()


def accepted(answer: Any) -> Decision | None:
    return Decision.objects.filter(revision=answer["evidence"]["revision"], kind="accepted").first()


def status_of(cast: Cast) -> Status:
    return Status(NodeStatus.objects.get(node=cast.node("E_1")).status)


@pytest.mark.usefixtures("sound")
def test_what_passed_is_accepted_by_a_published_rule_which_the_decision_names(as_: As, cast: Cast) -> None:
    rule = published(as_, cast)

    answer = sent(as_, PASSED)

    decision = accepted(answer)
    assert decision is not None
    assert (decision.by, decision.by_rule, decision.reason) == (None, f"acceptance-rule/{rule.pk}", "毎夜の自動訓練")
    assert answer["rule"] == f"/api/v1/{RULES}/{rule.pk}"
    assert status_of(cast) is Status.SUPPORTED
    assert not OpenItem.objects.filter(key__startswith="waiting:").exists()


def test_by_default_and_until_another_person_published_it_a_person_decides(as_: As, cast: Cast) -> None:
    before = sent(as_, PASSED, "before")
    number = proposed(as_, cast).json()["id"]

    meanwhile = sent(as_, PASSED, "meanwhile")

    assert accepted(before) is accepted(meanwhile) is None
    assert as_("olga").post(f"{RULES}/{number}/publish", WHY).status_code == 403
    ours = as_("ken").post(RULES, {"token": robots_token(cast).prefix, "formats": ["native"], **WHY}).json()["id"]
    assert slug(as_("ken").post(f"{RULES}/{ours}/publish", WHY)) == "self-approval"
    assert as_("hana").post(f"{RULES}/{ours}/publish", WHY).status_code == 201
    assert as_("hana").post(f"{RULES}/{ours}/publish", WHY).status_code == 200
    assert slug(as_("ken").post(f"{RULES}/{ours}/publish", WHY)) == "rule-published"
    # What came before it was published stays with people.
    assert accepted(before) is accepted(meanwhile) is None


@pytest.mark.usefixtures("sound")
def test_what_failed_counts_from_receipt_and_no_rule_touches_it(as_: As, cast: Cast) -> None:
    published(as_, cast)

    answer = sent(as_, FAILED)

    assert (answer["verdict"], answer["rule"], accepted(answer)) == ("failed", None, None)
    assert status_of(cast) is Status.REFUTED


@pytest.mark.parametrize(
    "document",
    [
        native(covers=["night"], measures=MEASURED, verdict="failed"),
        native(covers=["night", "day"], measures=MEASURED),
        native(covers=["night"], measures=MEASURED, subjects={"unheard-of": {"version": "1"}}),
        native(covers=["night"], measures=MEASURED, check_items=[]),
        native(
            covers=["night"],
            measures=MEASURED,
            started_at="2026-11-10T01:00:00+09:00",
            ended_at="2026-11-10T02:00:00+09:00",
        ),
    ],
    ids=["claims otherwise", "covers more", "unknown subject", "nothing checked", "not planned"],
)
def test_any_doubt_or_warning_leaves_it_to_a_person(as_: As, cast: Cast, document: Any) -> None:
    published(as_, cast)

    answer = sent(as_, document)

    assert (answer["verdict"] != "passed" or answer["warnings"]) and accepted(answer) is None
    assert answer["rule"] is None


def test_the_same_bytes_again_are_for_a_person(as_: As, cast: Cast) -> None:
    published(as_, cast)
    sent(as_, PASSED, "first")

    assert sent(as_, PASSED, "second")["rule"] is None


def test_another_token_of_the_same_machine_or_a_persons_is_not_meant(as_: As, cast: Cast) -> None:
    published(as_, cast)
    expires = ApiToken.objects.get(user=cast.robot).expires_at
    _, other = issue(user=cast.robot, name="b", scopes=["drills:write"], department=cast.it_service, expires_at=expires)
    cast.secrets["robot"] = other

    assert sent(as_, PASSED)["rule"] is None
    assert sent(as_, native(covers=["night"], measures=MEASURED, note="x"), "olga", by="olga")["rule"] is None


def test_a_format_that_the_rule_does_not_name_is_for_a_person(as_: As, cast: Cast) -> None:
    published(as_, cast, formats=["junit", "ctrf"])

    assert sent(as_, PASSED)["rule"] is None


def test_who_takes_part_ends_it_and_the_past_stays(as_: As, cast: Cast) -> None:
    rule = published(as_, cast)
    first = sent(as_, PASSED, "first")
    ended = as_("olga").post(f"{RULES}/{rule.pk}/end", WHY)

    second = sent(as_, native(covers=["night"], measures=MEASURED, note="次"), "second")

    assert (ended.status_code, ended.json()["state"]) == (201, "ended")
    assert second["rule"] is None and first["rule"] is not None and accepted(first) is not None
    assert as_("olga").post(f"{RULES}/{rule.pk}/end", WHY).status_code == 200
    assert slug(as_("ken").post(f"{RULES}/{rule.pk}/end", WHY)) == "rule-ended"
    assert slug(as_("ken").post(f"{RULES}/{rule.pk}/publish", WHY)) == "rule-ended"
    assert [each["state"] for each in as_("rin").get(RULES).json()["items"]] == ["ended"]


@pytest.mark.parametrize("name", ["lab", "vendor"])
def test_a_signature_that_the_rule_asks_for_has_to_be_that_keys(as_: As, cast: Cast, name: str) -> None:
    keys = {each: registered(cast.it_service, each) for each in ("lab", "vendor")}
    rule = published(as_, cast, formats=["in-toto"], signer="lab")
    token = robots_token(cast)
    # What is signed here measures nothing.
    cast.drill.targets = []
    cast.robot.__dict__["_access"] = token_access(token)

    result = record_result(
        drill=cast.drill,
        actor=cast.robot,
        at=LATER,
        data=as_bytes(envelope(statement(), signer(name))),
        name="s.json",
        format="in-toto",
        through=f"token:{token.prefix}",
        started_at=NIGHT,
        ended_at=NIGHT + timedelta(minutes=10),
    )

    assert (result.signer, result.rule) == (keys[name], rule if name == "lab" else None)


def test_a_rule_names_a_machines_token_of_the_department_and_formats_that_are_read(as_: As, cast: Cast) -> None:
    own = cast.olga.api_tokens.get().prefix
    lab = registered(cast.it_service, "lab")

    assert pointers(proposed(as_, cast, token=own)) == {"/token"}
    assert pointers(proposed(as_, cast, formats=["yaml"])) == {"/formats"}
    assert pointers(proposed(as_, cast, formats=[])) == {"/formats"}
    assert pointers(proposed(as_, cast, reason=" ")) == {"/reason"}
    assert pointers(proposed(as_, cast, signer=lab.key)) == {"/formats"}
    assert pointers(proposed(as_, cast, signer="nobodys", formats=["in-toto"])) == {"/signer"}


def test_a_token_that_was_revoked_meanwhile_is_not_published(as_: As, cast: Cast) -> None:
    number = proposed(as_, cast).json()["id"]
    revoke(robots_token(cast))

    assert pointers(as_("ken").post(f"{RULES}/{number}/publish", WHY)) == {"/token"}


def test_approvers_are_told_of_a_proposal_until_it_is_published(as_: As, cast: Cast) -> None:
    number = proposed(as_, cast).json()["id"]
    item = OpenItem.objects.open().get(key=f"acceptance-rule:{number}")

    as_("ken").post(f"{RULES}/{number}/publish", WHY)

    assert (item.not_to, item.role) == (cast.olga, OpenItem.Role.APPROVER)
    assert not OpenItem.objects.open().filter(pk=item.pk).exists()


@pytest.mark.parametrize(
    "change",
    [{"formats": ["junit"]}, {"reason": "別の理由"}, {"published_at": LATER}, {"published_by": None}],
    ids=lambda change: next(iter(change)),
)
def test_the_database_keeps_a_rule_as_it_was_published(as_: As, cast: Cast, change: Any) -> None:
    rule = published(as_, cast)

    with pytest.raises(IntegrityError), transaction.atomic():
        AcceptanceRule.objects.filter(pk=rule.pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        AcceptanceRule.objects.filter(pk=rule.pk).delete()


def test_pages_say_by_which_rule_and_offer_what_each_may_do(
    as_: As, cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    address = "/drills/night-failover/rules/"
    olga, ken = logged_in(cast.olga), logged_in(cast.ken)
    form = {"token": robots_token(cast).prefix, "formats": ["native"], "reason": "毎夜の自動訓練"}
    assert "a person decides on each result" in text_of(olga.get(address))
    page = text_of(olga.post(f"{address}propose/", form, follow=True))
    rule = AcceptanceRule.objects.get()
    assert "You proposed it" in page and "Take back" in page and f"rule{rule.pk}-publish" not in page

    page = text_of(
        ken.post(f"{address}{rule.pk}/publish/", {f"rule{rule.pk}-publish-reason": "年次で確認"}, follow=True)
    )
    answer = sent(as_, PASSED)

    assert "The rule was published." in page and "End the rule" in page
    for path in (f"/drills/results/{answer['id']}/", "/evidence/night-drills/"):
        assert f"by rule {rule.pk}" in text_of(ken.get(path)) and "published by Ken" in text_of(ken.get(path))
    with clock.at(LATER):
        assert "by 1 rule" in text_of(ken.get("/drills/night-failover/"))
    assert "Propose a rule" not in text_of(logged_in(cast.rin).get(address))


def test_what_a_rule_accepts_costs_a_bounded_number_of_queries(as_: As, cast: Cast) -> None:
    published(as_, cast)

    assert sent(as_, PASSED)["rule"] is not None
    assert DrillResult.objects.get().rule is not None
