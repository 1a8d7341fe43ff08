"""The page of a monitor."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dcase_audit.cases.models import Case
from drills import services
from drills.monitors.events import CONFIRMED, DOWN, RESOLVED, Event, Read, Unread
from tests.cast import NOW, Cast
from tests.monitors.world import make_monitor
from tests.pages.conftest import As, text_of

pytestmark = pytest.mark.usefixtures("sound")

HOUR = timedelta(hours=1)


def test_a_monitor_that_sent_nothing_says_so(cast: Cast, as_: As) -> None:
    make_monitor(cast)

    shown = text_of(as_("olga").get("/monitors/night-log/"))

    assert "never" in shown
    assert "No outage was reported." in shown
    # This month and the last one: nobody looked.
    assert shown.count(">0.00000&nbsp;%</td>") == shown.count(">100.00000&nbsp;%</td>") == 2


@pytest.mark.parametrize(("language", "said"), [("en", "Could not be read"), ("ja", "読み取れなかったもの")])
def test_a_monitor_shows_alerts_that_could_not_be_read(cast: Cast, as_: As, language: str, said: str) -> None:
    sent = [Event(DOWN, NOW - HOUR, "b", fingerprint="f", component="trading/3")]
    unread = [Unread('{"status":"<b>firing"}', "/alerts/1/startsAt", "An alert says when it started.")]
    services.receive(
        monitor=make_monitor(cast),
        actor=cast.olga,
        at=NOW,
        through="session",
        format="alertmanager",
        sha256="0" * 64,
        read=Read(sent, [], unread),
    )

    shown = text_of(as_("olga", language).get("/monitors/night-log/"))

    assert said in shown
    assert "&lt;b&gt;firing" in shown
    assert "/alerts/1/startsAt" in shown


def test_a_monitor_shows_what_was_down_and_who_saw_what(cast: Cast, as_: As) -> None:
    monitor = make_monitor(cast)
    sent = [
        Event(RESOLVED, NOW - 3 * HOUR, "a", NOW - 2 * HOUR, fingerprint="f", component="<b>trading/2</b>"),
        Event(DOWN, NOW - HOUR, "b", fingerprint="f", component="trading/3"),
        Event(CONFIRMED, NOW - 2 * HOUR, "c", NOW - HOUR, fingerprint="trading", band="night", observer="operator"),
    ]
    services.receive(
        monitor=monitor,
        actor=cast.olga,
        at=NOW,
        through="session",
        format="native",
        sha256="0" * 64,
        read=Read(sent, []),
    )
    services.plan_window(
        monitor=monitor, service="", start=NOW + HOUR, until=NOW + 2 * HOUR, reason="点検", actor=cast.olga, at=NOW
    )

    shown = text_of(as_("olga").get("/monitors/night-log/"))

    for expected in (
        "trading/3",
        "12:00:00.000 JST",
        "not yet",
        "operator",
        "one observation alone confirms nothing",
        "点検",
    ):
        assert expected in shown
    assert "nobody: it excuses nothing" in shown
    assert "<b>trading" not in as_("olga").get("/monitors/night-log/").content.decode()


def test_services_and_time_bands_are_called_by_their_labels(cast: Cast, as_: As) -> None:
    monitor = make_monitor(cast)
    service = monitor.services[0]["service"]
    Case.objects.filter(slug="watch").update(labels={"night": {"en": "by night"}, service: {"en": "cash equities"}})

    shown = text_of(as_("olga").get("/monitors/night-log/"))

    assert "<dd>by night</dd>" in shown
    assert shown.count('<td class="name">cash equities</td>') == 2


def test_the_list_of_drills_leads_to_the_monitors_that_somebody_sees(cast: Cast, as_: As) -> None:
    make_monitor(cast)

    assert 'href="/monitors/night-log/"' in as_("olga").get("/drills/").content.decode()
    assert "night-log" not in as_("bo").get("/drills/").content.decode()
