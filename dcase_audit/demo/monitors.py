"""Monitors: their accepted set-up, a year of heartbeats, and the spans in which they were not heard."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from dcase_audit.demo.cast import MACHINE
from dcase_audit.demo.exchange import Act, Event, Exchange, File
from dcase_audit.demo.year import SATURDAY, THURSDAY, Year
from drills import services as drills
from drills.models import Monitor
from evidence import services as evidence
from evidence.models import RevisionFile

FAILURES, NIGHT, DAY = "failure-monitoring-log", "night-confirmation-log", "day-confirmation-log"
SWITCH_OVERS = "switch-over-state-log"


class SetUp(NamedTuple):
    """How a monitor is set up, and what it covers."""

    artefact: str
    covers: tuple[str, ...]
    settings: str
    log: tuple[str, ...]
    source: str
    resolution: timedelta
    bands: tuple[str, ...] = ()
    services: tuple[str, ...] = ()


SET_UPS = (
    SetUp(
        FAILURES,
        ("servers", "network-switches"),
        "# 障害監視の設定（デモ用・架空）\n[targets]\nservers = 27\nnetwork_switches = 12\ninterval_s = 5\n"
        "[injected_faults]\nevery_days = 7\ndetect_within_s = 60\n[report]\nheartbeat_s = 60\n",
        (
            "01:00:00 self-test start",
            "01:00:12 fault injected server=trading/2",
            "01:00:31 fault detected server=trading/2 after 19 s",
            "01:05:12 fault injected switch=core/1",
            "01:05:39 fault detected switch=core/1 after 27 s",
            "01:10:00 self-test end injected=2 detected=2",
        ),
        Monitor.Source.PROBE,
        timedelta(seconds=5),
    ),
    SetUp(
        NIGHT,
        ("night",),
        "# 夜間の切替わり確認ログの設定（デモ用・架空）\n[confirmation]\nband = 22:00-06:00\nwithin = PT15M\n"
        "observations = 2\n[report]\nheartbeat_h = 11\n",
        (
            "01:27:00 switch-over server=order-management from=1 to=2",
            "01:33:40 confirmed by=operator diagnosis=unit-2",
            "01:35:05 confirmed by=second-observer messages=unit-2",
        ),
        Monitor.Source.STATE,
        timedelta(seconds=1),
        ("night",),
    ),
    SetUp(
        DAY,
        ("day",),
        "# 中間帯の切替わり確認ログの設定（デモ用・架空）\n[confirmation]\nband = 06:00-22:00\nwithin = PT5M\n"
        "observations = 2\n[report]\nheartbeat_h = 23\n",
        (
            "10:12:00 switch-over server=enquiry-gateway from=1 to=3",
            "10:14:20 confirmed by=operator diagnosis=unit-3",
            "10:15:10 confirmed by=second-observer messages=unit-3",
        ),
        Monitor.Source.STATE,
        timedelta(seconds=1),
        ("day",),
    ),
    SetUp(
        SWITCH_OVERS,
        (),
        "# 切替え状態ログの設定（デモ用・架空）\n[events]\nsource = cluster-state\nresolution_ms = 100\n"
        "services = derivatives, cash, off-auction\n[report]\nheartbeat_h = 11\n",
        (
            "01:40:00.000 service=cash down unit=1 reason=test",
            "01:40:00.412 service=cash up unit=2",
            "01:50:00.000 service=derivatives down unit=1 reason=test",
            "01:50:00.655 service=derivatives up unit=3",
        ),
        Monitor.Source.STATE,
        timedelta(milliseconds=100),
        services=("derivatives", "cash", "off-auction"),
    ),
)


def events(year: Year) -> Iterator[Event]:
    """Yield set-ups, their yearly review, and every heartbeat."""
    for set_up in SET_UPS:
        yield Event(year.opening(3, "07:50"), "olga", _adds(set_up))
        yield from _lives(set_up, year, tested_at=year.day(-379), submitted_at=year.opening(3, "13:30"))
        yield from _lives(set_up, year, tested_at=year.day(-151), submitted_at=year.office(-149, "13:30"))
    yield from _slow_heartbeats(year)
    yield from _fast_heartbeats(year)


def _adds(set_up: SetUp) -> Act:
    def act(exchange: Exchange, at: datetime) -> None:
        artefact = exchange.artefact(set_up.artefact)
        services = [{"service": name, "needed": 1, "components": [name]} for name in set_up.services]
        more = {"source": set_up.source, "bands": list(set_up.bands), "services": services}
        drills.create_monitor(
            key=set_up.artefact,
            artefact=artefact,
            department=artefact.custodian,
            resolution_ms=set_up.resolution // timedelta(milliseconds=1),
            clock_source="NTP",
            clock_uncertainty_us=5000,
            actor=exchange.person("olga"),
            at=at,
            **more,
        )

    return act


def _lives(set_up: SetUp, year: Year, *, tested_at: datetime, submitted_at: datetime) -> Iterator[Event]:
    name = f"{set_up.artefact} {submitted_at}"

    def submit(exchange: Exchange, at: datetime) -> None:
        owner = exchange.person("olga")
        revision = evidence.add_revision(
            artefact=exchange.artefact(set_up.artefact),
            actor=owner,
            at=at,
            files=exchange.files(_files(set_up, year, tested_at), at=at),
            covers=set_up.covers,
            proves_from=tested_at,
            proves_until=tested_at + timedelta(hours=3),
            note="設定の登録と、注入した障害による動作確認。",
        )
        evidence.submit(revision=revision, actor=owner, at=at)
        exchange.remember(name, revision)

    def accept(exchange: Exchange, at: datetime) -> None:
        evidence.accept(revision=exchange.recall(name), actor=exchange.person("ken"), at=at)

    yield Event(submitted_at, "olga", submit)
    yield Event(year.after(submitted_at, 1, "15:00"), "ken", accept)


def _files(set_up: SetUp, year: Year, tested_at: datetime) -> Iterator[File]:
    day = year.local(tested_at)[:10]
    yield File(f"{set_up.artefact}.toml", set_up.settings.encode(), "text/plain", language="ja")
    log = "".join(f"{day}T{line}\n" for line in ("00:00:00 DEMO, fictitious", *set_up.log))
    yield File(f"{set_up.artefact}-{day}.log", log.encode(), "text/plain", RevisionFile.Role.RAW)


# Heartbeats


def quiet_spans(year: Year) -> dict[str, tuple[datetime, datetime]]:
    """Return when a monitor was not heard: the collector was not restarted, a line was cut, a switch was replaced."""
    saturday, thursday = year.weekday(-35, SATURDAY, "08:00"), year.weekday(-23, THURSDAY, "09:00")
    return {
        NIGHT: (saturday, saturday + timedelta(days=2, minutes=90)),
        DAY: (thursday, thursday + timedelta(days=4, minutes=60)),
        FAILURES: (year.day(-1, "03:10"), year.day(-1, "03:32")),
    }


def heartbeats_begin(year: Year) -> datetime:
    """Return when the failure monitor is first heard: just before the edition that asks for its heartbeat."""
    return year.office(-2, "16:59")


def _slow_heartbeats(year: Year) -> Iterator[Event]:
    """Yield the heartbeats of the confirmation logs, as often as their leaves ask."""
    quiet = quiet_spans(year)
    for artefact, interval in ((NIGHT, timedelta(hours=11)), (DAY, timedelta(hours=23))):
        silent_from, heard_again = quiet[artefact]
        yield from _beats(artefact, year.opening(3, "08:00"), silent_from, interval)
        yield from _beats(artefact, heard_again, year.now, interval)
    yield from _beats(SWITCH_OVERS, year.opening(3, "08:00"), year.now, timedelta(hours=11))


def _fast_heartbeats(year: Year) -> Iterator[Event]:
    """Yield the failure monitor's heartbeats: every four minutes since its edition, up to the year's end."""
    silent_from, heard_again = quiet_spans(year)[FAILURES]
    yield from _beats(FAILURES, heartbeats_begin(year), silent_from, timedelta(minutes=4))
    yield from _beats(FAILURES, heard_again, year.now, timedelta(minutes=4))


def _beats(artefact: str, start: datetime, end: datetime, interval: timedelta) -> Iterator[Event]:
    moment = start
    while moment < end:
        yield Event(moment, MACHINE, partial(hear, artefact=artefact), quiet=True)
        moment += interval
    yield Event(end, MACHINE, partial(hear, artefact=artefact), quiet=True)


def hear(exchange: Exchange, at: datetime, *, artefact: str) -> None:
    """Receive a heartbeat."""
    evidence.hear(artefact=exchange.artefact(artefact), at=at)
