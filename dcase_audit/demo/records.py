"""The artefacts that the exchange keeps, and the leaves that they support."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from dcase_audit.demo.exchange import Act, Event, Exchange
from dcase_audit.demo.year import Year
from evidence import services as evidence
from evidence.models import Artefact, Kind


def events(year: Year) -> Iterator[Event]:
    """Yield the beginning of each record: once there is a case, or when somebody sees that it is wanted; and a hold."""
    for record in RECORDS:
        begun = year.opening(2, "16:00") if record.days is None else year.office(record.days, "15:00")
        yield Event(begun, record.owner, keep(record))
    yield Event(year.office(HELD_SINCE, "11:00"), "hana", hold)


class Record(NamedTuple):
    """An artefact and the leaf that it supports; ``days``: begun later than the others, so many days from the end."""

    key: str
    kind: str
    title_ja: str
    title_en: str
    department: str
    owner: str
    node: str
    review_interval: str = ""
    days: int | None = None
    rationale: str = ""


# Days from the end of the year, after the night drill that failed.
HELD_SINCE = -80
IN_SERVICE, IN_DEVELOPMENT = ("it-service", "olga"), ("it-development", "bo")
RECORDS = (
    Record(
        "triple-redundancy-check",
        "test-run",
        "三重化構成の動作確認記録",
        "Check of the triple redundancy",
        *IN_DEVELOPMENT,
        "E_1",
    ),
    Record(
        "failure-monitoring-log", "monitor-log", "障害監視ログ", "Failure-monitoring log", *IN_SERVICE, "M_1", "P1Y"
    ),
    Record(
        "commissioning-test-record",
        "test-run",
        "構築時試験の記録",
        "Commissioning test record",
        *IN_DEVELOPMENT,
        "E_2",
        rationale="すべての切替え設定で、障害時の動作を実機で確かめる。",
    ),
    Record(
        "role-definition",
        "role-definition",
        "障害対応体制における役割の定義",
        "Definition of roles",
        *IN_SERVICE,
        "E_3",
    ),
    Record(
        "night-confirmation-log",
        "monitor-log",
        "（夜間）切替わり確認ログ",
        "Night confirmation log",
        *IN_SERVICE,
        "M_6",
        "P1Y",
    ),
    Record(
        "day-confirmation-log",
        "monitor-log",
        "（中間帯）切替わり確認ログ",
        "Day confirmation log",
        *IN_SERVICE,
        "M_18",
        "P1Y",
    ),
    Record(
        "switch-over-state-log",
        "monitor-log",
        "切替え状態ログ",
        "Switch-over state log",
        *IN_SERVICE,
        "M_6",
        "P1Y",
        rationale="確認の対象となる切替えを、装置の状態の変化として記録する。可用性（C_2）の実績もこのログから算出する。",
    ),
    Record("night-recovery-rule", "rule", "夜間障害復旧規則", "Rule for recovery (night)", *IN_SERVICE, "E_7"),
    Record(
        "night-reporting-rule",
        "rule",
        "夜間の経営層報告規則",
        "Rule for reporting to management (night)",
        *IN_SERVICE,
        "E_8",
    ),
    Record("day-recovery-rule", "rule", "中間帯障害復旧規則", "Rule for recovery (day)", *IN_SERVICE, "E_4"),
    Record("day-reporting-rule", "rule", "中間帯の保守担当報告規則", "Rule for reporting (day)", *IN_SERVICE, "E_5"),
    Record(
        "night-drill-record",
        "drill-record",
        "夜間訓練の記録",
        "Record of the night drills",
        *IN_SERVICE,
        "E_9",
        rationale="夜間帯の確認、報告、強制切替えを実際に行えることを示す。",
    ),
    Record(
        "day-drill-record",
        "drill-record",
        "中間帯訓練の記録",
        "Record of the day drills",
        *IN_SERVICE,
        "E_9",
        rationale="中間帯の確認、報告、強制切替えを実際に行えることを示す。",
    ),
    Record("confirmation-procedures", "rule", "切替わり確認手順書", "Confirmation procedures", *IN_SERVICE, "E_10"),
    Record(
        "selection-criteria",
        "selection-criteria",
        "製品選定基準",
        "Product selection criteria",
        *IN_DEVELOPMENT,
        "E_11",
        days=-60,
    ),
    Record(
        "market-drill-record",
        "drill-record",
        "参加者合同訓練の記録",
        "Record of the drills with participants",
        *IN_SERVICE,
        "E_12",
    ),
)


def hold(exchange: Exchange, at: datetime) -> None:
    """Have Hana put the records of the night drills on hold; nobody has released it by the end of the year."""
    evidence.place_hold(
        artefact=Artefact.objects.get(key="night-drill-record"),
        actor=exchange.person("hana"),
        at=at,
        reason="夜間訓練の不合格について、当局へ報告する経緯の資料とするため。",
    )


def keep(record: Record) -> Act:
    """Return the act of adding an artefact and saying which leaf it supports."""

    def act(exchange: Exchange, at: datetime) -> None:
        owner = exchange.person(record.owner)
        artefact = evidence.create_artefact(
            kind=Kind.objects.get(key=record.kind),
            key=record.key,
            title_ja=record.title_ja,
            title_en=record.title_en,
            custodian=exchange.party(record.department),
            owner=owner,
            review_interval=record.review_interval,
            actor=owner,
            at=at,
        )
        evidence.link(
            artefact=artefact, node=exchange.node(record.node), actor=owner, at=at, rationale=record.rationale
        )

    return act
