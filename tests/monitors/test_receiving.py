"""What monitors send, over HTTP: all or nothing, once, heard, and provable."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from dcase_audit import clock
from dcase_audit.cases.words import Status
from drills.models import Monitor, MonitorBatch, MonitorEvent, Outage, UnreadAlert
from drills.monitors import native, proofs
from drills.monitors.events import MOST_EVENTS
from drills.monitors.proofs import Inclusion, ProofInvalid
from evidence.models import Gap, Revision
from evidence.sweeping import sweep
from tests.api.client import pointers, slug
from tests.api.conftest import As
from tests.cast import NOW, Cast
from tests.events import payloads
from tests.monitors.test_reading import HOOK, alert
from tests.monitors.world import PATH, WEBHOOK, ago, beat, down, lines, saw, send, status_of_the_monitor, up
from tests.server import sequencing

pytestmark = [pytest.mark.usefixtures("sound"), pytest.mark.usefixtures("monitor")]

HOUR = timedelta(hours=1)


def alerts(as_: As, *sent: dict[str, Any], who: str = "robot") -> Any:
    return as_(who).post(WEBHOOK, {**HOOK, "alerts": list(sent)})


def rows_in_the_outbox(table: str) -> int:
    with sequencing(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM trail.outbox WHERE source = 'row' AND subject LIKE %s", [f"{table}/%"])
        return int(cursor.fetchone()[0])


def test_a_batch_is_taken_in_and_one_row_of_it_is_in_the_trail(as_: As) -> None:
    response = send(as_, [beat(minutes=3), down(minutes=2), up(minutes=1), saw("operator")])

    body = response.json()
    assert response.status_code == 201
    assert (body["count"], body["received"], body["outages"], body["warnings"]) == (4, 4, 1, [])
    assert body["trail"]["event"] == f"drills_monitorbatch/{body['id']}"
    assert as_("olga").get(response.headers["Location"]).json()["root"] == body["root"]
    assert rows_in_the_outbox("drills_monitorbatch") == 1
    assert rows_in_the_outbox("drills_monitorevent") == rows_in_the_outbox("drills_outage") == 0
    (outage,) = as_("olga").get("monitors/night-log").json()["outages"]
    assert (outage["component"], outage["started_at"], outage["ended_at"]) == (
        "trading/2",
        ago(minutes=2),
        ago(minutes=1),
    )


def test_a_request_sent_again_is_answered_again(as_: As) -> None:
    first = send(as_, [beat(minutes=1)])
    again = send(as_, [beat(minutes=1)])
    other = send(as_, [beat(minutes=2)])

    assert first.status_code == again.status_code == 201
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json() == first.json()
    assert (other.status_code, slug(other)) == (422, "idempotency-key-reused")


def test_events_need_a_key(as_: As) -> None:
    assert slug(as_("robot").post(PATH, [beat(minutes=1)])) == "idempotency-key-missing"


def test_the_same_events_under_another_key_are_known(as_: As) -> None:
    send(as_, [beat(minutes=1), down(minutes=2)], "a")
    again = send(as_, [down(minutes=2), beat(minutes=1)], "b")
    more = send(as_, [down(minutes=2), beat(minutes=3), beat(minutes=3)], "c")

    assert (again.status_code, again.json()["count"], again.json()["received"]) == (200, 0, 2)
    assert (more.status_code, more.json()["count"], more.json()["received"]) == (201, 1, 3)
    assert MonitorEvent.objects.count() == 3
    assert MonitorBatch.objects.count() == 2


def test_one_bad_line_refuses_them_all_and_is_named(as_: As) -> None:
    body = lines([beat(minutes=1), down(minutes=1), {**beat(minutes=1), "at": "yesterday"}])
    response = as_("robot").send("POST", PATH, body, content_type=native.LINES, headers={"Idempotency-Key": "k"})

    assert (response.status_code, slug(response)) == (422, "malformed-events")
    assert pointers(response) == {"/2/at"}
    assert response.json()["detail"].startswith("Line 3: ")
    assert not MonitorEvent.objects.exists()


def test_lines_are_taken_as_a_list_is(as_: As) -> None:
    sent = [beat(minutes=1), down(minutes=2)]
    as_lines = as_("robot").send("POST", PATH, lines(sent), content_type=native.LINES, headers={"Idempotency-Key": "k"})
    as_list = send(as_, sent, "l")

    assert as_lines.status_code == 201
    assert as_list.status_code == 200


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ("", native.LIST, 400),
        ('{"type": "heartbeat"}', native.LIST, 400),
        ("[]", native.LIST, 422),
        ("\n\n", native.LINES, 422),
        ("a,b", "text/csv", 415),
        (" " * (5 * 1024 * 1024 + 1), native.LINES, 413),
        (lines([beat(minutes=1)] * (MOST_EVENTS + 1)), native.LINES, 413),
    ],
)
def test_bodies_that_are_not_taken(as_: As, body: str, content_type: str, status: int) -> None:
    response = as_("robot").send("POST", PATH, body, content_type=content_type, headers={"Idempotency-Key": "k"})

    assert response.status_code == status


def test_as_many_events_as_are_promised_are_taken(as_: As) -> None:
    sent = [{"type": "heartbeat", "at": ago(seconds=n)} for n in range(MOST_EVENTS)]

    assert send(as_, sent).json()["count"] == MOST_EVENTS


def test_an_alert_that_cannot_be_read_takes_no_other_with_it(as_: As) -> None:
    bad = alert(startsAt="soon", annotations={"summary": "\u6545\u969c"})
    answer = alerts(as_, bad, alert(fingerprint="f1")).json()
    again = alerts(as_, alert(fingerprint="f2"), bad).json()

    assert (answer["count"], answer["outages"], [each["code"] for each in answer["warnings"]][:1]) == (1, 1, ["unread"])
    assert again["count"] == 1
    kept = UnreadAlert.objects.get()
    assert (kept.pointer, kept.received_through[:6]) == ("/alerts/0/startsAt", "token:")
    assert "\u6545\u969c" in kept.content
    assert rows_in_the_outbox("drills_unreadalert") == 1
    (shown,) = as_("olga").get("monitors/night-log").json()["unread_alerts"]
    assert (shown["pointer"], shown["content"]) == (kept.pointer, kept.content)


def test_an_event_of_the_future_is_refused(as_: As) -> None:
    assert send(as_, [beat(minutes=-5)], "a").status_code == 201
    refused = send(as_, [beat(minutes=-5, seconds=-1)], "b")

    assert (refused.status_code, pointers(refused)) == (422, {"/0/at"})


def test_what_is_claimed_is_kept_beside_what_was_received(as_: As) -> None:
    batch = send(as_, [beat(days=9)]).json()
    event = MonitorEvent.objects.get()

    assert event.started_at == NOW - timedelta(days=9)
    assert batch["received_at"] == NOW.isoformat()
    heard = datetime.fromisoformat(as_("olga").get("monitors/night-log").json()["last_heard_at"])
    assert timedelta(0) <= heard - NOW < timedelta(milliseconds=1)


def test_a_monitor_that_is_heard_again_is_no_longer_silent(as_: As, monitor: Monitor) -> None:
    send(as_, [beat(minutes=1)], "a")
    assert status_of_the_monitor() is Status.SUPPORTED
    later = NOW + 8 * HOUR
    clock.fix(later)
    sweep(now=later, clock_now=later)
    assert status_of_the_monitor() is Status.STALE

    known = send(as_, [beat(minutes=1)], "b")
    assert known.status_code == 200
    assert status_of_the_monitor() is Status.STALE
    send(as_, [beat(minutes=-60)], "c")

    assert status_of_the_monitor() is Status.SUPPORTED
    gap = Gap.objects.get(artefact=monitor.artefact)
    assert gap.until is not None
    assert timedelta(0) <= gap.start - NOW < timedelta(milliseconds=1)
    assert timedelta(0) <= gap.until - later < timedelta(milliseconds=1)


def test_a_watchdog_that_keeps_firing_keeps_the_monitor_alive_and_fills_no_log(as_: As) -> None:
    watchdog = alert(labels={"alertname": "Watchdog"}, fingerprint="w")
    got = []
    for hours in range(0, 20, 5):
        clock.fix(NOW + hours * HOUR)
        got.append(alerts(as_, watchdog).status_code)
    sweep(now=NOW + 19 * HOUR, clock_now=NOW + 19 * HOUR)

    assert got == [201, 200, 200, 200]
    assert status_of_the_monitor() is Status.SUPPORTED
    assert (MonitorBatch.objects.count(), Outage.objects.count()) == (1, 0)


def test_N52_alerts_repeated_late_and_out_of_order_end_the_right_outage(as_: As) -> None:
    early, late = ago(hours=5), ago(hours=2)
    resolved = {"status": "resolved", "startsAt": early, "endsAt": ago(hours=4)}
    for sent in (
        alert(startsAt=late),
        alert(**resolved),
        alert(startsAt=early),
        alert(startsAt=late),
        alert(**resolved),
    ):
        assert alerts(as_, sent).status_code in {200, 201}

    spans = list(Outage.objects.values_list("started_at", "ended_at"))
    assert spans == [(NOW - 5 * HOUR, NOW - 4 * HOUR), (NOW - 2 * HOUR, None)]
    assert MonitorEvent.objects.count() == 3


def test_a_webhook_needs_no_key_and_may_have_one(as_: As) -> None:
    body = {**HOOK, "alerts": [alert()]}

    first = as_("robot").post(WEBHOOK, body, Idempotency_Key="k")
    again = as_("robot").post(WEBHOOK, body, Idempotency_Key="k")

    assert again.headers["Idempotent-Replayed"] == "true"
    assert first.json() == again.json()
    assert as_("robot").post(WEBHOOK, body).json()["count"] == 0


def test_two_observers_confirm_a_switch_over_and_one_does_not(as_: As) -> None:
    def state() -> tuple[str, list[str]]:
        (switched,) = as_("olga").get("monitors/night-log").json()["switch_overs"]
        return switched["state"], switched["confirmed_by"]

    send(as_, [saw("operator")], "a")
    assert state() == ("unconfirmed", ["operator"])
    send(as_, [{**saw("operator"), "at": ago(minutes=30)}], "b")
    assert state() == ("unconfirmed", ["operator"])
    send(as_, [saw("second-observer")], "c")
    assert state() == ("confirmed", ["operator", "second-observer"])


def test_a_contradicted_switch_over_refutes_from_receipt(as_: As, monitor: Monitor) -> None:
    send(as_, [saw("operator"), saw("second-observer", "contradicted")])

    assert status_of_the_monitor() is Status.REFUTED
    refuting = Revision.objects.get(artefact=monitor.artefact, verdict="refutes")
    assert refuting.covers == ["night"]
    assert (refuting.proves_from, refuting.proves_until) == (NOW - 2 * HOUR, NOW - HOUR)
    assert len(payloads("revision.submitted")) == 2
    # Said again, it is no second counter-evidence.
    send(as_, [saw("second-observer", "contradicted")], "again")
    assert Revision.objects.filter(verdict="refutes").count() == 1


def test_components_that_no_service_names_are_pointed_out(as_: As) -> None:
    body = send(as_, [{**down(minutes=1), "component": "trading/9"}]).json()

    assert [each["code"] for each in body["warnings"]] == ["unknown_components"]


def test_each_event_is_proved_by_its_batch(as_: As) -> None:
    send(as_, [beat(seconds=n) for n in range(11)])

    for event in MonitorEvent.objects.all():
        shown = as_("olga").get(f"{PATH}/{event.pk}").json()
        proof = Inclusion(**shown["proof"])
        proofs.verify(shown["content"], proof)
        assert proof.root == shown["batch"]["root"] == MonitorBatch.objects.get().root
        with pytest.raises(ProofInvalid):
            proofs.verify(shown["content"].replace("heartbeat", "down"), proof)


def test_a_proof_that_is_none_is_refused() -> None:
    with pytest.raises(ProofInvalid):
        proofs.verify("{}", Inclusion(0, 1, [], "no hash"))


def test_an_event_of_another_monitor_is_not_found(as_: As) -> None:
    send(as_, [beat(minutes=1)])
    event = MonitorEvent.objects.get()

    assert as_("olga").get(f"monitors/other/events/{event.pk}").status_code == 404
    assert as_("olga").get(f"monitors/other/batches/{event.batch_id}").status_code == 404


@pytest.mark.parametrize(("who", "status"), [("", 401), ("otto", 404), ("bo", 404), ("rin", 404), ("olga", 201)])
def test_monitors_are_their_departments(as_: As, who: str, status: int) -> None:
    assert send(as_, [beat(minutes=1)], who=who).status_code == status


def test_the_order_of_a_body_is_kept(as_: As) -> None:
    sent = [down(minutes=1), beat(minutes=9), down(minutes=5)]
    send(as_, sent)

    kept = MonitorEvent.objects.order_by("position").values_list("content", flat=True)
    assert [json.loads(each) for each in kept] == sent


def test_what_is_refused_leaves_no_trace_of_hearing(as_: As, cast: Cast) -> None:
    send(as_, [{"type": "heartbeat"}])

    assert as_("olga").get("monitors/night-log").json()["last_heard_at"] is None
