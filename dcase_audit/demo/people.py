"""The product is introduced: parties, people and their roles, days off, the auditor, the machine's token."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from dcase_audit.accounts.authentication import issue
from dcase_audit.accounts.models import Delegation, Engagement, Membership, Party, User
from dcase_audit.calendars.models import Holiday
from dcase_audit.cases.graph import PartyValue
from dcase_audit.demo import cast
from dcase_audit.demo.exchange import OPERATOR, Act, Event, Exchange
from dcase_audit.demo.reference import parsed
from dcase_audit.demo.year import Year
from evidence.models import Kind


def events(year: Year) -> Iterator[Event]:
    """Yield the first day of the product, and an absence late in the year."""
    yield Event(year.opening(0, "08:30"), OPERATOR, employ_administrator)
    yield Event(year.opening(0, "08:40"), "admin", configure)
    yield Event(year.office(-75, "17:30"), "admin", stand_in(year))


def employ_administrator(exchange: Exchange, at: datetime) -> None:
    """Make the account of the administrator, who makes all others."""
    _employ(next(person for person in cast.PEOPLE if person.username == "admin"), is_administrator=True)


def configure(exchange: Exchange, at: datetime) -> None:
    """Enter parties, people, their roles, kinds of evidence and days off; give the collector its token."""
    for day in exchange.year.closed_days():
        Holiday.objects.create(day=day, name_ja="年末年始休業", name_en="New Year holidays")
    for kind in cast.KINDS:
        Kind.objects.get_or_create(key=kind.key, defaults=kind._asdict())
    for party in parsed().case.parties.values():
        _found(party)
    for vendor in cast.VENDORS:
        Party.objects.create(**vendor._asdict())
    for person in cast.PEOPLE:
        if person.username != "admin":
            _employ(person)
        for party_key, role in person.roles:
            Membership.objects.create(
                user=exchange.person(person.username), party=exchange.party(party_key), role=role, since=at
            )
    engage_auditor(exchange, at)
    connect_collector(exchange)


def _found(party: PartyValue) -> None:
    """Enter a department of the case, so that its people can be entered before the case is imported."""
    Party.objects.create(
        key=party.key,
        kind=Party.Kind.INSTITUTION if party.key == "third-party" else party.kind,
        name_ja=party.name_ja,
        name_en=party.name_en,
        symbol=party.symbol,
        holds_ja=party.holds_ja,
        holds_en=party.holds_en,
    )


def _employ(person: cast.Person, *, is_administrator: bool = False) -> User:
    user: User = User.objects.create_user(
        person.username,
        name_ja=person.name_ja,
        name_en=person.name_en,
        email=f"{person.username}@exchange.example",
        language=person.language,
        is_administrator=is_administrator,
    )
    return user


def engage_auditor(exchange: Exchange, at: datetime) -> None:
    """Engage Rin for the case, beyond the end of the year."""
    Engagement.objects.create(
        user=exchange.person("rin"),
        institution=exchange.party("third-party"),
        case_slug=parsed().case.slug,
        since=at,
        until=exchange.year.day(200),
        purpose="再発防止策が実行できることの検証",
    )


def connect_collector(exchange: Exchange) -> None:
    """Make the machine's account and its first token, whose secret nobody keeps: the story needs none."""
    machine = User.objects.create_user(
        cast.MACHINE, kind=User.Kind.MACHINE, name_ja="運用データ収集装置", name_en="Operations data collector"
    )
    exchange.token, _ = issue(
        user=machine,
        name="collector, first year",
        scopes=[str(scope) for scope in cast.MACHINE_SCOPES],
        expires_at=datetime.now(UTC) + timedelta(days=1),
        department=exchange.party("it-service"),
        created_by=exchange.person("admin"),
    )


def stand_in(year: Year) -> Act:
    """Return the act of entering that Hana stands in for Ken while he is away."""

    def act(exchange: Exchange, at: datetime) -> None:
        Delegation.objects.create(
            principal=exchange.person("ken"),
            deputy=exchange.person("hana"),
            party=exchange.party("it-service"),
            since=year.day(-66),
            until=year.day(-52),
            reason="休暇",
        )

    return act
