"""Fill an empty database with the reference case and a made-up year of its history."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from django.contrib.auth.hashers import make_password
from django.db import connection

from dcase_audit import clock
from dcase_audit.accounts.authentication import issue
from dcase_audit.accounts.models import ApiToken, User
from dcase_audit.cases.models import Case
from dcase_audit.demo import (
    argument,
    cast,
    devices,
    drill_plans,
    drilling,
    follow_up,
    logins,
    monitors,
    papers,
    people,
    records,
    redundancy,
    rounds,
    switch_overs,
)
from dcase_audit.demo.exchange import OPERATOR, Event, Exchange, run
from dcase_audit.demo.reference import parsed
from dcase_audit.demo.year import Year
from dcase_audit.errors import AuditError
from dcase_audit.reports import services as reports
from dcase_audit.reports.models import AccountabilityReport
from dcase_audit.trail.context import acting
from evidence.storage.objects import object_store

TOKEN_NAME = "collector"
IN_WORK = (AccountabilityReport.State.QUEUED, AccountabilityReport.State.RUNNING)
LOOK_AGAIN = 0.25
CHAPTERS = (
    people,
    argument,
    devices,
    records,
    drill_plans,
    papers,
    redundancy,
    monitors,
    switch_overs,
    drilling,
    follow_up,
    rounds,
)


class NotEmpty(AuditError):
    """The demo starts from nothing (409)."""

    slug = "not-empty"
    title = "The database holds a case or people already"


def fill(*, now: datetime, password: str, token: str) -> int:
    """Tell the year that ends at ``now`` (aware) and return how many events it had.

    ``password`` is every person's, ``token`` the machine's secret. Each event is a transaction of its own; a demo that
    was interrupted stays unfinished (``is_finished``).

    Raises:
        NotEmpty: there is a case, or there are people (409).
    """
    check_empty()
    with connection.cursor() as cursor:
        # A demo that a power cut loses is told again; nothing else waits for the disk less.
        cursor.execute("SET synchronous_commit TO off")
    exchange = Exchange(Year(now, ZoneInfo(parsed().case.timezone)))
    told = run(story(exchange.year), exchange)
    run([Event(exchange.year.now, OPERATOR, lambda exchange, at: hand_over(exchange, password, token))], exchange)
    with connection.cursor() as cursor:
        cursor.execute("RESET synchronous_commit")
    return told


def story(year: Year) -> Iterator[Event]:
    """Yield the whole year, in no order."""
    for chapter in CHAPTERS:
        yield from chapter.events(year)
    yield from rounds.last(year)


def hand_over(exchange: Exchange, password: str, token: str) -> None:
    """Let people log in, all with one password and so one slow hash; give the machine the token that is printed."""
    User.objects.people().update(password=make_password(password))
    now = datetime.now(UTC)
    ApiToken.objects.filter(user=exchange.person(cast.MACHINE)).update(revoked_at=now)
    issue(
        user=exchange.person(cast.MACHINE),
        name=TOKEN_NAME,
        scopes=[str(scope) for scope in cast.MACHINE_SCOPES],
        expires_at=now + timedelta(days=365),
        department=exchange.party("it-service"),
        created_by=exchange.person("admin"),
        secret=token,
    )


def order_first_report(*, now: datetime) -> None:
    """Have Miki order a report of the case as it stands at ``now``; a worker makes it."""
    miki = User.objects.get(username="miki")
    with clock.at(now), acting(f"user:{miki.pk}", reason="demo"):
        reports.order(case=Case.objects.get(is_demo=True), at=now, known=now, language="ja", actor=miki, ordered_at=now)


def first_report(*, patience: float) -> AccountabilityReport | None:
    """Return the report that the demo ordered, once a worker has made it, given it up, or used up ``patience`` seconds.

    None where the database has no such report.
    """
    ends = time.monotonic() + patience
    while True:
        report = AccountabilityReport.objects.filter(case__is_demo=True).select_related("file").order_by("pk").first()
        if report is None or report.state not in IN_WORK or time.monotonic() > ends:
            return report
        time.sleep(LOOK_AGAIN)


def write_first_report(report: AccountabilityReport) -> Path | None:
    """Write the report's file beside the demo's logins and return where; None while it has none."""
    if report.file is None:
        return None
    path = logins.home() / f"report-{report.language}.pdf"
    with object_store().open(report.file.sha256) as source:
        path.write_bytes(source.read())
    return path


def is_empty() -> bool:
    """Tell whether the demo may be told here."""
    return not Case.objects.exists() and not User.objects.exists()


def check_empty() -> None:
    """Refuse a database in which the demo may not be told.

    Raises:
        NotEmpty: there is a case, or there are people (409).
    """
    if not is_empty():
        raise NotEmpty


def is_finished() -> bool:
    """Tell whether the demo is there and was told to its end: handing over the token is the last that happens."""
    return Case.objects.filter(is_demo=True).exists() and ApiToken.objects.filter(name=TOKEN_NAME).exists()


def is_unfinished() -> bool:
    """Tell whether the demo was begun and not told to its end."""
    begun = Case.objects.filter(is_demo=True).exists() or User.objects.filter(username=cast.MACHINE).exists()
    return begun and not is_finished()
