"""The sample's artefacts: in force, waiting, ended, returned, refuted and answered, withdrawn, confidential."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from dcase_audit.reports.contents import (
    Artefact,
    Decision,
    Disposal,
    File,
    Gap,
    Language,
    Retention,
    Revision,
    SubjectVersion,
    Support,
)
from tests.reports.sample_words import Pair, day, digest, pick

OWNERS: dict[str, Pair] = {
    "olga": ("大西 織絵", "Olga Onishi"),
    "ken": ("金子 健", "Ken Kaneko"),
    "dai": ("土井 大", "Dai Doi"),
    "bo": ("望月 望", "Bo Mochizuki"),
    "head": ("渡邊 𠮷之", "Yoshiyuki Watanabe"),
}
PDF = "application/pdf"
GROUPS = (
    "order-management", "trading", "market-data-gateway", "participant-gateway", "market-control", "trade-record",
    "trading-supervision", "database", "enquiry-gateway",
)  # fmt: skip


class Maker:
    """Makes artefacts whose words are in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def artefact(self, key: str, title: Pair, kind: Pair, node: str, owner: str, *revisions: Revision) -> Artefact:
        custodian = ("IT開発部", "IT Development") if owner in {"dai", "bo"} else ("ITサービス部", "IT Service")
        return Artefact(
            key=key,
            title=self.pick(title),
            kind=self.pick(kind),
            owner=self.pick(OWNERS[owner]),
            custodian=self.pick(custodian),
            supports=(Support(node=node, linked_at=day(2025, 11, 21, 9)),),
            revisions=revisions,
        )

    def revision(self, number: int, at: datetime, **values: Any) -> Revision:
        """Return a revision recorded and submitted at ``at``, and accepted two hours later if it says so by default."""
        owner = values.pop("owner", "olga")
        decisions = values.pop("decisions", None)
        if decisions is None:
            decisions = (
                self.decision("submitted", owner, at),
                self.decision("accepted", "ken", at + timedelta(hours=2)),
            )
        return Revision(
            **{"verdict": "supports", "standing": "in_force", **values},
            number=number,
            recorded_at=at,
            decisions=decisions,
        )

    def decision(self, kind: Any, by: str, at: datetime, reason: Pair = ("", "")) -> Decision:
        return Decision(kind=kind, by=self.pick(OWNERS[by]), at=at, reason=self.pick(reason))

    def file(self, name: str, size: int, media_type: str = PDF, role: Any = "main") -> File:
        return File(sha256=digest(f"{name} {size}"), size=size, media_type=media_type, name=name, role=role)

    def disposed(self, name: str, size: int) -> File:
        """Return a file that went when nothing kept it any more."""
        why, rule = ("保存期間の満了", "its retention is over"), ("文書管理規程第12条", "Document rules, article 12")
        disposal = Disposal(
            at=day(2026, 2, 2, 10),
            by=self.pick(OWNERS["head"]),
            reason=self.pick(why),
            basis="rule",
            text=self.pick(rule),
        )
        return replace(self.file(name, size), disposal=disposal)

    def pick(self, pair: Pair) -> str:
        return pick(self.language, pair)


def artefacts(language: Language) -> tuple[Artefact, ...]:
    make = Maker(language)
    return (*system(make), *monitors(make), *rules(make), *drill_records(make), *criteria(make))


def system(make: Maker) -> tuple[Artefact, ...]:
    test_run = ("試験記録", "test run")
    hardware = (SubjectVersion(subject="hardware", version="2026-01"),)
    checks = [
        make.revision(
            number, at, owner="dai", covers=GROUPS, subjects=hardware,
            valid_from=at, proves_from=at - timedelta(days=1), proves_until=at,
            standing="in_force" if number == 4 else "superseded",
            files=(make.file(f"triple-check-{at:%Y%m}.csv", 48_211 + number, "text/csv", "raw"),
                   make.file(f"三重化動作確認_{at:%Y%m}.pdf", 381_022 + number)),
        )
        for number, at in enumerate(
            (day(2026, 2, 2, 18), day(2026, 5, 1, 18), day(2026, 8, 3, 18), day(2026, 11, 1, 18)), 1
        )
    ]  # fmt: skip
    return (
        make.artefact("triple-check", ("三重化構成の動作確認", "Operational check of the triple redundancy"), test_run,
                      "E_1", "dai", *checks),
        make.artefact(
            "switch-over-tests", ("自動切替えの定期試験", "Regular tests of the automatic switch-over"), test_run,
            "E_2", "dai",
            make.revision(1, day(2026, 3, 9, 17), owner="dai", standing="voided",
                          covers=("setting-on", "setting-off"),
                          proves_from=day(2026, 3, 7), proves_until=day(2026, 3, 8),
                          subjects=(SubjectVersion(subject="failover-setting", version="4"),),
                          files=(make.file("switch-over-202603.xml", 91_733, "application/xml", "raw"),),
                          decisions=(make.decision("submitted", "dai", day(2026, 3, 9, 17)),
                                     make.decision("accepted", "bo", day(2026, 3, 10, 9)),
                                     make.decision("voided", "bo", day(2026, 7, 12, 11), (
                                         "試験機の設定が本番と異なっていたことが分かった",
                                         "the test machine turned out not to be set as production is")))),
            make.revision(2, day(2026, 7, 13, 19), owner="dai", covers=("setting-on", "setting-off", "forced"),
                          valid_from=day(2026, 7, 13, 21), proves_from=day(2026, 7, 11), proves_until=day(2026, 7, 13),
                          corrects=1,
                          subjects=(SubjectVersion(subject="failover-setting", version="4"),
                                    SubjectVersion(subject="firmware", version="9.11.1"),
                                    SubjectVersion(subject="failover-manual", version="12")),
                          files=(make.file("switch-over-202607.xml", 120_412, "application/xml", "raw"),
                                 make.file("切替試験報告書_2026年7月_全サーバ群_設定オン・オフ・強制切替.pdf",
                                           2_310_884))),
        ),
    )  # fmt: skip


def monitors(make: Maker) -> tuple[Artefact, ...]:
    log = ("監視ログ", "monitor log")
    names: tuple[tuple[str, Pair, str, str, tuple[str, ...]], ...] = (
        ("failure-monitoring", ("障害監視ログの設定", "Set-up of the failure monitoring"), "M_1", "dai",
         ("servers", "network-switches")),
        ("night-confirmations", ("夜間の切替わり確認ログ", "Night log of switch-over confirmations"), "M_6", "olga",
         ("night",)),
        ("day-confirmations", ("中間帯の切替わり確認ログ", "Day log of switch-over confirmations"), "M_18", "olga",
         ("day",)),
    )  # fmt: skip
    return tuple(
        make.artefact(
            key, title, log, node, owner,
            make.revision(1, day(2025, 11, 24, 15), owner=owner, covers=covers, valid_from=day(2025, 12, 1),
                          proves_from=day(2025, 11, 20), proves_until=day(2025, 11, 24),
                          files=(make.file(f"{key}-setup.json", 5_120, "application/json"),)),
        )
        for key, title, node, owner, covers in names
    )  # fmt: skip


def rules(make: Maker) -> tuple[Artefact, ...]:
    rule = ("規程・手順", "rule")
    roles = ("it-service", "it-development", "management", "operations-vendor")
    return (
        make.artefact(
            "organisation-roles", ("障害対応体制の役割定義", "Roles in the failure organisation"),
            ("役割定義", "role definition"), "E_3", "olga",
            make.revision(1, day(2024, 12, 18, 10), standing="ended", covers=roles, valid_from=day(2024, 12, 22),
                          valid_until=day(2025, 12, 22), proves_until=day(2024, 12, 18),
                          retention=Retention(at_least=day(2025, 12, 23), basis="rule",
                                              text=make.pick(("文書管理規程第12条", "Document rules, article 12"))),
                          files=(make.disposed("体制と役割_2025.pdf", 210_004),)),
            make.revision(2, day(2025, 12, 20, 17), standing="withdrawn", covers=roles, valid_from=day(2025, 12, 22),
                          valid_until=day(2026, 12, 22), proves_until=day(2025, 12, 20),
                          files=(make.file("体制と役割_2026.pdf", 213_558),),
                          decisions=(make.decision("submitted", "olga", day(2025, 12, 20, 17)),
                                     make.decision("accepted", "ken", day(2026, 1, 8, 9, 40)),
                                     make.decision("withdrawn", "ken", day(2026, 4, 1, 9), (
                                         "4月1日の組織変更により", "reorganised on 1 April")))),
            make.revision(3, day(2026, 3, 25, 13), covers=roles, valid_from=day(2026, 4, 1),
                          valid_until=day(2026, 12, 22), proves_until=day(2026, 3, 25),
                          subjects=(SubjectVersion(subject="organisation-chart", version="2026-04"),),
                          files=(make.file("体制と役割_2026年4月.pdf", 219_870),
                                 make.file("roles-2026-04-en.pdf", 201_331, role="translation"))),
        ),
        make.artefact(
            "vendor-night-roster", ("運用ベンダーの夜間当番表", "Vendor's night roster"),
            ("役割定義", "role definition"), "E_3", "olga",
            make.revision(1, day(2026, 10, 1, 9), covers=("operations-vendor",), valid_from=day(2026, 10, 1),
                          valid_until=day(2027, 4, 1), proves_until=day(2026, 10, 1),
                          confidential_reason=make.pick(("個人の電話番号を含む", "holds private telephone numbers")),
                          files=(make.file("", 18_944),)),
        ),
        make.artefact(
            "recovery-rule-day", ("復旧処理の規則（中間帯）", "Recovery rule (day)"), rule, "E_4", "olga",
            make.revision(1, day(2026, 3, 27, 11), covers=("recovery", "forced-switch"), valid_from=day(2026, 4, 1),
                          valid_until=day(2027, 4, 1), proves_until=day(2026, 3, 27),
                          subjects=(SubjectVersion(subject="failover-manual", version="12"),),
                          retention=Retention(at_least=day(2036, 3, 28), basis="law", text=make.pick(
                              ("金融商品取引法", "Financial Instruments and Exchange Act"))),
                          held_since=day(2026, 10, 5, 9),
                          files=(make.file("recovery-day-v7.pdf", 402_118),)),
        ),
        make.artefact(
            "report-rule-day", ("保守担当への報告の規則（中間帯）", "Rule for reporting to maintenance (day)"), rule,
            "E_5", "olga",
            make.revision(1, day(2026, 11, 17, 18, 5), standing="waiting", covers=("reporter", "deputy", "time-limit"),
                          valid_from=day(2026, 12, 1), valid_until=day(2027, 12, 1), proves_until=day(2026, 11, 17),
                          files=(make.file("報告規則_中間帯_案.docx", 61_440,
                                           "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),),
                          decisions=(make.decision("submitted", "olga", day(2026, 11, 17, 18, 5)),)),
        ),
        make.artefact(
            "recovery-rule-night", ("復旧処理の規則（夜間）", "Recovery rule (night)"), rule, "E_7", "olga",
            make.revision(1, day(2026, 4, 24, 16), covers=("recovery", "forced-switch", "halt-decision"),
                          valid_from=day(2026, 5, 1), valid_until=day(2027, 5, 1), proves_until=day(2026, 4, 24),
                          subjects=(SubjectVersion(subject="failover-manual", version="12"),),
                          files=(make.file("recovery-night-v9.pdf", 455_902),)),
        ),
        make.artefact(
            "report-rule-night", ("経営層への報告の規則（夜間）", "Rule for reporting to management (night)"), rule,
            "E_8", "olga",
            make.revision(1, day(2025, 10, 20, 10), standing="ended",
                          covers=("caller", "deputy", "unreachable", "time-limit"),
                          valid_from=day(2025, 11, 1), valid_until=day(2026, 11, 1), proves_until=day(2025, 10, 20),
                          files=(make.file("night-report-v3.pdf", 188_230),)),
        ),
        make.artefact(
            "check-procedures", ("切替わり確認の手順書", "Confirmation procedures"), rule, "E_10", "olga",
            make.revision(1, day(2026, 1, 9, 14), standing="superseded", covers=("server", "storage", "network-switch"),
                          valid_from=day(2026, 1, 15), proves_until=day(2026, 1, 9),
                          files=(make.file("confirm-v4.pdf", 340_117),)),
            make.revision(2, day(2026, 7, 1, 14), covers=("server", "storage", "network-switch"),
                          valid_from=day(2026, 7, 2), proves_until=day(2026, 7, 31),
                          subjects=(SubjectVersion(subject="diagnosis-tool", version="3.2"),),
                          files=(make.file("confirm-v5.pdf", 351_009),)),
        ),
    )  # fmt: skip


def drill_records(make: Maker) -> tuple[Artefact, ...]:
    record = ("訓練記録", "drill record")

    def drill(number: int, at: datetime, covers: tuple[str, ...], **values: Any) -> Revision:
        return make.revision(
            number, at, covers=covers, valid_from=at, proves_from=at.replace(hour=0, minute=0),
            proves_until=at.replace(hour=0, minute=0) + timedelta(days=1),
            files=(make.file(f"drill-{covers[0]}-{at:%Y%m%d}.json", 9_040 + number, "application/json", "raw"),),
            **values,
        )  # fmt: skip

    night, by_day = ("night",), ("day",)
    return (
        make.artefact(
            "night-drill", ("夜間の切替え訓練の記録", "Record of the night drill"), record, "E_9", "olga",
            drill(1, day(2026, 2, 18, 9, 2), night, standing="superseded"),
            drill(2, day(2026, 5, 20, 8, 55), night, standing="superseded"),
            drill(3, day(2026, 8, 19, 9, 31), night, verdict="refutes", standing="answered", decisions=()),
            drill(4, day(2026, 8, 26, 9, 12), night),
        ),
        make.artefact(
            "day-drill", ("中間帯の切替え訓練の記録", "Record of the day drill"), record, "E_9", "olga",
            drill(1, day(2026, 3, 4, 15, 40), by_day, standing="superseded"),
            drill(2, day(2026, 9, 2, 16), by_day, verdict="refutes", standing="annulled", decisions=(
                make.decision("annulment_proposed", "olga", day(2026, 9, 8, 10), (
                    "計測開始の合図が二重に出ており、計測値が無効",
                    "the start signal was given twice; the times are void")),
                make.decision("annulled", "head", day(2026, 9, 9, 14, 30), (
                    "記録映像で確認した。9月30日に再訓練を行うこと",
                    "seen on the recording; to be repeated on 30 September")))),
            drill(3, day(2026, 9, 30, 15, 2), by_day),
        ),
        make.artefact(
            "market-drill", ("総合訓練の記録", "Record of the market-wide drill"), record, "E_12", "olga",
            drill(1, day(2026, 6, 15, 11, 20), ("derivatives", "cash", "off-auction")),
        ),
    )  # fmt: skip


def criteria(make: Maker) -> tuple[Artefact, ...]:
    return (
        make.artefact(
            "selection-criteria", ("製品の選定基準", "Product selection criteria"), ("選定基準", "selection criteria"),
            "E_11", "bo",
            make.revision(1, day(2026, 9, 28, 13), owner="bo", standing="returned", covers=("servers", "storage"),
                          valid_from=day(2026, 10, 1), valid_until=day(2027, 10, 1), proves_until=day(2026, 9, 28),
                          files=(make.file("選定基準_第1版.xlsx", 77_310,
                                           "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),),
                          decisions=(make.decision("submitted", "bo", day(2026, 9, 28, 13)),
                                     make.decision("returned", "dai", day(2026, 9, 30, 16, 20), (
                                         "ネットワークスイッチが対象にない。すべての設定での試験も求めていない",
                                         "network switches are not covered, nor tests in every setting")))),
        ),
    )  # fmt: skip


def gaps() -> tuple[Gap, ...]:
    return (
        Gap(artefact="organisation-roles", start=day(2025, 12, 22), until=day(2026, 1, 8, 9, 40),
            recorded_at=day(2026, 1, 8, 9, 40), accepted_late=2),
        Gap(artefact="failure-monitoring", start=day(2026, 6, 3, 2, 10), until=day(2026, 6, 3, 2, 41),
            recorded_at=day(2026, 6, 3, 2, 15)),
    )  # fmt: skip
