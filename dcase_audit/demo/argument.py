"""The case and its two editions: imported, consented to, published, and once changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from dcase_audit.cases import drafts, editions, services
from dcase_audit.cases.graph import CriterionValue
from dcase_audit.demo.exchange import Act, Event, Exchange
from dcase_audit.demo.reference import parsed
from dcase_audit.demo.year import Year
from evidence import services as evidence

HEARTBEAT_NODE = "M_1"
SPEAKS_FOR = {"it-service": "hana", "it-development": "ryo", "management": "miki"}


def events(year: Year) -> Iterator[Event]:
    """Yield the first edition, which expects no heartbeat of the failure monitor yet, and the second, which does."""
    yield Event(year.opening(0, "09:30"), "miki", import_case)
    yield Event(year.opening(0, "10:00"), "hana", expect_heartbeat(False))
    for party, who in SPEAKS_FOR.items():
        yield Event(year.opening(1, "13:00"), who, consent(party))
    yield Event(year.opening(2, "15:00"), "miki", publish)
    yield Event(year.office(-5, "10:00"), "hana", expect_heartbeat(True))
    yield Event(year.office(-4, "11:00"), "hana", consent("it-service"))
    yield Event(year.office(-4, "13:30"), "ryo", consent("it-development"))
    yield Event(year.office(-2, "17:00"), "miki", publish)


def import_case(exchange: Exchange, at: datetime) -> None:
    """Import the reference case as a draft."""
    whole = parsed()
    services.import_case(whole, slug=whole.case.slug, actor=exchange.person("miki"), at=at, is_demo=True)


def expect_heartbeat(expected: bool) -> Act:
    """Return the act of saying in the draft whether the failure monitor must be heard every few minutes.

    When the product is introduced, its line is not laid yet. When it is, the draft says again what the file says.
    """
    asked = parsed().case.by_key[HEARTBEAT_NODE].criterion or CriterionValue()

    def act(exchange: Exchange, at: datetime) -> None:
        drafts.set_criterion(
            node=exchange.node(HEARTBEAT_NODE),
            criterion=asked if expected else replace(asked, silence=""),
            actor=exchange.person("hana"),
            at=at,
        )

    return act


def consent(party: str) -> Act:
    """Return the act of consenting to the draft for ``party``."""

    def act(exchange: Exchange, at: datetime) -> None:
        speaker = exchange.person(SPEAKS_FOR[party])
        editions.consent(exchange.case, exchange.party(party), actor=speaker, at=at)

    return act


def publish(exchange: Exchange, at: datetime) -> None:
    """Put the draft in force."""
    evidence.publish_edition(case=exchange.case, actor=exchange.person("miki"), at=at)
