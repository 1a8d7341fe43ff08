"""What the database holds, as the report's contents say it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dcase_audit.accounts.models import Party
from dcase_audit.cases.drafts import set_criterion
from dcase_audit.cases.editions import consent, publish
from dcase_audit.cases.graph import CriterionValue, load
from dcase_audit.cases.models import Case
from dcase_audit.reports.assemble.argument import labels_of, reasons_of, target_of
from dcase_audit.reports.assemble.editions import loosened_of
from dcase_audit.reports.assemble.names import Names
from dcase_audit.reports.contents import Consent, Label, Loosening
from tests.cases.building import NOW, imported, node_of, person, small_case

DAY = timedelta(days=1)
CONSENTED, PUBLISHED = NOW + DAY, NOW + 2 * DAY
NAMES = Names("en", PUBLISHED.date())


@pytest.fixture
def case() -> Case:
    """A case whose second edition asks less of one leaf, with the consent of the leaf's department."""
    case = imported()
    publish(case, actor=None, moment=NOW)
    weaker = CriterionValue(kinds=("rule",), max_age="P3Y", must_cover=("day",), subjects=("manual",))
    set_criterion(node=node_of(case, "E_1"), criterion=weaker, actor=None, at=CONSENTED)
    service = Party.objects.get(key="service")
    consent(case, service, actor=person("hana", "service", "head"), at=CONSENTED)
    publish(case, actor=None, moment=PUBLISHED)
    return case


def test_leaves_that_do_not_stand_come_with_the_worst_first() -> None:
    because = [{"node": "E_1", "status": "pending"}, {"node": "E_2", "status": "refuted"}, {"reason": "children"}]

    assert [reason.node for reason in reasons_of(because, {})] == ["E_2", "E_1"]


def test_a_reason_keeps_what_must_be_covered_and_what_was_compared() -> None:
    (reason,) = reasons_of([{"reason": "subject", "subject": "setting", "items": ["day", "night"]}], {})

    assert (reason.subject, reason.items) == ("setting", ("day", "night"))


@pytest.mark.django_db
def test_labels_come_in_the_language_of_the_report() -> None:
    case = imported(small_case(labels={"night": {"ja": "夜間", "en": "by night"}, "day": {"ja": "日中"}}))
    argument = load(case, "draft")

    assert labels_of(argument, "ja") == (Label(key="day", text="日中"), Label(key="night", text="夜間"))
    assert labels_of(argument, "en") == (Label(key="night", text="by night"),)


def test_a_limit_on_each_item_says_so() -> None:
    target = target_of({"measure": "healthy_units", "per": "item", "op": ">=", "value": 3})

    assert (target.scope, target.per_item) == ("", True)


@pytest.mark.django_db
def test_what_an_edition_loosened_is_told_with_its_consents(case: Case) -> None:
    told = loosened_of(case, NAMES, since=NOW, until=PUBLISHED)

    of_all = {"edition": 2, "published_at": PUBLISHED, "node": "E_1"}
    given = (Consent(party="Service", by="hana", at=CONSENTED),)
    assert told == (
        Loosening(**of_all, change="max_age", before=("P1Y",), after=("P3Y",), consents=given),  # type: ignore[arg-type]
        Loosening(**of_all, change="must_cover", before=("night",), consents=given),  # type: ignore[arg-type]
    )


@pytest.mark.django_db
def test_what_was_loosened_outside_of_the_period_is_not_told(case: Case) -> None:
    assert loosened_of(case, NAMES, since=NOW, until=PUBLISHED - DAY) == ()
    assert loosened_of(case, NAMES, since=PUBLISHED + DAY, until=PUBLISHED + 2 * DAY) == ()
