"""Findings, corrective actions and signatures: what opens them, who may close them, and where a finding stands."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from dcase_audit.accounts.models import Engagement, Membership, User
from dcase_audit.cases.models import NodeStatus
from dcase_audit.cases.words import Status
from dcase_audit.errors import AuditError, Invalid, NotAllowed
from dcase_audit.notices.models import OpenItem
from drills import services
from drills.findings import ActionFacts, State, standings, state_of
from drills.models import CorrectiveAction, DrillResult, Finding, SignOff
from evidence import services as evidence
from tests.cast import NOW, Cast, cast, submitted, the_clock
from tests.drills.samples import as_bytes, native

__all__ = ["cast", "the_clock"]

DUE = date(2026, 12, 4)
MET = {"measure": "switch_over_confirmed", "value": "PT9M"}


def taken(cast: Cast, *, failed: bool = True, at: datetime = NOW, **changes: Any) -> DrillResult:
    """Send the record of a drill that was held in the hour before ``at``."""
    items = [{"text": "切替わった", "result": "fail" if failed else "pass"}]
    start = (at - timedelta(hours=1)).isoformat()
    body = native(check_items=items, measures=[MET], started_at=start, ended_at=at.isoformat(), **changes)
    return services.record_result(
        drill=cast.drill, actor=cast.olga, at=at, data=as_bytes(body), name="r.json", through="session"
    )


def standing(finding: Finding, at: datetime = NOW) -> tuple[State, int | None]:
    # Decisions of one moment follow each other by microseconds.
    (found,) = standings(Finding.objects.whole().filter(pk=finding.pk), at=at + timedelta(seconds=1))
    return found.state, found.retest.pk if found.retest else None


def action(cast: Cast, finding: Finding, owner: User | None = None, at: datetime = NOW) -> CorrectiveAction:
    return services.add_action(
        finding=finding, text="手順書を直す", owner=owner or cast.olga, due_on=DUE, actor=cast.ken, at=at
    )


def proof(cast: Cast) -> Any:
    """Return an accepted revision of the case: the manual that was put right."""
    found = submitted(cast.review_rule, cast.bo, content=b"the manual")
    evidence.accept(revision=found, actor=None, at=NOW)
    return found


def test_a_failed_drill_opens_one_finding_by_itself(cast: Cast) -> None:
    failed = taken(cast)

    found = Finding.objects.get()

    assert (found.result_id, found.opened_by, found.opened_at) == (failed.pk, None, NOW)
    assert standing(found) == (State.OPEN, None)


def test_the_same_record_again_opens_no_second_one_and_another_failure_does(cast: Cast) -> None:
    taken(cast)
    taken(cast)
    assert Finding.objects.count() == 1

    taken(cast, note="the next night")

    assert Finding.objects.count() == 2


def test_what_did_not_fail_opens_none(cast: Cast) -> None:
    taken(cast, failed=False)
    taken(cast, failed=False, note="x", covers=["night"])

    assert not Finding.objects.exists()


@pytest.mark.parametrize(
    ("actions", "retested", "annulled", "state"),
    [
        ([], False, False, State.OPEN),
        ([], True, False, State.OPEN),
        ([ActionFacts(DUE, False)], False, False, State.ACTING),
        ([ActionFacts(DUE, False)], True, False, State.ACTING),
        ([ActionFacts(DUE - timedelta(days=1), False), ActionFacts(DUE, True)], False, False, State.OVERDUE),
        ([ActionFacts(DUE - timedelta(days=1), True)], False, False, State.AWAITS_RETEST),
        ([ActionFacts(DUE - timedelta(days=1), True)], True, False, State.CLOSED),
        ([ActionFacts(DUE - timedelta(days=1), False)], False, True, State.ANNULLED),
    ],
)
def test_where_a_finding_stands_follows_from_what_was_done(
    actions: list[ActionFacts], retested: bool, annulled: bool, state: State
) -> None:
    assert state_of(actions, retested=retested, annulled=annulled, today=DUE) is state


def test_the_goal_stays_refuted_and_the_finding_unanswered_until_an_accepted_retest(cast: Cast) -> None:
    """The action may be closed and the retest passed: without its acceptance neither moves."""
    taken(cast)
    finding = Finding.objects.get()
    done = action(cast, finding)
    services.close_action(action=done, evidence=proof(cast), actor=cast.ken, at=NOW)
    later = NOW + timedelta(days=2)
    assert (standing(finding), goal(cast)) == ((State.AWAITS_RETEST, None), "refuted")

    retest = taken(cast, failed=False, at=later)
    assert (standing(finding, later), goal(cast)) == ((State.AWAITS_RETEST, None), "refuted")

    evidence.accept(revision=retest.revision, actor=cast.ken, at=later)
    assert standing(finding, later) == (State.CLOSED, retest.pk)
    assert goal(cast) != "refuted"


def goal(cast: Cast) -> str:
    return Status(NodeStatus.objects.get(node=cast.node("G_2")).status).word


def test_a_drill_held_before_the_failure_answers_nothing(cast: Cast) -> None:
    earlier = taken(cast, failed=False, at=NOW - timedelta(hours=3))
    evidence.accept(revision=earlier.revision, actor=cast.ken, at=NOW)

    taken(cast)

    assert standing(Finding.objects.get())[1] is None


def test_a_finding_about_an_annulled_result_says_so(cast: Cast) -> None:
    failed = taken(cast)
    evidence.propose_annulment(revision=failed.revision, actor=cast.ken, at=NOW, reason="時計の誤り")
    evidence.annul(revision=failed.revision, actor=cast.hana, at=NOW, reason="確認した")

    assert standing(Finding.objects.get()) == (State.ANNULLED, None)


def test_people_open_findings_of_their_department(cast: Cast) -> None:
    found = services.open_finding(drill=cast.drill, text="名簿が古い", severity="minor", actor=cast.olga, at=NOW)

    assert (found.opened_by, found.severity) == (cast.olga, "minor")
    for outsider in (cast.bo, cast.rin, cast.miki):
        with pytest.raises(NotAllowed):
            services.open_finding(drill=cast.drill, text="x", actor=outsider, at=NOW)
    wrongs: list[dict[str, Any]] = [{"text": " "}, {"text": "x", "severity": "huge"}, {"text": "x" * 4001}]
    for wrong in wrongs:
        with pytest.raises(Invalid):
            services.open_finding(drill=cast.drill, actor=cast.olga, at=NOW, **wrong)


def test_the_owner_of_an_action_can_act_and_is_told(cast: Cast) -> None:
    taken(cast)
    finding = Finding.objects.get()
    for unable in (cast.bo, cast.rin, cast.robot):
        with pytest.raises(Invalid) as refused:
            action(cast, finding, owner=unable)
        assert refused.value.pointer == "/owner"
    for day in (date(2026, 11, 19), date(2036, 11, 22), date.max):
        with pytest.raises(Invalid) as refused:
            services.add_action(finding=finding, text="x", owner=cast.olga, due_on=day, actor=cast.ken, at=NOW)
        assert refused.value.pointer == "/due_on"

    made = action(cast, finding)

    item = OpenItem.objects.open().get(key=f"corrective-action:{made.pk}")
    assert (item.owner, item.due_on, item.kind) == (cast.olga, DUE, "corrective-action")
    assert "手順書を直す" in item.text_ja
    assert item.href == f"/drills/findings/{finding.pk}/"


def test_an_overdue_action_is_news_to_its_people_until_it_is_closed(cast: Cast) -> None:
    taken(cast)
    made = action(cast, Finding.objects.get())
    # The 4th is over at 15:00 UTC, when the 5th begins in Tokyo.
    eve, after = datetime.fromisoformat("2026-12-04T14:59:59Z"), datetime.fromisoformat("2026-12-04T15:00:00Z")
    assert services.tell_overdue(at=eve) == 0

    assert services.tell_overdue(at=after) == services.tell_overdue(at=after) == 1

    item = OpenItem.objects.open().get(key=f"corrective-action:{made.pk}")
    assert (item.kind, item.opened_at) == ("corrective-action-overdue", after)
    assert standing(made.finding, after)[0] is State.OVERDUE
    services.close_action(action=made, evidence=proof(cast), actor=cast.ken, at=after)
    assert not OpenItem.objects.open().filter(key=item.key).exists()
    assert services.tell_overdue(at=after) == 0


def test_another_person_closes_an_action_on_evidence_of_the_case(cast: Cast) -> None:
    failed = taken(cast)
    made = action(cast, Finding.objects.get())
    shown = proof(cast)
    waiting = submitted(cast.review_rule, cast.bo, content=b"not yet accepted")
    elsewhere = submitted(cast.sales_notes, cast.otto, content=b"of no case")
    evidence.accept(revision=elsewhere, actor=None, at=NOW)

    def close(by: User, on: Any) -> bool:
        return services.close_action(action=made, evidence=on, actor=by, at=NOW)

    for by, on, refusal in (
        (cast.olga, shown, evidence.OwnAction),
        (cast.bo, shown, NotAllowed),
        (cast.ken, waiting, Invalid),
        (cast.ken, elsewhere, Invalid),
        (cast.ken, failed.revision, Invalid),
    ):
        with pytest.raises(refusal):
            close(by, on)
    assert close(cast.ken, shown)
    assert not close(cast.ken, shown)
    with pytest.raises(evidence.ActionClosed):
        close(cast.hana, shown)


def test_the_database_keeps_findings_actions_and_signatures(cast: Cast) -> None:
    failed = taken(cast)
    made = action(cast, Finding.objects.get())
    services.sign_off(result=failed, role="observer", record_sha256=failed.raw.sha256, actor=cast.ken, at=NOW)

    for change in (
        lambda: CorrectiveAction.objects.update(text="x"),
        lambda: CorrectiveAction.objects.update(due_on=DUE + timedelta(days=1)),
        lambda: CorrectiveAction.objects.update(closed_at=NOW, closed_by=cast.olga, evidence=failed.revision),
        lambda: CorrectiveAction.objects.filter(pk=made.pk).delete(),
        lambda: SignOff.objects.create(
            result=failed, role="observer", record_sha256="0" * 64, signed_at=NOW, signed_by=cast.olga
        ),
        lambda: SignOff.objects.create(
            result=failed, role="observer", record_sha256=failed.raw.sha256, signed_at=NOW, signed_by=cast.ken
        ),
    ):
        with pytest.raises((DatabaseError, IntegrityError)), transaction.atomic():
            change()


def test_what_the_record_says_was_found_is_opened_once(cast: Cast) -> None:
    found = [{"text": "名簿が古い", "severity": "critical", "cause": "異動"}, {"text": "欄が狭い"}]
    result = taken(cast, failed=False, schema="dcase-drill/2", findings=found)
    again = taken(cast, failed=False, schema="dcase-drill/2", findings=found)

    opened = Finding.objects.order_by("pk")
    assert again.raw_id == result.raw_id
    assert [(one.text, one.severity, one.cause) for one in opened] == [
        ("名簿が古い", "critical", "異動"),
        ("欄が狭い", "minor", ""),
    ]
    assert {(one.result_id, one.opened_by_id) for one in opened} == {(result.pk, cast.olga.pk)}


def sign(cast: Cast, result: DrillResult, who: User, role: str, statement: str = "") -> tuple[SignOff, bool]:
    return services.sign_off(
        result=result, role=role, record_sha256=result.raw.sha256, statement=statement, actor=who, at=NOW
    )


def test_people_sign_the_record_that_they_read(cast: Cast) -> None:
    result = taken(cast)

    signed, is_new = sign(cast, result, cast.rin, "verifier", "実施部署と取引がない")

    assert (is_new, signed.record_sha256) == (True, result.raw.sha256)
    assert sign(cast, result, cast.rin, "verifier", "実施部署と取引がない") == (signed, False)
    assert sign(cast, result, cast.hana, "responsible")[1]
    with pytest.raises(services.AnotherRecord):
        services.sign_off(result=result, role="observer", record_sha256="0" * 64, actor=cast.ken, at=NOW)


def test_a_signature_covers_no_other_record(cast: Cast) -> None:
    first = taken(cast)
    sign(cast, first, cast.ken, "observer")

    corrected = taken(cast, note="corrected")

    assert list(corrected.sign_offs.all()) == []


@pytest.mark.parametrize(
    ("who", "role", "statement", "refusal"),
    [
        ("olga", "verifier", "x", NotAllowed),
        ("olga", "responsible", "", NotAllowed),
        ("rin", "observer", "", NotAllowed),
        ("bo", "observer", "", NotAllowed),
        ("robot", "observer", "", NotAllowed),
        ("rin", "verifier", "", Invalid),
        ("ken", "witness", "", Invalid),
        ("ken", "verifier", "x", NotAllowed),
        ("hana", "responsible", "again", services.AlreadySigned),
        ("hana", "verifier", "x", NotAllowed),
    ],
)
def test_who_may_not_sign_in_a_role(cast: Cast, who: str, role: str, statement: str, refusal: type[AuditError]) -> None:
    """Ken sent the record; Hana signed it as responsible."""
    body = as_bytes(native(check_items=[{"text": "x", "result": "fail"}]))
    result = services.record_result(
        drill=cast.drill, actor=cast.ken, at=NOW, data=body, name="r.json", through="session"
    )
    sign(cast, result, cast.hana, "responsible")

    with pytest.raises(refusal):
        sign(cast, result, cast.people[who], role, statement)


def test_who_sent_the_record_does_not_verify_it_from_another_office(cast: Cast) -> None:
    result = taken(cast)
    Membership.objects.filter(user=cast.olga).update(until=NOW)
    Engagement.objects.create(
        user=cast.olga,
        institution=cast.sales,
        case_slug=cast.case.slug,
        since=NOW - timedelta(hours=1),
        until=NOW + timedelta(days=30),
    )

    with pytest.raises(services.NotIndependent):
        sign(cast, result, User.objects.get(pk=cast.olga.pk), "verifier", "異動した")
