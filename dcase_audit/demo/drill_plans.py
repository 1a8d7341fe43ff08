"""The year's drills as they were planned: what they play, how often, and for which artefact."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import NamedTuple

from dcase_audit.cases.models import Criterion
from dcase_audit.demo.exchange import Act, Event, Exchange
from dcase_audit.demo.year import SATURDAY, SUNDAY, THURSDAY, Year
from drills.models import Drill, Scenario
from drills.services import create_drill

NIGHT, NIGHT_RETEST, NIGHT_MAKE_UP = "night-confirmation", "night-confirmation-retest", "night-confirmation-make-up"
DAY, MARKET = "day-confirmation", "market-wide"
BASELINE, SETTING_OFF, COMMISSIONING = "commissioning-baseline", "commissioning-setting-off", "commissioning-test"


class Story(NamedTuple):
    """A scenario: what happened once, elsewhere or here, and what is to be shown now."""

    key: str
    title_ja: str
    title_en: str
    story_ja: str
    story_en: str
    objectives: tuple[str, ...]


NODE_FAILURE = Story(
    "node-failure-0127",
    "1時27分のノード障害と診断の読み違い",
    "The node failure at 1:27 and the misread diagnosis",
    "2012年2月2日、三重化したノードの1台が1時27分に故障した。2時30分ごろ診断結果を「切替済」と読んだが、実際には切り替わって"
    "いなかった。誤りは7時40分に見つかり、241銘柄の取引が止まった。訓練では同じ時刻に1号機を故障させ、一人目の読みを二人目が"
    "別の観測で照合する。",
    "On 2 February 2012 one of three nodes failed at 1:27. At about 2:30 the diagnosis was read as “switched” although "
    "nothing had switched; the error was found at 7:40 and 241 issues were halted. The drill fails a node at the same "
    "time of night and has a second person check the first one's reading against another observation.",
    ("15分以内に二つの観測で切替わりを確認する", "30分以内に経営層へ報告する", "10分以内に強制切替えを終える"),
)
SWITCH_SETTING = Story(
    "switch-setting-never-tested",
    "一度も試していない切替え設定",
    "A switch-over setting that was never tested",
    "2020年10月1日、共有ディスク装置のメモリ障害で自動切替えが働かず、終日の取引停止に至った。設定「オフ」は手引書では「15秒後に"
    "切替え」とされていたが、実際には切り替わらない仕様に変わっており、オフのままの試験は行われていなかった。",
    "On 1 October 2020 a memory fault of a shared disk unit did not lead to a switch-over, and trading was halted for "
    "the day. The manual said that the setting “off” switches after 15 seconds; the product had changed to never "
    "switch, and “off” had not been tested.",
    ("設定オン、オフ、強制のすべてで、障害時の動作を実機で確かめる",),
)
WRONG_SWITCH = Story(
    "network-switch-wrong-side",
    "ネットワークスイッチの誤った切替わり",
    "A network switch that fails over to the wrong side",
    "2012年8月7日、ネットワークスイッチの誤った切替わりにより、デリバティブの取引が9時18分から10時55分まで止まった。訓練では"
    "同じ状態を作り、参加者への通知、停止の判断、再開を、参加者とともに行う。",
    "On 7 August 2012 a network switch failed over wrongly and derivatives stood still from 9:18 to 10:55. The drill "
    "brings the same about and notifies, halts and restarts together with the participants.",
    ("15分以内に参加者へ通知する", "2時間以内に三つのサービスを再開する"),
)
STORIES = (NODE_FAILURE, SWITCH_SETTING, WRONG_SWITCH)


class Plan(NamedTuple):
    """A drill as planned. Its targets are those of the leaf ``node``."""

    key: str
    title_ja: str
    title_en: str
    story: Story
    artefact: str
    node: str
    department: str
    covers: tuple[str, ...]
    by: str
    planned_at: datetime
    starts_at: datetime
    every_weeks: int = 0
    report_within: str = "P5D"
    kind: Drill.Kind = Drill.Kind.FUNCTIONAL


def plans(year: Year) -> Iterator[Plan]:
    """Yield the year's plans. What is held once repeats a drill that failed, or makes up for one that was cancelled."""
    yield from _nights(year)
    yield Plan(
        DAY,
        "中間帯の切替わり確認訓練",
        "Day switch-over confirmation drill",
        story=NODE_FAILURE,
        artefact="day-drill-record",
        node="E_9",
        department="it-service",
        covers=("day",),
        by="olga",
        planned_at=year.opening(3, "16:40"),
        starts_at=year.weekday(-50, SATURDAY, "10:00"),
        every_weeks=6,
    )
    yield Plan(
        MARKET,
        "参加者合同の障害対応訓練",
        "Failure drill with the participants",
        story=WRONG_SWITCH,
        artefact="market-drill-record",
        node="E_12",
        department="it-service",
        covers=("derivatives", "cash", "off-auction"),
        by="hana",
        planned_at=year.opening(3, "16:45"),
        starts_at=year.weekday(-53, SATURDAY, "09:00"),
        every_weeks=26,
        report_within="P14D",
        kind=Drill.Kind.FULL_SCALE,
    )
    yield from _tests(year)


def _nights(year: Year) -> Iterator[Plan]:
    held = partial(year.weekday, weekday=THURSDAY, clock="01:00")
    night = partial(
        Plan,
        story=NODE_FAILURE,
        artefact="night-drill-record",
        node="E_9",
        department="it-service",
        covers=("night",),
        by="olga",
    )
    yield night(
        NIGHT,
        "夜間の切替わり確認訓練",
        "Night switch-over confirmation drill",
        planned_at=year.opening(3, "16:35"),
        starts_at=held(-54),
        every_weeks=13,
    )
    yield night(
        NIGHT_RETEST,
        "夜間の切替わり確認訓練（再試験）",
        "Night switch-over confirmation drill, retest",
        planned_at=year.after(held(-15), 2, "11:00"),
        starts_at=held(-13),
    )
    yield night(
        NIGHT_MAKE_UP,
        "夜間の切替わり確認訓練（振替）",
        "Night switch-over confirmation drill, make-up date",
        planned_at=year.before(held(-2), 1, "14:00"),
        starts_at=year.day(2, "01:00"),
    )


def _tests(year: Year) -> Iterator[Plan]:
    """The first test left a setting out; the test of that setting failed; since then all settings are tested."""
    held = partial(year.weekday, weekday=SUNDAY, clock="01:00")
    test = partial(
        Plan,
        story=SWITCH_SETTING,
        artefact="commissioning-test-record",
        node="E_2",
        department="it-development",
        by="bo",
        kind=Drill.Kind.COMPONENT,
    )
    every = ("setting-on", "setting-off", "forced")
    yield test(
        BASELINE,
        "構築時試験の記録の初回確認",
        "Commissioning test, first confirmation",
        covers=every,
        planned_at=year.opening(3, "16:50"),
        starts_at=held(-47),
    )
    yield test(
        SETTING_OFF,
        "切替え設定オフの単独試験",
        "Test of the switch-over setting “off”",
        covers=("setting-off",),
        planned_at=year.weekday(-46, THURSDAY, "17:00"),
        starts_at=held(-44),
    )
    yield test(
        COMMISSIONING,
        "構築時試験の定期実施",
        "Commissioning test, run again at regular intervals",
        covers=every,
        planned_at=year.weekday(-46, THURSDAY, "17:10"),
        starts_at=held(-38),
        every_weeks=23,
    )


def events(year: Year) -> Iterator[Event]:
    """Yield the writing of the scenarios and of each plan, before the dates that it names."""
    yield Event(year.opening(3, "16:30"), "hana", write_scenarios)
    for plan in plans(year):
        yield Event(plan.planned_at, plan.by, make(plan))


def write_scenarios(exchange: Exchange, at: datetime) -> None:
    """Write down what the drills are to play."""
    for story in STORIES:
        Scenario.objects.create(
            key=story.key,
            title_ja=story.title_ja,
            title_en=story.title_en,
            story_ja=story.story_ja,
            story_en=story.story_en,
            objectives=list(story.objectives),
        )


def make(plan: Plan) -> Act:
    """Return the act of planning a drill."""

    def act(exchange: Exchange, at: datetime) -> None:
        criterion = Criterion.objects.in_force().get(node=exchange.node(plan.node))
        create_drill(
            key=plan.key,
            title_ja=plan.title_ja,
            title_en=plan.title_en,
            kind=plan.kind,
            scenario=Scenario.objects.get(key=plan.story.key),
            artefact=exchange.artefact(plan.artefact),
            department=exchange.party(plan.department),
            timezone=exchange.case.timezone,
            starts_at=plan.starts_at,
            rule=f"FREQ=WEEKLY;INTERVAL={plan.every_weeks}" if plan.every_weeks else "",
            report_within=plan.report_within,
            covers=plan.covers,
            targets=criterion.targets,
            actor=exchange.person(plan.by),
            at=at,
        )

    return act
