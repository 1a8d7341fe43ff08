from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dcase_audit import clock
from dcase_audit.cases.models import Case
from dcase_audit.demo import cast, logins, services
from dcase_audit.demo.logins import Logins
from dcase_audit.errors import AuditError
from evidence.commands import moment

NOT_THE_DEMO = 3
VERIFY = "dcase_audit/trail/standalone/verify.py"


class Command(BaseCommand):
    help = "Fill an empty database with the reference case and a made-up year of its history, and say how to log in."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--now", type=moment, metavar="T", help="where the year ends (default: DEMO_NOW, else now)")
        parser.add_argument(
            "--if-empty",
            action="store_true",
            help=f"leave a database that is filled as it is; exit {NOT_THE_DEMO} where it holds something else",
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["if_empty"] and not services.is_empty():
            self._leave(options)
            return
        now = options["now"] or _present()
        try:
            services.check_empty()
            chosen = logins.choose()
        except AuditError as refusal:
            raise CommandError(refusal.detail) from refusal
        logins.keep(chosen)
        events = services.fill(now=now, password=chosen.password, token=chosen.token)
        services.order_first_report(now=now)
        logins.write_results(now)
        self._say(chosen, f"The demo is in place: {events} events of a made-up year up to {_local(now)}.", options)

    def _leave(self, options: dict[str, Any]) -> None:
        if services.is_finished():
            self._say(logins.kept(), "The demo is in place already; nothing was changed.", options)
        elif services.is_unfinished():
            raise CommandError(f"The demo was interrupted. Start again with an empty database ({settings.DATA_DIR}).")
        else:
            raise CommandError("The database holds something else than the demo.", returncode=NOT_THE_DEMO)

    def _say(self, known: Logins | None, what: str, options: dict[str, Any]) -> None:
        case = Case.objects.get(is_demo=True)
        if options["json"]:
            self.stdout.write(json.dumps(_facts(case, known), ensure_ascii=False, indent=1))
            return
        self.stdout.write(what)
        for line in _lines(case, known):
            self.stdout.write(line)


def _present() -> datetime:
    """Return the moment that the demo presents as now."""
    return moment(settings.DEMO_NOW) if settings.DEMO_NOW else clock.now().replace(microsecond=0)


def _local(now: datetime) -> str:
    return now.astimezone(ZoneInfo(settings.TIME_ZONE)).strftime("%Y-%m-%d %H:%M %Z")


def _facts(case: Case, known: Logins | None) -> dict[str, Any]:
    people = [{"username": one.username, "name": one.name_en, "does": one.does} for one in cast.PEOPLE]
    facts = {"case": case.slug, "address": settings.PUBLIC_URL, "people": people}
    if known is not None:
        facts |= {"password": known.password, "token": known.token, "upload": logins.upload(logins.FAILED, known.token)}
    return facts


def _lines(case: Case, known: Logins | None) -> list[str]:
    """Return what whoever runs the demo needs to begin."""
    password = f"password {known.password}" if known else "with the password that was printed when the demo was made"
    lines = [
        "All people, companies and events in it are invented.",
        "",
        f"Log in at {settings.PUBLIC_URL}/ {password}, as",
        *(f"  {one.username:<6} {one.name_ja} ({one.name_en}): {one.does}" for one in cast.PEOPLE),
        "",
        f"The case: {settings.PUBLIC_URL}/cases/{case.slug}",
        f"  manage.py status {case.slug}",
    ]
    lines += [
        "",
        "Check it as a third party does, without this system (the policy is the witness's; here it is of this host):",
        f"  manage.py bundle {case.slug} --output {case.slug}.zip",
        f"  python3 {VERIFY} {case.slug}.zip --policy {settings.DATA_DIR / 'witness' / 'policy'}",
    ]
    if known is None:
        return lines
    return [
        *lines,
        "",
        f"The machine's token: {known.token}",
        "The result of last week's drill with the participants is still to come. It failed and refutes the top goal:",
        f"  {logins.upload(logins.FAILED, known.token)}",
        "A retest that passed; once ken has accepted it, the goals stand again as they did:",
        f"  {logins.upload(logins.PASSED, known.token)}",
    ]
