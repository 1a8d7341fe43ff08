"""Who appears in the demo. All of them are invented, and so is the exchange they work for."""

from __future__ import annotations

from typing import NamedTuple

from dcase_audit.accounts.models import ApiToken, Membership

Role = Membership.Role

MACHINE = "collector"
MACHINE_SCOPES = [ApiToken.Scope.READ, ApiToken.Scope.DRILLS, ApiToken.Scope.MONITORS, ApiToken.Scope.SUBJECTS]


class Person(NamedTuple):
    """A person: the roles held, as (party, role), and the language of the person's pages and mails."""

    username: str
    name_ja: str
    name_en: str
    roles: tuple[tuple[str, Membership.Role], ...] = ()
    language: str = "ja"
    does: str = ""


PEOPLE = (
    Person(
        "olga", "折笠 オルガ", "Olga Orikasa", (("it-service", Role.OWNER),), does="keeps the evidence of IT Service"
    ),
    Person("ken", "加賀 健", "Ken Kaga", (("it-service", Role.APPROVER),), does="approves in IT Service"),
    Person("hana", "畑中 花", "Hana Hatanaka", (("it-service", Role.HEAD),), does="heads IT Service"),
    Person(
        "bo",
        "陳 博",
        "Bo Chen",
        (("it-development", Role.OWNER),),
        language="en",
        does="keeps the evidence of IT Development",
    ),
    Person("nao", "成瀬 直", "Nao Naruse", (("it-development", Role.APPROVER),), does="approves in IT Development"),
    Person("ryo", "六車 涼", "Ryo Muguruma", (("it-development", Role.HEAD),), does="heads IT Development"),
    Person("miki", "宮前 美樹", "Miki Miyamae", (("management", Role.MANAGEMENT),), does="answers for the top goal"),
    Person("rin", "鈴置 凛", "Rin Suzuoki", does="audits the case for the third-party institution"),
    Person("admin", "システム管理者", "Administrator", does="keeps people, calendars and tokens"),
)


class Vendor(NamedTuple):
    """A party beside the departments of the case."""

    key: str
    kind: str
    name_ja: str
    name_en: str


VENDORS = (Vendor("operations-vendor", "vendor", "運用ベンダー（架空）", "Operations vendor (fictitious)"),)


class Kind(NamedTuple):
    """A kind of evidence that the case's criteria name, and how long its records are kept: an example, no advice."""

    key: str
    name_ja: str
    name_en: str
    retention: str
    retention_from: str
    retention_basis: str
    retention_text_ja: str
    retention_text_en: str
    for_monitors: bool = False


RECEIVED, VALIDITY_END = "received", "validity_end"
DOCUMENT_RULES = ("rule", "文書管理規程第12条（架空）", "Document rules, article 12 (fictitious)")
CONTRACT = ("contract", "システム保守契約第18条（架空）", "System maintenance contract, article 18 (fictitious)")
CONTROL_RECORDS = (
    "law",
    "金融商品取引法に基づく内部統制の記録（期間は例）",
    "Records of internal control under the Financial Instruments and Exchange Act (the period is an example)",
)
OPERATION_RULES = ("rule", "システム運用規程第7条（架空）", "System operation rules, article 7 (fictitious)")
KINDS = (
    Kind("rule", "規則・手順書", "Rule or procedure", "P10Y", VALIDITY_END, *DOCUMENT_RULES),
    Kind("role-definition", "役割の定義", "Role definition", "P5Y", VALIDITY_END, *DOCUMENT_RULES),
    Kind("selection-criteria", "選定基準", "Selection criteria", "P7Y", VALIDITY_END, *CONTRACT),
    Kind("test-run", "試験・動作確認の記録", "Test run", "P7Y", RECEIVED, *CONTRACT),
    Kind("drill-record", "訓練の記録", "Drill record", "P10Y", RECEIVED, *CONTROL_RECORDS),
    Kind("monitor-log", "監視ログ", "Monitor log", "P3Y", RECEIVED, *OPERATION_RULES, for_monitors=True),
)
