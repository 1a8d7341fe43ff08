"""The availability of a monitor's services by the API: outages, redundancy, unknown time, calendars."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from dcase_audit import clock
from drills import services
from drills.models import Monitor
from drills.monitors.events import DOWN, HEARTBEAT, RESOLVED, Event, Read
from evidence.models import Gap, Hearing
from tests.api.client import pointers, slug
from tests.api.conftest import As
from tests.cast import EARLY, NOW, Cast

pytestmark = pytest.mark.usefixtures("sound")

FROM, UNTIL = "2026-11-01T00:00:00+09:00", "2026-11-16T00:00:00+09:00"
START = datetime(2026, 10, 31, 15, tzinfo=UTC)
PERIOD = timedelta(days=15)
PATH = "monitors/night-log/availability"


@pytest.fixture
def heard(monitor: Monitor) -> Monitor:
    """Have the monitor been heard all the time."""
    Hearing.objects.create(
        artefact=monitor.artefact, first_heard_at=EARLY, last_heard_at=NOW, tolerance=timedelta(hours=6)
    )
    return monitor


def was_down(monitor: Monitor, cast: Cast, component: str, start: datetime, minutes: float | None) -> None:
    """Have the monitor say that a component was down, or is down still."""
    ends = None if minutes is None else start + timedelta(minutes=minutes)
    kind = DOWN if ends is None else RESOLVED
    event = Event(kind, start, f"{component} {start} {ends}", ends, fingerprint=component or "all", component=component)
    services.receive(
        monitor=monitor,
        actor=cast.olga,
        at=NOW,
        through="test",
        format="native",
        sha256="0" * 64,
        read=Read([event], []),
    )


def asked(as_: As, **query: str) -> dict[str, Any]:
    response = as_("olga").get(PATH, {"from": FROM, "until": UNTIL, **query})
    assert response.status_code == 200, response.content
    found: dict[str, Any] = response.json()
    return found


def test_two_of_three_are_needed(as_: As, heard: Monitor, cast: Cast) -> None:
    was_down(heard, cast, "trading/1", START + timedelta(hours=1), 60)
    was_down(heard, cast, "trading/2", START + timedelta(hours=1, minutes=50), 30)

    (cash,) = asked(as_, target="0.999")["services"]

    down = Fraction(10, 15 * 24 * 60)
    assert (cash["service"], cash["down_ms"], cash["outages"], cash["unknown_ms"]) == ("cash", 600_000, 1, 0)
    assert cash["best"] == cash["worst"] == {"exact": str(1 - down), "percent": "99.953"}
    assert cash["against"] == {
        "target": "99.9 %",
        "budget_ms": "1296000",
        "left_at_best_ms": "696000",
        "left_at_worst_ms": "696000",
        "met": True,
        "provable": True,
    }
    assert not cash["provisional"]


def test_what_nobody_saw_is_best_and_worst(as_: As, heard: Monitor) -> None:
    start = START + timedelta(days=3)
    Gap.objects.create(artefact=heard.artefact, start=start, until=start + timedelta(hours=3), recorded_at=start)

    (cash,) = asked(as_, target="0.99999")["services"]

    assert (cash["down_ms"], cash["unknown_ms"]) == (0, 3 * 3_600_000)
    assert (cash["best"]["exact"], cash["worst"]["exact"]) == ("1", "119/120")
    assert cash["against"]["met"] is None


def test_before_it_was_first_heard_and_since_it_was_last_heard_nobody_knows(as_: As, monitor: Monitor) -> None:
    (never,) = asked(as_)["services"]
    Hearing.objects.create(
        artefact=monitor.artefact,
        first_heard_at=START + timedelta(days=2),
        last_heard_at=START + timedelta(days=14),
        tolerance=timedelta(hours=6),
    )
    (partly,) = asked(as_)["services"]

    assert (never["unknown_ms"], never["worst"]["exact"]) == (PERIOD // timedelta(milliseconds=1), "0")
    assert partly["unknown_ms"] == timedelta(days=3) // timedelta(milliseconds=1)


def test_an_open_outage_is_provisional_and_lasts_until_now(as_: As, heard: Monitor, cast: Cast) -> None:
    was_down(heard, cast, "", NOW - timedelta(hours=2), None)

    (cash,) = asked(as_, **{"from": "2026-11-20T00:00:00Z", "until": "2026-11-21T00:00:00Z"})["services"]

    # Six hours of the day are over.
    assert (cash["required_ms"], cash["down_ms"], cash["provisional"]) == (6 * 3_600_000, 2 * 3_600_000, True)


def test_an_outage_of_what_no_service_names_is_pointed_out(as_: As, heard: Monitor, cast: Cast) -> None:
    was_down(heard, cast, "printer", START + timedelta(hours=1), 60)

    found = asked(as_)

    assert found["left_out"] == ["printer"]
    assert found["services"][0]["down_ms"] == 0


def test_a_monitor_without_services_is_one(as_: As, heard: Monitor, cast: Cast) -> None:
    Monitor.objects.update(services=[])
    was_down(heard, cast, "a", START - timedelta(hours=1), 90)
    was_down(heard, cast, "b", START + timedelta(minutes=15), 30)

    found = asked(as_)

    (whole,) = found["services"]
    assert (whole["service"], whole["down_ms"], whole["outages"]) == ("", 45 * 60_000, 1)
    assert found["left_out"] == []


def test_only_agreed_time_counts(as_: As, heard: Monitor, cast: Cast) -> None:
    # A Monday's lunch break, and five minutes of the afternoon.
    was_down(heard, cast, "", datetime(2026, 11, 9, 2, 30, tzinfo=UTC), 65)

    (cash,) = asked(as_, calendar="tokyo-exchange", target="0.9999")["services"]

    # Ten weekdays of which 3 November is a holiday, of 330 minutes each.
    assert (cash["required_ms"], cash["down_ms"]) == (9 * 330 * 60_000, 5 * 60_000)
    assert cash["against"]["met"] is False


def test_a_slow_probe_proves_little(as_: As, heard: Monitor) -> None:
    Monitor.objects.update(resolution_ms=5000)

    (cash,) = asked(as_, target="0.99999")["services"]

    assert (cash["best"]["exact"], cash["against"]["provable"]) == ("1", False)


def test_a_beginning_of_a_month_cuts_an_outage(as_: As, heard: Monitor, cast: Cast) -> None:
    was_down(heard, cast, "", START - timedelta(minutes=10), 30)
    whole = asked(as_, **{"from": "2026-10-22T00:00:00+09:00"})["services"][0]["down_ms"]

    parts = [
        asked(as_, **{"from": "2026-10-22T00:00:00+09:00", "until": FROM})["services"][0]["down_ms"],
        asked(as_)["services"][0]["down_ms"],
    ]

    assert parts == [10 * 60_000, 20 * 60_000]
    assert sum(parts) == whole


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"from": ""}, "from"),
        ({"from": "2026-11-01"}, "from"),
        ({"from": "2026-11-01T00:00:00+09:00", "until": "2026-11-01T00:00:00+09:00"}, "until"),
        ({"from": "2016-11-01T00:00:00+09:00"}, "until"),
        ({"until": "2026-11-16T00:00:00 09:00"}, "until"),
        ({"calendar": "moon"}, "calendar"),
        ({"target": "1"}, "target"),
        ({"target": "99.999 %"}, "target"),
        ({"service": "cash"}, "service"),
    ],
)
def test_what_cannot_be_asked(as_: As, monitor: Monitor, query: dict[str, str], name: str) -> None:
    response = as_("olga").get(PATH, {"from": FROM, "until": UNTIL, **query})

    assert response.status_code == 400
    assert response.json()["errors"][0]["parameter"] == name


def test_the_period_needs_both_ends(as_: As, monitor: Monitor) -> None:
    assert as_("olga").get(PATH, {"from": FROM}).status_code == 400
    assert as_("olga").get(PATH, {"until": UNTIL}).status_code == 400


def test_heartbeats_are_no_outages(as_: As, heard: Monitor, cast: Cast) -> None:
    services.receive(
        monitor=heard,
        actor=cast.olga,
        at=clock.now(),
        through="test",
        format="native",
        sha256="0" * 64,
        read=Read([Event(HEARTBEAT, START, "beat")], []),
    )

    assert asked(as_)["services"][0]["down_ms"] == 0


def planned(as_: As, start: datetime, minutes: int, *, approve: bool, **more: str) -> None:
    """Have Olga propose a window a day ahead, and Ken approve it."""
    clock.fix(start - timedelta(days=1))
    body = {"from": start.isoformat(), "until": (start + timedelta(minutes=minutes)).isoformat(), "reason": "点検"}
    made = as_("olga").post("monitors/night-log/windows", {**body, **more})
    assert made.status_code == 201
    if approve:
        approved = as_("ken").post(f"monitors/night-log/windows/{made.json()['id']}/approve")
        assert (approved.status_code, approved.json()["approved_by"]) == (201, "ken")
        again = as_("ken").post(f"monitors/night-log/windows/{made.json()['id']}/approve")
        assert (again.status_code, again.json()) == (200, approved.json())
    clock.fix(NOW)


@pytest.mark.parametrize(("approve", "excused", "down"), [(True, 30, 30), (False, 0, 60)])
def test_a_window_excuses_if_it_was_approved(
    as_: As, heard: Monitor, cast: Cast, approve: bool, excused: int, down: int
) -> None:
    start = START + timedelta(days=2)
    planned(as_, start, 30, approve=approve, service="cash")
    was_down(heard, cast, "", start, 60)

    (cash,) = asked(as_)["services"]

    minute = 60_000
    assert (cash["excused_ms"], cash["down_ms"]) == (excused * minute, down * minute)
    required = (15 * 24 * 60 - excused) * minute
    assert cash["required_ms"] == required
    assert cash["best"]["exact"] == str(1 - Fraction(down * minute, required))
    assert cash["without_windows"]["exact"] == str(1 - Fraction(60, 15 * 24 * 60))


def test_nobody_approves_the_own_window_or_one_that_has_begun(as_: As, heard: Monitor) -> None:
    start = NOW + timedelta(hours=1)
    body = {"from": start.isoformat(), "until": (start + timedelta(hours=1)).isoformat(), "reason": "点検"}
    number = as_("ken").post("monitors/night-log/windows", body).json()["id"]

    own = as_("ken").post(f"monitors/night-log/windows/{number}/approve")
    clock.fix(start)
    late = as_("hana").post(f"monitors/night-log/windows/{number}/approve")

    assert (own.status_code, slug(own)) == (409, "self-approval")
    assert (late.status_code, slug(late)) == (409, "too-late")
    (listed,) = as_("olga").get("monitors/night-log/windows").json()["items"]
    assert listed["approved_at"] is None


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"from": NOW.isoformat()}, "/from"),
        ({"from": None}, "/from"),
        ({"until": "2026-11-30T00:00:00Z"}, "/until"),
        ({"service": "bonds"}, "/service"),
        ({"reason": ""}, "/reason"),
        ({"approved_by": "ken"}, "/approved_by"),
    ],
)
def test_what_no_window_is(as_: As, monitor: Monitor, changes: dict[str, Any], pointer: str) -> None:
    body = {"from": "2026-12-01T00:00:00Z", "until": "2026-12-01T01:00:00Z", "reason": "点検"}

    response = as_("olga").post("monitors/night-log/windows", {**body, **changes})

    assert (response.status_code, pointers(response)) == (422, {pointer})
