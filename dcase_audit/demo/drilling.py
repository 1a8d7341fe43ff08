"""The year's drills as they were held, called off or forgotten, and what was decided about their results."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import NamedTuple
from zoneinfo import ZoneInfo

from dcase_audit.demo import drill_plans, drill_records
from dcase_audit.demo.cast import MACHINE
from dcase_audit.demo.drill_records import Record, Subjects
from dcase_audit.demo.exchange import Act, Event, Exchange
from dcase_audit.demo.year import SATURDAY, SUNDAY, THURSDAY, Year
from drills import planning
from drills.results import Malformed
from drills.services import record_refusal, record_result
from evidence import services as evidence

NIGHT_SUBJECTS = ("failover-setting", "failover-manual", "diagnosis-tool", "organisation-chart")
TEST_SUBJECTS = ("failover-setting", "firmware", "failover-manual")

Recorded = Callable[[datetime, ZoneInfo, Subjects], Record]


class Holding(NamedTuple):
    """One holding of a drill: when, what was recorded, who sent it when, and who accepted it when, if anybody did."""

    drill: str
    held_at: datetime
    record: Recorded
    subjects: tuple[str, ...]
    sent_by: str
    sent_at: datetime
    accepted_by: str = ""
    accepted_at: datetime | None = None

    @property
    def name(self) -> str:
        return f"{self.drill} {self.held_at}"


def events(year: Year) -> Iterator[Event]:
    """Yield what happened to every occurrence of the year that has a story; the planner marks what nobody reported."""
    for holding in holdings(year):
        yield Event(holding.sent_at, holding.sent_by, send(holding))
        if holding.accepted_at is not None:
            yield Event(holding.accepted_at, holding.accepted_by, accept(holding))
    yield from _called_off(year)
    yield from _annulled(year)
    yield from _refused(year)


# What was held


def holdings(year: Year) -> Iterator[Holding]:
    """Yield every holding whose result was sent in."""
    yield from _nights(year)
    yield from _days(year)
    yield from _markets(year)
    yield from _tests(year)


def _by_machine(
    year: Year, drill: str, held_at: datetime, record: Recorded, *, hours: float, passes: bool = True
) -> Holding:
    """Return a holding that the collector reports once it is over; two business days later Ken accepts what passed."""
    sent_at = held_at + timedelta(hours=hours)
    accepted = ("ken", year.after(sent_at, 2, "11:10")) if passes else ()
    return Holding(drill, held_at, record, NIGHT_SUBJECTS, MACHINE, sent_at, *accepted)


def _earlier(year: Year, drill: str, held_at: datetime, record: Recorded, minute: int) -> Holding:
    """Return a holding from before the product was introduced: it is sent by hand and belongs to no plan of ours."""
    sent_at = year.opening(4, f"13:{minute:02d}")
    return Holding(drill, held_at, record, (), "olga", sent_at, "ken", year.after(sent_at, 2, f"15:{minute:02d}"))


def _nights(year: Year) -> Iterator[Holding]:
    """Yield the night drills: the third one of the plan fails, and its retest answers it."""
    night = drill_records.night
    held = partial(year.weekday, weekday=THURSDAY, clock="01:00")
    by_machine = partial(_by_machine, year, hours=2.5)
    yield _earlier(year, drill_plans.NIGHT, held(-54), partial(night, confirmed=12, told=23, forced=8), 10)
    yield by_machine(drill_plans.NIGHT, held(-41), partial(night, confirmed=13, told=25, forced=7))
    yield by_machine(drill_plans.NIGHT, held(-28), partial(night, confirmed=10, told=21, forced=7))
    misread = partial(night, confirmed=11, told=19, forced=8, misread=True)
    yield by_machine(drill_plans.NIGHT, held(-15), misread, passes=False)
    yield by_machine(drill_plans.NIGHT_RETEST, held(-13), partial(night, confirmed=9, told=18, forced=6))


def _days(year: Year) -> Iterator[Holding]:
    """Yield the day drills. Weeks -26 was called off, and of week -2 nobody has sent anything."""
    day = drill_records.day
    held = partial(year.weekday, weekday=SATURDAY, clock="10:00")
    by_machine = partial(_by_machine, year, drill_plans.DAY, hours=3)
    yield by_machine(held(-50), partial(day, confirmed=5, told=14, forced=6))
    yield by_machine(held(-44), partial(day, confirmed=4, told=16, forced=6))
    ahead = partial(day, confirmed=95, told=17, forced=5, note="収集装置の時刻が実際より92分進んでいた疑いがある。")
    yield by_machine(held(-38), ahead, passes=False)
    yield by_machine(held(-32), partial(day, confirmed=4, told=12, forced=5))
    yield by_machine(held(-20), partial(day, confirmed=3, told=13, forced=5))
    yield by_machine(held(-14), partial(day, confirmed=4, told=11, forced=6))
    yield by_machine(held(-8), partial(day, confirmed=3, told=11, forced=5))


def _markets(year: Year) -> Iterator[Holding]:
    """Yield the drills with the participants. The result of last week's is still to be sent."""
    held = partial(year.weekday, weekday=SATURDAY, clock="09:00")
    yield _earlier(year, drill_plans.MARKET, held(-53), partial(drill_records.market, told=13, restored=96), 20)
    whole = partial(drill_records.market, told=9, restored=85)
    yield _by_machine(year, drill_plans.MARKET, held(-27), whole, hours=7)


def _tests(year: Year) -> Iterator[Holding]:
    """Yield the commissioning tests: one that left a setting out, one that failed, and two of every setting."""
    test = partial(drill_records.commissioning, millisecond="PT0.412S", second="PT11.8S")
    held = partial(year.weekday, weekday=SUNDAY, clock="01:00")
    for drill, weeks, setting_off in (
        (drill_plans.BASELINE, -47, "not_run"),
        (drill_plans.SETTING_OFF, -44, "wrong"),
        (drill_plans.COMMISSIONING, -38, "tested"),
        (drill_plans.COMMISSIONING, -15, "tested"),
    ):
        sent_at = year.after(held(weeks), 1, "09:40")
        accepted = ("nao", year.after(sent_at, 1, "13:30")) if setting_off == "tested" else ()
        record = partial(test, setting_off=setting_off)
        yield Holding(drill, held(weeks), record, TEST_SUBJECTS, "bo", sent_at, *accepted)


def send(holding: Holding) -> Act:
    """Return the act of sending a result in."""

    def act(exchange: Exchange, at: datetime) -> None:
        subjects = exchange.versions(holding.subjects, at=holding.held_at)
        zone = exchange.year.zone
        result = record_result(
            drill=exchange.drill(holding.drill),
            actor=exchange.person(holding.sent_by),
            at=at,
            data=drill_records.as_bytes(holding.record(holding.held_at, zone, subjects)),
            name=f"{holding.drill}-{holding.held_at.astimezone(zone):%Y-%m-%d}.json",
            through=exchange.through(holding.sent_by),
        )
        exchange.remember(holding.name, result.revision)

    return act


def accept(holding: Holding) -> Act:
    """Return the act of accepting a result that passed."""

    def act(exchange: Exchange, at: datetime) -> None:
        evidence.accept(revision=exchange.recall(holding.name), actor=exchange.person(holding.accepted_by), at=at)

    return act


# What was not held, and what did not count


def _called_off(year: Year) -> Iterator[Event]:
    day, night = year.weekday(-26, SATURDAY, "10:00"), year.weekday(-2, THURSDAY, "01:00")
    reason = "同じ日に情報配信GWの更改作業を行うため、休場日の作業枠が取れない。次回の訓練で確認項目を補う。"
    yield Event(year.before(day, 3, "17:20"), "hana", call_off(drill_plans.DAY, day, reason))
    reason = "夜間の保守ベンダーの要員が、別の障害対応で確保できない。振替日を計画した。"
    yield Event(year.before(night, 1, "13:40"), "hana", call_off(drill_plans.NIGHT, night, reason))


def call_off(drill: str, planned_at: datetime, reason: str) -> Act:
    """Return the act of calling a planned drill off."""

    def act(exchange: Exchange, at: datetime) -> None:
        occurrence = exchange.occurrence(drill, planned_at)
        planning.cancel(occurrence=occurrence, actor=exchange.person("hana"), at=at, reason=reason)

    return act


def _annulled(year: Year) -> Iterator[Event]:
    """The day drill of week -38 failed by its figures; the collector's clock was wrong, as two persons agree."""
    held_at = year.weekday(-38, SATURDAY, "10:00")
    name = f"{drill_plans.DAY} {held_at}"
    proposed = year.after(held_at, 2, "10:30")

    def propose(exchange: Exchange, at: datetime) -> None:
        reason = "収集装置の時計が92分進んでいた。NTPサーバとの比較記録を確認した。確認票の手書き時刻では3分。"
        evidence.propose_annulment(revision=exchange.recall(name), actor=exchange.person("ken"), at=at, reason=reason)

    def annul(exchange: Exchange, at: datetime) -> None:
        reason = "比較記録と確認票を突き合わせた。この結果は失敗の根拠にならない。合格の根拠にもしない。"
        evidence.annul(revision=exchange.recall(name), actor=exchange.person("hana"), at=at, reason=reason)

    yield Event(proposed, "ken", propose)
    yield Event(year.after(proposed, 3, "16:40"), "hana", annul)


def _refused(year: Year) -> Iterator[Event]:
    """The collector first sent times without a zone, which the product refuses and lists."""
    held_at = year.weekday(-27, SATURDAY, "09:00")

    def refuse(exchange: Exchange, at: datetime) -> None:
        record = drill_records.market(held_at, exchange.year.zone, {}, told=9, restored=85)
        record["started_at"] = record["started_at"].partition("+")[0]
        data, through = drill_records.as_bytes(record), exchange.through(MACHINE)
        drill, machine = exchange.drill(drill_plans.MARKET), exchange.person(MACHINE)
        try:
            record_result(drill=drill, actor=machine, at=at, data=data, name="market.json", through=through)
        except Malformed as refusal:
            sent = sha256(data).hexdigest()
            record_refusal(drill=drill, actor=machine, at=at, through=through, refusal=refusal, sha256=sent)

    yield Event(held_at + timedelta(hours=6.5), MACHINE, refuse)
