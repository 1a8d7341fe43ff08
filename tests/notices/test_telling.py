from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from itertools import count
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dcase_audit.accounts.models import User
from dcase_audit.cases.models import Case, Link, Node, NodeText, StatusChange
from dcase_audit.cases.words import Status
from dcase_audit.notices.models import Notice, OpenItem
from dcase_audit.notices.services import acknowledge, remind
from evidence.models import Artefact, Decision, Kind, Revision, Support, Told
from evidence.telling import close_waiting, leaf_key, open_waiting, tell
from tests.notices.conftest import Cast, join, person, tokyo

AT = tokyo("2026-11-16 09:00")
Change = Callable[..., StatusChange]


@pytest.fixture
def case(cast: Cast) -> Case:
    return Case.objects.create(slug="exchange", title_ja="取引所", created_at=AT)


@pytest.fixture
def leaf(case: Case, cast: Cast) -> Node:
    return make_leaf(case, "E_7", custodian=cast.service, accountable=cast.development)


@pytest.fixture
def rule(cast: Cast) -> Artefact:
    kind = Kind.objects.create(key="rule", name_ja="規則", name_en="rule")
    return Artefact.objects.create(
        kind=kind,
        key="night-rule",
        title_ja="夜間復旧規則",
        title_en="Night recovery rule",
        owner=cast.olga,
        custodian=cast.service,
        created_at=AT,
    )


@pytest.fixture
def change() -> Change:
    """Record that a leaf's status changed, as a settle does."""
    moments = count(1)

    def record(leaf: Node, after: Status, because: Sequence[dict[str, Any]] = (), at: datetime = AT) -> StatusChange:
        return StatusChange.objects.create(
            case=leaf.case,
            node=leaf,
            effective_at=at.replace(microsecond=next(moments)),
            recorded_at=at,
            after=after,
            because=list(because),
            caused_by="test",
            rules_version=1,
        )

    return record


def make_leaf(case: Case, key: str, **holders: Any) -> Node:
    node = Node.objects.create(case=case, key=key, kind="evidence")
    NodeText.objects.create(
        node=node, edition_from=1, statement_ja="復旧処理の規則（夜間）", statement_en="Rule for recovery", **holders
    )
    return node


def open_items() -> list[tuple[str, str]]:
    return list(OpenItem.objects.open().order_by("pk").values_list("key", "kind"))


def link(artefact: Artefact, leaf: Node) -> None:
    Support.objects.create(artefact=artefact, node=leaf, case=leaf.case, linked_at=AT)


@pytest.mark.parametrize("status", list(Status))
def test_a_leaf_that_needs_somebody_is_opened_under_its_status(leaf: Node, change: Change, status: Status) -> None:
    change(leaf, status)

    tell(leaf.case_id, at=AT)

    quiet = {Status.UNDEVELOPED, Status.PENDING, Status.SUPPORTED}
    assert open_items() == ([] if status in quiet else [(leaf_key(leaf.pk), status.word)])


@pytest.mark.parametrize("settled", [Status.SUPPORTED, Status.PENDING, Status.UNDEVELOPED])
def test_what_stands_or_waits_is_closed(leaf: Node, change: Change, settled: Status) -> None:
    change(leaf, Status.EXPIRED)
    tell(leaf.case_id, at=AT)

    change(leaf, settled)
    tell(leaf.case_id, at=AT)

    assert open_items() == []
    assert OpenItem.objects.get().closed_at == AT


def test_goals_are_nobodys_item(case: Case, cast: Cast, change: Change) -> None:
    goal = Node.objects.create(case=case, key="G_1", kind="goal")
    NodeText.objects.create(node=goal, edition_from=1, accountable=cast.service)
    change(goal, Status.MISSING)

    tell(case.pk, at=AT)

    assert open_items() == []


def test_of_several_unread_changes_the_last_counts(leaf: Node, change: Change) -> None:
    for status in (Status.EXPIRING, Status.EXPIRED, Status.PENDING, Status.SUPPORTED, Status.STALE):
        change(leaf, status)

    tell(leaf.case_id, at=AT)

    assert open_items() == [(leaf_key(leaf.pk), "stale")]


def test_what_was_told_is_not_told_again(leaf: Node, change: Change) -> None:
    last = change(leaf, Status.EXPIRED)
    tell(leaf.case_id, at=AT)
    before = OpenItem.objects.values().get()

    tell(leaf.case_id, at=tokyo("2026-11-17 09:00"))

    assert OpenItem.objects.values().get() == before
    assert Told.objects.get().change_id == last.pk


def test_another_status_is_news_and_the_ladder_starts_again(cast: Cast, leaf: Node, change: Change) -> None:
    change(leaf, Status.EXPIRING)
    tell(leaf.case_id, at=AT)
    remind(AT)
    acknowledge(item=OpenItem.objects.get(), actor=cast.olga, at=AT)

    change(leaf, Status.EXPIRED, at=tokyo("2026-12-01 00:00"))
    tell(leaf.case_id, at=tokyo("2026-12-01 00:00"))

    item = OpenItem.objects.get()
    assert (item.kind, item.step, item.acknowledged_at) == ("expired", 0, None)
    assert item.next_at == tokyo("2026-12-01 08:00")


def test_the_custodian_is_told_before_who_is_accountable(cast: Cast, case: Case, change: Change) -> None:
    kept = make_leaf(case, "E_1", custodian=cast.service, accountable=cast.development)
    answered_for = make_leaf(case, "E_2", accountable=cast.development)
    for leaf in (kept, answered_for):
        change(leaf, Status.MISSING)

    tell(case.pk, at=AT)

    assert [item.party for item in OpenItem.objects.order_by("pk")] == [cast.service, cast.development]


def test_what_nobody_holds_is_its_parents(cast: Cast, case: Case, change: Change) -> None:
    leaf = make_leaf(case, "E_1")
    strategy = Node.objects.create(case=case, key="S_1", kind="strategy")
    goal = Node.objects.create(case=case, key="G_1", kind="goal")
    NodeText.objects.create(node=strategy, edition_from=1)
    NodeText.objects.create(node=goal, edition_from=1, accountable=cast.development)
    for source, target in ((goal, strategy), (strategy, leaf)):
        Link.objects.create(case=case, source=source, target=target, kind="supported_by", edition_from=1)
    change(leaf, Status.MISSING)

    tell(case.pk, at=AT)

    assert OpenItem.objects.get().party == cast.development


def test_what_nobody_holds_anywhere_is_logged(case: Case, change: Change, caplog: pytest.LogCaptureFixture) -> None:
    change(make_leaf(case, "E_1"), Status.MISSING)

    tell(case.pk, at=AT)

    assert open_items() == []
    assert "nobody holds E_1 of exchange" in caplog.text


def test_the_owner_is_who_owns_all_that_is_linked(cast: Cast, leaf: Node, rule: Artefact, change: Change) -> None:
    link(rule, leaf)
    change(leaf, Status.EXPIRED)
    tell(leaf.case_id, at=AT)
    assert OpenItem.objects.get().owner == cast.olga

    other = Artefact.objects.create(kind=rule.kind, key="other", owner=cast.ken, custodian=cast.service, created_at=AT)
    link(other, leaf)
    change(leaf, Status.STALE)
    tell(leaf.case_id, at=AT)
    assert OpenItem.objects.get().owner is None


def test_a_retired_leaf_is_nobodys_item(leaf: Node, change: Change) -> None:
    change(leaf, Status.MISSING)
    tell(leaf.case_id, at=AT)

    leaf.texts.update(edition_until=2)
    tell(leaf.case_id, at=AT)

    assert open_items() == []


def test_what_ends_is_due_on_its_last_day(leaf: Node, rule: Artefact, change: Change) -> None:
    ends = {"reason": "ends", "status": "expiring", "artefact": rule.pk, "bound": "validity"}
    late = {**ends, "ends_at": "2027-05-01T00:00:00+09:00"}
    change(leaf, Status.EXPIRING, [late, {**ends, "ends_at": "2027-03-31T15:00:00+00:00"}])

    tell(leaf.case_id, at=AT)

    item = OpenItem.objects.get()
    assert item.due_on == date(2027, 3, 31)
    assert item.href == "/cases/exchange/nodes/E_7"


@pytest.mark.parametrize(
    ("status", "because", "text_ja", "text_en"),
    [
        (
            Status.EXPIRED,
            [{"reason": "validity", "ended_at": "2026-11-15T15:00:00+00:00", "items": ["recovery"]}],
            ("E_7「復旧処理の規則（夜間）」: 期限切れ（2026年11月16日から）。"
            "「夜間復旧規則」の有効期間の最終日は2026年11月15日です（範囲: recovery）。"),
            ("E_7 “Rule for recovery”: expired (since 16 November 2026). "
            "The last valid day of “Night recovery rule” is 15 November 2026 (for recovery)."),
        ),
        (
            Status.EXPIRING,
            [{"reason": "ends", "ends_at": "2027-03-31T15:00:00+00:00"}],
            "「夜間復旧規則」の有効期間は2027年3月31日までです。",
            "“Night recovery rule” is valid until 31 March 2027.",
        ),
        (
            Status.STALE,
            [{"reason": "subject", "subject": "firmware", "from": ["1.2", "a" * 64], "to": ["1.3", "b" * 64]}],
            "「夜間復旧規則」を得た後にfirmwareが変わりました（1.2 → 1.3）。",
            "firmware changed after “Night recovery rule” was obtained (1.2 → 1.3).",
        ),
        (
            Status.STALE,
            [{"reason": "subject", "subject": "firmware", "from": ["1.2", "a" * 64], "to": ["1.2", "b" * 64]}],
            "（aaaaaaaaaaaa → bbbbbbbbbbbb）。",
            "(aaaaaaaaaaaa → bbbbbbbbbbbb).",
        ),
        (
            Status.STALE,
            [{"reason": "silent", "silent_since": "2026-11-15T23:00:00+00:00"}],
            "「夜間復旧規則」は2026年11月16日から受信が途絶えた状態です。",
            "“Night recovery rule” has been silent since 16 November 2026.",
        ),
        (
            Status.REFUTED,
            [
                {"reason": "refuted", "status": None, "since": "2026-11-15T23:00:00+00:00", "covers": ["night"]},
                {"reason": "ends", "status": "expiring", "ends_at": "2027-03-31T15:00:00+00:00"},
            ],
            "「夜間復旧規則」（2026年11月16日受領）が反証しています。",
            "“Night recovery rule”, received on 16 November 2026, refutes it.",
        ),
        (
            Status.MISSING,
            [
                {"reason": "returned", "at": "2026-11-15T14:59:00+00:00"},
                {"reason": "none", "artefact": None, "items": ["a", "b", "c", "d", "e"]},
                {"reason": "not_yet", "starts_at": "2027-03-31T15:00:00+00:00"},
            ],
            ("「夜間復旧規則」は2026年11月15日に差し戻されました。"
            "証拠がまだありません（範囲: a、b、cほか2件）。（ほか1件）"),
            ("“Night recovery rule” was returned on 15 November 2026. "
            "There is no evidence yet (for a, b, c and 2 more). (1 more)"),
        ),
        (
            Status.MISSING,
            [{"reason": "something new"}],
            "証拠なし（2026年11月16日から）。",
            "missing (since 16 November 2026).",
        ),
    ],
)  # fmt: skip
def test_the_text_names_the_leaf_the_reason_and_the_day(
    leaf: Node,
    rule: Artefact,
    change: Change,
    status: Status,
    because: list[dict[str, Any]],
    text_ja: str,
    text_en: str,
) -> None:
    change(leaf, status, [{"status": status.word, "artefact": rule.pk} | reason for reason in because])

    tell(leaf.case_id, at=AT)

    item = OpenItem.objects.get()
    assert item.text_ja.endswith(text_ja)
    assert item.text_en.endswith(text_en)


def test_the_text_calls_items_and_subjects_by_their_labels(leaf: Node, rule: Artefact, change: Change) -> None:
    labels = {"night": {"ja": "夜間", "en": "by night"}, "firmware": {"ja": "ファームウェア", "en": "the firmware"}}
    Case.objects.filter(pk=leaf.case_id).update(labels=labels)
    changed = {"reason": "subject", "subject": "firmware", "from": ["1.2", "a"], "to": ["1.3", "b"], "items": ["night"]}

    change(leaf, Status.STALE, [{**changed, "status": "stale", "artefact": rule.pk}])
    tell(leaf.case_id, at=AT)

    item = OpenItem.objects.get()
    assert "ファームウェアが変わりました（1.2 → 1.3）（範囲: 夜間）。" in item.text_ja
    assert "the firmware changed after" in item.text_en
    assert item.text_en.endswith("(for by night).")


def test_telling_fifty_leaves_takes_as_many_queries_as_one(
    cast: Cast, case: Case, rule: Artefact, change: Change
) -> None:
    counts = []
    for total in (1, 50):
        for number in range(total):
            leaf = make_leaf(case, f"E_{total}_{number}", custodian=cast.service)
            link(rule, leaf)
            change(leaf, Status.EXPIRED, [{"reason": "withdrawn", "status": "expired", "artefact": rule.pk}])
        with CaptureQueriesContext(connection) as captured:
            tell(case.pk, at=AT)
        counts.append(len(captured))

    # The very first call also makes the row that says up to where people were told.
    assert counts[1] <= counts[0] <= 24
    assert OpenItem.objects.open().count() == 51


def submitted(artefact: Artefact, by: User | None) -> Revision:
    revision = Revision.objects.create(artefact=artefact, number=4, created_at=AT, valid_from=AT)
    Decision.objects.create(
        revision=revision, kind="submitted", by=by, by_rule="" if by else "operator", at=AT, effective_at=AT
    )
    return revision


def test_a_submission_waits_for_the_departments_other_approvers(cast: Cast, rule: Artefact) -> None:
    join(cast.olga, cast.service, "approver")
    join(person("kai"), cast.service, "approver")
    revision = submitted(rule, cast.olga)

    [item] = open_waiting([revision], by=cast.olga, at=AT)
    remind(AT)

    assert item.key == f"waiting:{revision.pk}"
    assert item.text_ja == "承認待ち:「夜間復旧規則」第4版（織賀 恵が提出）"
    assert item.text_en == "Awaiting a decision: “Night recovery rule”, revision 4 (submitted by Megumi Olga)"
    assert {notice.recipient.username for notice in Notice.objects.all()} == {"ken", "kai"}


def test_a_decision_ends_the_wait(cast: Cast, rule: Artefact) -> None:
    revision = submitted(rule, cast.olga)
    open_waiting([revision], by=cast.olga, at=AT)

    assert close_waiting([revision], at=AT)
    assert not close_waiting([revision], at=AT)
    assert open_items() == []


def test_a_submission_by_a_machines_hand_waits_for_every_approver(cast: Cast, rule: Artefact) -> None:
    open_waiting([submitted(rule, None)], by=None, at=AT)
    remind(AT)

    assert {notice.recipient.username for notice in Notice.objects.all()} == {"ken"}
