"""The regular check that each group of servers has three healthy units: a table and the tool's output."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from dcase_audit.demo.exchange import Act, Event, Exchange, File
from dcase_audit.demo.year import TUESDAY, Year
from evidence import services as evidence
from evidence.models import Revision, RevisionFile

ARTEFACT = "triple-redundancy-check"
GROUPS = (
    "order-management",
    "trading",
    "market-data-gateway",
    "participant-gateway",
    "market-control",
    "trade-record",
    "trading-supervision",
    "database",
    "enquiry-gateway",
)
WEEKS = (-50, -40, -29, -18, -7)
CONFIDENTIAL_WEEK = -18


class Check(NamedTuple):
    """One check of the redundancy, from its start until every group was looked at."""

    started_at: datetime
    ended_at: datetime
    confidential: bool

    @property
    def name(self) -> str:
        return f"{ARTEFACT} {self.started_at}"


def events(year: Year) -> Iterator[Event]:
    """Yield the submission of each check on the morning after, and its acceptance."""
    for week in WEEKS:
        start = year.weekday(week, TUESDAY, "20:00")
        check = Check(start, start + timedelta(minutes=85), week == CONFIDENTIAL_WEEK)
        submitted = year.after(start, 1, "10:30")
        yield Event(submitted, "bo", submit(check))
        yield Event(year.after(submitted, 1, "14:20"), "nao", accept(check))


def submit(check: Check) -> Act:
    """Return the act of handing in a check."""

    def act(exchange: Exchange, at: datetime) -> None:
        secret = "構成図に内部ネットワークのアドレスが含まれるため" if check.confidential else ""
        revision = evidence.add_revision(
            artefact=exchange.artefact(ARTEFACT),
            actor=exchange.person("bo"),
            at=at,
            files=exchange.files(files(check, exchange.year), at=at),
            covers=GROUPS,
            proves_from=check.started_at,
            proves_until=check.ended_at,
            measures={"healthy_units": [{"item": group, "value": 3} for group in GROUPS]},
            subjects=exchange.versions(["hardware"], at=check.started_at),
            confidentiality=Revision.Confidentiality.CONFIDENTIAL if secret else Revision.Confidentiality.NORMAL,
            confidential_reason=secret,
        )
        evidence.submit(revision=revision, actor=exchange.person("bo"), at=at)
        exchange.remember(check.name, revision)

    return act


def accept(check: Check) -> Act:
    """Return the act of accepting a check."""

    def act(exchange: Exchange, at: datetime) -> None:
        evidence.accept(revision=exchange.recall(check.name), actor=exchange.person("nao"), at=at)

    return act


def files(check: Check, year: Year) -> Iterator[File]:
    """Yield the table of what was looked at and the tool's own output."""
    day = year.local(check.started_at)[:10]
    yield File(f"redundancy-{day}.csv", table(check, year).encode(), "text/csv", language="ja")
    yield File(f"redundancy-{day}.json", output(check, year).encode(), "application/json", RevisionFile.Role.RAW)


def table(check: Check, year: Year) -> str:
    """Return the table that the engineer filled in."""
    lines = ["デモ用（架空）,,,,", "時刻,サーバ群,号機,状態,診断"]
    for group, unit, at in _looks(check):
        lines.append(f"{year.local(at)},{group},{unit}号機,運転,異常なし")
    return "\n".join(lines) + "\n"


def output(check: Check, year: Year) -> str:
    """Return what the tool wrote."""
    units = [
        {"at": year.local(at), "group": group, "unit": unit, "state": "in-service", "diagnosis": "healthy"}
        for group, unit, at in _looks(check)
    ]
    whole = {
        "demo": "fictitious",
        "tool": "redundancy-check 2.4",
        "started_at": year.local(check.started_at),
        "ended_at": year.local(check.ended_at),
        "units": units,
        "healthy_units": dict.fromkeys(GROUPS, 3),
    }
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def _looks(check: Check) -> Iterator[tuple[str, int, datetime]]:
    """Yield which unit of which group was looked at when: one every three minutes."""
    for place, group in enumerate(GROUPS):
        for unit in (1, 2, 3):
            yield group, unit, check.started_at + timedelta(minutes=3 * (3 * place + unit - 1))
