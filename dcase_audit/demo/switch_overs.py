"""Switch-overs of the year, as the state log reports them, and the availability that follows for the target of C_2."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from dcase_audit.demo.cast import MACHINE
from dcase_audit.demo.exchange import OPERATOR, Act, Event, Exchange
from dcase_audit.demo.monitors import SWITCH_OVERS
from dcase_audit.demo.year import Year
from drills import services as drills
from drills import targets
from drills.models import Monitor
from drills.monitors import native


class SwitchOver(NamedTuple):
    """A unit failed, and another one took over; for so many milliseconds the service stood still."""

    days: int
    clock: str
    service: str
    milliseconds: int
    text: str


OVERS = (
    SwitchOver(-318, "01:27", "cash", 412, "売買 1号機→2号機"),
    SwitchOver(-255, "10:12", "derivatives", 655, "問合せGW 1号機→3号機"),
    SwitchOver(-190, "22:41", "off-auction", 380, "参加者GW 2号機→1号機"),
    SwitchOver(-131, "14:03", "cash", 530, "注文管理 2号機→3号機"),
    SwitchOver(-75, "03:36", "derivatives", 471, "情報配信GW 3号機→1号機"),
    SwitchOver(-33, "11:19", "cash", 398, "売買 2号機→3号機"),
    SwitchOver(-12, "23:52", "off-auction", 702, "市場管理 1号機→2号機"),
)


def events(year: Year) -> Iterator[Event]:
    """Yield that the log measures the target, each switch-over, and a look at the figures when a month is over."""
    yield Event(year.opening(3, "16:10"), "olga", measure)
    for over in OVERS:
        yield Event(year.day(over.days, over.clock) + timedelta(seconds=2), MACHINE, report(over))
    for moment in months(year):
        yield Event(moment, OPERATOR, look)


def months(year: Year) -> Iterator[datetime]:
    """Yield the noon of each first day of a month, by when the log was heard anew."""
    day = year.today.replace(day=1)
    while (moment := year.at(day, "12:00")) > year.opening(3, "16:10"):
        if moment < year.now:
            yield moment
        day = (day - timedelta(days=1)).replace(day=1)


def measure(exchange: Exchange, at: datetime) -> None:
    """Say that the state log measures the availability that C_2 asks for."""
    monitor = Monitor.objects.select_related("artefact").get(key=SWITCH_OVERS)
    drills.feed_target(monitor=monitor, node=exchange.node("C_2"), actor=exchange.person("olga"), at=at)


def report(over: SwitchOver) -> Act:
    """Return the act of reporting a switch-over: down, and up again on another unit."""

    def act(exchange: Exchange, at: datetime) -> None:
        started = at - timedelta(seconds=2)
        ended = started + timedelta(milliseconds=over.milliseconds)
        said = [
            {"type": "down", "at": started.isoformat(), "component": over.service, "text": over.text},
            {
                "type": "up",
                "at": ended.isoformat(),
                "started_at": started.isoformat(),
                "component": over.service,
                "text": over.text,
            },
        ]
        body = json.dumps(said, ensure_ascii=False).encode()
        drills.receive(
            monitor=Monitor.objects.select_related("artefact").get(key=SWITCH_OVERS),
            actor=exchange.person(MACHINE),
            at=at,
            through=exchange.through(MACHINE),
            format="native",
            sha256=hashlib.sha256(body).hexdigest(),
            read=native.parse(body, media_type=native.LIST, bands=(), received_at=at),
        )

    return act


def look(exchange: Exchange, at: datetime) -> None:
    """Do what the beat has done every minute since the month was over."""
    targets.measure_all(at=at)
