"""What goes on by itself while people work: the sweep, the planner of drills, and reminders; and who answers these."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from dcase_audit.demo.exchange import OPERATOR, Act, Event, Exchange
from dcase_audit.demo.monitors import quiet_spans
from dcase_audit.demo.year import SUNDAY, Year
from dcase_audit.notices import services as notices
from dcase_audit.notices.models import OpenItem
from drills import planning, targets
from drills.services import tell_overdue
from evidence.services import tell_overdue_remedies
from evidence.sweeping import sweep
from evidence.telling import leaf_key

# What happened long ago is looked at weekly; the last weeks daily, so that reminders climb as they do in life.
SELDOM, OFTEN, LAST_WEEKS = timedelta(days=7), timedelta(days=1), timedelta(days=30)


def events(year: Year) -> Iterator[Event]:
    """Yield the rounds of the year, some more where a monitor falls silent, and the last one at its end."""
    moment = year.opening(2, "17:30")
    while moment < year.now:
        yield Event(moment, OPERATOR, tick)
        moment += OFTEN if year.now - moment < LAST_WEEKS else SELDOM
    for silent_from, heard_again in quiet_spans(year).values():
        yield Event(heard_again - (heard_again - silent_from) / 4, OPERATOR, tick)
        yield Event(heard_again + timedelta(minutes=1), OPERATOR, tick)
    for who, node, moment in acknowledged(year):
        yield Event(moment, who, acknowledge(node, who))


def last(year: Year) -> Iterator[Event]:
    """Yield the round at the end of the year, after everything else of that moment."""
    yield Event(year.now, OPERATOR, tick)


def tick(exchange: Exchange, at: datetime) -> None:
    """Do what the beat has done every few minutes."""
    targets.measure_all(at=at)
    sweep(now=at, clock_now=at)
    planning.plan(at=at)
    tell_overdue(at=at)
    tell_overdue_remedies(at=at)
    notices.remind(at=at)


def acknowledged(year: Year) -> Iterator[tuple[str, str, datetime]]:
    """Yield who says of which leaf when that it is being seen to. Nobody says so of the night reporting rule."""
    yield "nao", "E_11", year.opening(7, "09:10")
    yield "bo", "E_2", year.after(year.weekday(-3, SUNDAY, "03:00"), 3, "10:20")


def acknowledge(node: str, who: str) -> Act:
    """Return the act of acknowledging what is open about a leaf."""

    def act(exchange: Exchange, at: datetime) -> None:
        item = OpenItem.objects.open().get(key=leaf_key(exchange.node(node).pk))
        notices.acknowledge(item=item, actor=exchange.person(who), at=at)

    return act
