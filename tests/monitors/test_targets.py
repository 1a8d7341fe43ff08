"""From what a monitor saw to the status of the goal: periods are measured, recorded and judged."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, transaction

from dcase_audit import clock
from dcase_audit.accounts.models import User
from dcase_audit.calendars.durations import Duration
from dcase_audit.calendars.terms import term_of
from dcase_audit.cases import editions
from dcase_audit.cases.models import Case, Link, Node, NodeStatus, NodeText
from dcase_audit.cases.words import Status
from dcase_audit.errors import Invalid, NotAllowed
from dcase_audit.notices.models import OpenItem
from drills import services, targets
from drills.models import Monitor, TargetFeed
from drills.monitors.events import DOWN, RESOLVED, Event, Read
from evidence import services as evidence
from evidence.asof import case_forecast, case_status
from evidence.models import Hearing, Revision, TargetPeriod, TargetRemedy
from evidence.sweeping import sweep
from tests.api.conftest import As
from tests.cast import EARLY, NOW, Cast, submitted
from tests.missed import TARGET
from tests.monitors.world import make_monitor
from tests.pages.conftest import logged_in, text_of

pytestmark = pytest.mark.usefixtures("sound")

FIRST, SECOND, THIRD = (datetime(2026, 10, 26, tzinfo=ZoneInfo("Asia/Tokyo")) + timedelta(weeks=n) for n in range(3))
DUE = date(2026, 11, 13)
SOON = timedelta(minutes=5)
BEFORE = datetime(2026, 10, 1, tzinfo=UTC)
ALL = [{"service": "cash", "needed": 1, "components": ["cash"]}]


@pytest.fixture
def measured(cast: Cast) -> Monitor:
    """Have C_1 of the monitor's case set a target, which the monitor has measured from the start."""
    monitor = make_monitor(cast, services=ALL)
    case = Case.objects.get(slug="watch")
    context = Node.objects.create(case=case, key="C_1", kind="context", position=5)
    NodeText.objects.create(
        node=context, statement_en="Three nines", accountable=cast.it_service, attributes={"targets": [TARGET]}
    )
    Link.objects.create(case=case, source=case.nodes.get(key="G_1"), target=context, kind="in_context_of")
    editions.consent(case, cast.it_service, actor=cast.hana, at=EARLY)
    evidence.publish_edition(case=case, actor=None, at=EARLY + SOON)
    services.feed_target(monitor=monitor, node=context, actor=cast.olga, at=EARLY + SOON)
    return monitor


def context() -> Node:
    return Node.objects.get(key="C_1", case__slug="watch")


def heard(monitor: Monitor, at: datetime, *, first: datetime = BEFORE) -> None:
    """Have the monitor been heard from the start, up to ``at``, and measure what that says."""
    Hearing.objects.update_or_create(
        artefact=monitor.artefact,
        defaults={"first_heard_at": first, "last_heard_at": at, "tolerance": timedelta(hours=6)},
    )
    targets.measure_all(at=at)


def was_down(monitor: Monitor, cast: Cast, start: datetime, minutes: float | None, *, at: datetime) -> None:
    ends = None if minutes is None else start + timedelta(minutes=minutes)
    event = Event(
        DOWN if ends is None else RESOLVED, start, f"{start} {ends}", ends, fingerprint="cash", component="cash"
    )
    services.receive(
        monitor=monitor,
        actor=cast.olga,
        at=at,
        through="test",
        format="native",
        sha256="0" * 64,
        read=Read([event], []),
    )
    targets.measure_monitor(monitor, since=start, at=at)


def status_of(key: str = "C_1") -> Status:
    return Status(NodeStatus.objects.get(node__key=key, node__case__slug="watch").status)


def told() -> list[str]:
    return [reason["reason"] for reason in NodeStatus.objects.get(node=context()).because]


def test_a_week_that_met_the_target_supports_it(measured: Monitor, cast: Cast) -> None:
    heard(measured, FIRST + timedelta(days=4))
    was_down(measured, cast, FIRST + timedelta(days=3), 10, at=FIRST + timedelta(days=4))

    heard(measured, SECOND + SOON)

    row = TargetPeriod.objects.get(start=FIRST, as_of=SECOND)
    assert status_of() is Status.SUPPORTED
    assert (row.required_ms, row.down_ms, row.unknown_ms, row.outages) == (604_800_000, 600_000, 0, 1)
    assert str(row.best) == str(row.worst) == "0.999007936507936507"


def test_the_goal_that_it_belongs_to_is_as_bad_as_its_target(measured: Monitor, cast: Cast) -> None:
    heard(measured, SECOND + SOON)

    was_down(measured, cast, SECOND + timedelta(days=1), 11, at=SECOND + timedelta(days=2))

    found = case_status(context().case, at=SECOND + timedelta(days=3), known=SECOND + timedelta(days=3))
    derived = found.node("target:C_1")
    assert (derived.kind, derived.status, derived.stands) == ("target", Status.REFUTED, False)
    assert [reason["reason"] for reason in derived.because] == ["target_spent"]
    assert found.node("C_1").status is None
    assert {"node": "target:C_1", "status": "refuted"} in found.node("G_1").because
    assert found.node("G_1").status is Status.REFUTED


def test_a_missed_week_refutes_until_a_full_week_and_its_closed_action(measured: Monitor, cast: Cast) -> None:
    heard(measured, FIRST + SOON)
    was_down(measured, cast, FIRST + timedelta(days=3), 11, at=FIRST + timedelta(days=4))
    heard(measured, SECOND + SOON)
    remedy = proposed(cast)
    assert told() == ["target_missed"]

    evidence.close_remedy(remedy=remedy, evidence=set_up(), actor=cast.ken, at=SECOND + 2 * SOON)
    after_action = status_of()
    coming = [(c.key, c.at, c.after) for c in case_forecast(context().case, at=SECOND + 3 * SOON, days=30)]
    heard(measured, THIRD + SOON)

    assert (after_action, status_of()) == (Status.REFUTED, Status.SUPPORTED)
    assert ("target:C_1", THIRD, Status.SUPPORTED) in coming


def proposed(cast: Cast, **changes: Any) -> TargetRemedy:
    said = {"start": FIRST, "until": SECOND, "text": "交換する", "owner": cast.olga, "due_on": DUE, "actor": cast.olga}
    return evidence.propose_remedy(node=context(), at=SECOND + SOON, **{**said, **changes})


def set_up() -> Revision:
    """Return what was accepted of the case when the monitor was set up."""
    return Revision.objects.get(artefact__key="night-log")


@pytest.fixture
def missed(measured: Monitor, cast: Cast) -> Monitor:
    """Have the first week missed its target."""
    heard(measured, FIRST + SOON)
    was_down(measured, cast, FIRST + timedelta(days=3), 11, at=FIRST + timedelta(days=4))
    heard(measured, SECOND + SOON)
    return measured


def test_a_week_that_nobody_watched_for_an_hour_is_stale(measured: Monitor) -> None:
    heard(measured, SECOND + SOON, first=FIRST + timedelta(hours=1))

    assert (status_of(), told()) == (Status.STALE, ["target_unknown"])


def test_the_end_of_a_week_is_measured_when_the_monitor_is_heard_after_it(measured: Monitor) -> None:
    heard(measured, SECOND + SOON)
    Hearing.objects.update(last_heard_at=THIRD - timedelta(hours=2))

    targets.measure_all(at=THIRD + SOON)
    waiting = TargetPeriod.objects.filter(start=SECOND, as_of=THIRD).exists()
    targets.measure_all(at=THIRD + timedelta(hours=25))

    assert not waiting
    row = TargetPeriod.objects.get(start=SECOND, as_of=THIRD)
    assert row.unknown_ms == 2 * 60 * 60 * 1000
    assert status_of() is Status.STALE


def test_what_no_beat_measured_is_late_after_a_day(measured: Monitor) -> None:
    heard(measured, SECOND + SOON)
    late = THIRD + timedelta(days=1)

    sweep(now=late - SOON, clock_now=late)
    before = status_of()
    sweep(now=late + SOON, clock_now=late + SOON)

    assert (before, status_of(), told()) == (Status.SUPPORTED, Status.STALE, ["target_late"])
    assert NodeStatus.objects.get(node=context()).since == late


def test_measuring_twice_records_nothing_new(measured: Monitor) -> None:
    heard(measured, SECOND + SOON)

    assert targets.measure_all(at=SECOND + SOON) == targets.measure_all(at=SECOND + timedelta(days=5)) == 0


def test_an_outage_that_goes_on_is_recorded_when_it_spends_the_budget(measured: Monitor, cast: Cast) -> None:
    heard(measured, SECOND + SOON)
    began = SECOND + timedelta(hours=1)
    was_down(measured, cast, began, None, at=began)

    for minutes in range(5, 90, 5):
        heard(measured, began + timedelta(minutes=minutes))

    rows = TargetPeriod.objects.filter(start=SECOND).order_by("pk")
    assert [row.down_ms // 60_000 for row in rows] == [0, 5, 15]
    assert status_of() is Status.REFUTED


def test_who_feeds_a_target_is_asked(cast: Cast, measured: Monitor) -> None:
    plain = Node.objects.get(key="G_1", case__slug="watch")

    with pytest.raises(NotAllowed):
        services.feed_target(monitor=measured, node=context(), actor=cast.bo, at=NOW)
    with pytest.raises(Invalid):
        services.feed_target(monitor=measured, node=plain, actor=cast.olga, at=NOW)
    feed = TargetFeed.objects.get()
    assert services.feed_target(monitor=measured, node=context(), actor=cast.olga, at=NOW) == feed
    assert services.stop_feed(feed=feed, actor=cast.olga, at=NOW)
    assert not services.stop_feed(feed=feed, actor=cast.olga, at=NOW)


def test_the_page_shows_figures_and_takes_the_corrective_action(missed: Monitor, cast: Cast) -> None:
    page, span = "/cases/watch/nodes/target:C_1/", f"{FIRST.timestamp():.0f}-{SECOND.timestamp():.0f}"
    action = {"text": "交換する", "owner": "olga", "due_on": "2026-11-13"}
    clock.fix(SECOND + timedelta(hours=1))
    try:
        olga, ken = logged_in(cast.olga), logged_in(cast.ken)
        shown = text_of(olga.get(page))
        refused = olga.post(f"{page}missed/1-2/", action, follow=True)
        nobody = olga.post(f"{page}missed/{span}/", {**action, "owner": "bo"}, follow=True)
        olga.post(f"{page}missed/{span}/", action)
        remedy = TargetRemedy.objects.get()
        closing = {f"a{remedy.pk}-revision": set_up().pk, f"a{remedy.pk}-note": "見た"}
        own = olga.post(f"{page}remedies/{remedy.pk}/close/", closing, follow=True)
        clock.fix(datetime(2026, 11, 14, tzinfo=ZoneInfo("Asia/Tokyo")))
        late = text_of(ken.get(page))
        ken.post(f"{page}remedies/{remedy.pk}/close/", closing)
        done = text_of(ken.get(page))
    finally:
        clock.fix(None)

    assert "99.89087" in shown
    assert "availability: at least 99.9 %" in shown
    assert "missed" in shown
    assert "No such period was measured." in text_of(refused)
    assert "Owner: Select a valid choice" in text_of(nobody)
    assert "An approver of the department" in text_of(own)
    assert "It is yours; another person closes it." in text_of(own)
    assert "overdue" in late
    remedy.refresh_from_db()
    assert (remedy.text, remedy.closed_by, remedy.evidence, remedy.closing_note) == (
        "交換する",
        cast.ken,
        set_up(),
        "見た",
    )
    assert "夜間の切替わり確認ログ, revision 1" in done


def test_who_owns_and_closes_an_action_is_asked(missed: Monitor, cast: Cast) -> None:
    for wrong, refusal in (
        ({"actor": cast.bo}, NotAllowed),
        ({"actor": cast.rin}, NotAllowed),
        ({"start": FIRST + SOON}, Invalid),
        ({"text": " "}, Invalid),
        ({"owner": cast.bo}, Invalid),
        ({"due_on": date(2026, 11, 1)}, Invalid),
    ):
        with pytest.raises(refusal):
            proposed(cast, **wrong)
    remedy = proposed(cast, owner=cast.ken)
    with pytest.raises(evidence.RemedyExists):
        proposed(cast)

    def close(by: User, on: Revision) -> bool:
        return evidence.close_remedy(remedy=remedy, evidence=on, actor=by, at=SECOND + SOON)

    elsewhere = submitted(cast.review_rule, cast.bo, at=EARLY, content=b"of another case")
    evidence.accept(revision=elsewhere, actor=None, at=EARLY)
    for by, on, closing_refused in (
        (cast.ken, set_up(), evidence.OwnAction),
        (cast.olga, set_up(), NotAllowed),
        (cast.hana, elsewhere, Invalid),
    ):
        with pytest.raises(closing_refused):
            close(by, on)
    assert close(cast.hana, set_up())
    assert not close(cast.hana, set_up())
    with pytest.raises(evidence.ActionClosed):
        close(as_owner_of_nothing(cast), set_up())


def as_owner_of_nothing(cast: Cast) -> User:
    """Return somebody else who may approve."""
    cast.olga.__dict__["_access"] = cast.ken.access
    return cast.olga


def test_an_action_is_told_to_its_owner_and_when_it_is_overdue(missed: Monitor, cast: Cast) -> None:
    remedy = proposed(cast)
    key, after = f"target-remedy:{remedy.pk}", datetime(2026, 11, 14, tzinfo=ZoneInfo("Asia/Tokyo"))
    told = OpenItem.objects.open().get(key=key)

    assert (told.owner, told.due_on, told.kind) == (cast.olga, DUE, "corrective-action")
    assert told.href == "/cases/watch/nodes/target:C_1/"
    assert evidence.tell_overdue_remedies(at=after - SOON) == 0
    assert evidence.tell_overdue_remedies(at=after) == evidence.tell_overdue_remedies(at=after) == 1
    assert OpenItem.objects.open().get(key=key).kind == "corrective-action-overdue"
    evidence.close_remedy(remedy=remedy, evidence=set_up(), actor=cast.ken, at=after)
    assert not OpenItem.objects.open().filter(key=key).exists()
    assert evidence.tell_overdue_remedies(at=after) == 0


def test_the_database_keeps_the_action(missed: Monitor, cast: Cast) -> None:
    remedy = proposed(cast)
    rows = TargetRemedy.objects.filter(pk=remedy.pk)

    for change in (
        lambda: rows.update(text="x"),
        lambda: rows.update(due_on=DUE + timedelta(days=1)),
        lambda: rows.update(closed_at=NOW, closed_by=cast.olga, evidence=set_up()),
        lambda: rows.update(closed_at=NOW, closed_by=cast.ken),
        lambda: rows.delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_the_api_takes_and_closes_the_action(missed: Monitor, cast: Cast, as_: As) -> None:
    path = "cases/watch/targets/C_1/actions"
    body = {
        "from": FIRST.isoformat(),
        "until": SECOND.isoformat(),
        "text": "交換する",
        "owner": "olga",
        "due_on": "2026-11-30",
    }
    olga, ken = as_("olga"), as_("ken")

    added = olga.post(path, body, Idempotency_Key="a")
    again = olga.post(path, body, Idempotency_Key="a")
    other = olga.post(path, body, Idempotency_Key="b")
    nobody = olga.post(path, {**body, "owner": "nobody"}, Idempotency_Key="c")
    number = added.json()["id"]
    closed = ken.post(f"{path}/{number}/close", {"revision": set_up().pk, "note": "見た"})
    repeated = ken.post(f"{path}/{number}/close", {"revision": set_up().pk, "note": "見た"})

    assert [answer.status_code for answer in (added, again, other, nobody, closed, repeated)] == [
        201, 201, 409, 422, 201, 200,
    ]  # fmt: skip
    assert other.json()["type"].endswith("remedy-exists")
    assert nobody.json()["errors"][0]["pointer"] == "/owner"
    (shown,) = olga.get("cases/watch/targets/target:C_1/actions").json()["items"]
    assert olga.get(added.headers["Location"].removeprefix("/api/v1/")).json() == shown
    assert (shown["from"], shown["owner"], shown["closed_by"], shown["note"]) == (
        "2026-10-25T15:00:00+00:00",
        "olga",
        "ken",
        "見た",
    )
    assert as_("bo").get(path).status_code == 404


@pytest.mark.parametrize(
    ("length", "at", "start", "end"),
    [
        (Duration(months=1), "2026-10-31T14:59:59+00:00", "2026-10-01", "2026-11-01"),
        (Duration(months=1), "2026-10-31T15:00:00+00:00", "2026-11-01", "2026-12-01"),
        (Duration(months=3), "2026-02-11T00:00:00+09:00", "2026-01-01", "2026-04-01"),
        (Duration(months=12), "2028-02-29T12:00:00+09:00", "2028-01-01", "2029-01-01"),
        (Duration(days=7), "2026-11-15T23:59:00+09:00", "2026-11-09", "2026-11-16"),
    ],
)
def test_periods_follow_the_calendar_of_the_case(length: Duration, at: str, start: str, end: str) -> None:
    tokyo = ZoneInfo("Asia/Tokyo")

    found = term_of(length, tokyo, datetime.fromisoformat(at))

    assert [f"{moment.astimezone(tokyo):%Y-%m-%d}" for moment in found] == [start, end]
