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
    """A kind of evidence that the case's criteria name."""

    key: str
    name_ja: str
    name_en: str
    for_monitors: bool = False


KINDS = (
    Kind("rule", "規則・手順書", "Rule or procedure"),
    Kind("role-definition", "役割の定義", "Role definition"),
    Kind("selection-criteria", "選定基準", "Selection criteria"),
    Kind("test-run", "試験・動作確認の記録", "Test run"),
    Kind("drill-record", "訓練の記録", "Drill record"),
    Kind("monitor-log", "監視ログ", "Monitor log", for_monitors=True),
)
