"""What followed from the drills that failed: signatures under the records, findings, and what was done about them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from dcase_audit.demo import drill_plans
from dcase_audit.demo.exchange import Act, Event, Exchange
from dcase_audit.demo.year import SUNDAY, THURSDAY, Year
from drills import services
from drills.models import CorrectiveAction, DrillResult, Finding

INDEPENDENT = "訓練の実施部署から指示も報酬も受けていない。照合の画面と電文の件数を自分で確かめた。"
# Who looks after what each owner does.
BY = {"olga": "ken", "bo": "nao"}
SIGNS = {"observer": "olga", "responsible": "hana", "verifier": "rin"}


def events(year: Year) -> Iterator[Event]:
    """Yield what followed: of the night drill whose confirmation was misread, and of the setting that was left out."""
    yield from _of_the_night(year)
    yield from _of_the_setting(year)
    yield from _of_the_list(year)


def _of_the_night(year: Year) -> Iterator[Event]:
    """The record is signed by three; the action is closed on the record of the retest, which Ken had accepted."""
    held_at, retest = year.weekday(-15, THURSDAY, "01:00"), year.weekday(-13, THURSDAY, "01:00")
    for role, statement, clock in (
        ("observer", "", "10:05"),
        ("responsible", "", "16:20"),
        ("verifier", INDEPENDENT, "17:30"),
    ):
        yield Event(year.after(held_at, 1, clock), SIGNS[role], sign(drill_plans.NIGHT, held_at, role, statement))
    text = "確認票を改める。診断結果の文言では切替わりと判断せず、二人目の照合が済むまで「未確認」と報告する。"
    yield Event(year.after(held_at, 2, "10:40"), "ken", add(drill_plans.NIGHT, held_at, text, "olga", 20))
    shown = f"{drill_plans.NIGHT_RETEST} {retest}"
    note = "改めた確認票で再試験を行い、照合まで報告を待ったことを記録で確かめた。"
    yield Event(year.after(retest, 3, "14:10"), "ken", close(drill_plans.NIGHT, held_at, shown, note))


def _of_the_setting(year: Year) -> Iterator[Event]:
    """The manual said what the device does not do; it was put right, and the whole test run again."""
    held_at, again = year.weekday(-44, SUNDAY, "01:00"), year.weekday(-38, SUNDAY, "01:00")
    text = "手引書の記載を改め、切替え設定のすべての値を試験する手順にする。"
    yield Event(year.after(held_at, 2, "11:30"), "nao", add(drill_plans.SETTING_OFF, held_at, text, "bo", 50))
    shown = f"{drill_plans.COMMISSIONING} {again}"
    note = "改めた手順で、設定オフを含むすべての値を試験した。"
    yield Event(year.after(again, 3, "15:20"), "nao", close(drill_plans.SETTING_OFF, held_at, shown, note))


def _of_the_list(year: Year) -> Iterator[Event]:
    """Somebody saw what is still being put right."""
    seen_at = year.office(-9, "13:20")

    def see(exchange: Exchange, at: datetime) -> None:
        services.open_finding(
            drill=exchange.drill(drill_plans.NIGHT),
            text="夜間の連絡名簿で、代理者の番号が一件古い。",
            cause="異動のときに名簿を改める担当が決まっていない。",
            severity=Finding.Severity.MINOR,
            actor=exchange.person("ken"),
            at=at,
        )

    def plan(exchange: Exchange, at: datetime) -> None:
        services.add_action(
            finding=Finding.objects.filter(drill__key=drill_plans.NIGHT).exclude(opened_by=None).latest("pk"),
            text="人事異動の通知を受けて名簿を改める手順を、夜間連絡の規則に加える。",
            owner=exchange.person("olga"),
            due_on=exchange.year.today + timedelta(days=21),
            actor=exchange.person("hana"),
            at=at,
        )

    yield Event(seen_at, "ken", see)
    yield Event(year.after(seen_at, 1, "09:50"), "hana", plan)


def _failed(drill: str, held_at: datetime) -> DrillResult:
    return DrillResult.objects.select_related("drill", "raw").get(drill__key=drill, started_at=held_at)


def sign(drill: str, held_at: datetime, role: str, statement: str) -> Act:
    """Return the act of signing the record of a drill."""

    def act(exchange: Exchange, at: datetime) -> None:
        result = _failed(drill, held_at)
        who, sha256 = exchange.person(SIGNS[role]), result.raw.sha256
        services.sign_off(result=result, role=role, record_sha256=sha256, statement=statement, actor=who, at=at)

    return act


def add(drill: str, held_at: datetime, text: str, owner: str, days: int) -> Act:
    """Return the act of saying what is done about a failure, by whom, within how many days."""

    def act(exchange: Exchange, at: datetime) -> None:
        services.add_action(
            finding=_failed(drill, held_at).findings.get(),
            text=text,
            owner=exchange.person(owner),
            due_on=at.astimezone(exchange.year.zone).date() + timedelta(days=days),
            actor=exchange.person(BY[owner]),
            at=at,
        )

    return act


def close(drill: str, held_at: datetime, shown: str, note: str) -> Act:
    """Return the act of closing it on a revision that the story remembers."""

    def act(exchange: Exchange, at: datetime) -> None:
        action = CorrectiveAction.objects.select_related("owner").get(finding__result=_failed(drill, held_at))
        looks_after = exchange.person(BY[action.owner.username])
        services.close_action(action=action, evidence=exchange.recall(shown), note=note, actor=looks_after, at=at)

    return act
