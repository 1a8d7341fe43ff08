"""How long a revision is kept: promised at submission, only extended, and never less than its kind said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dcase_audit.calendars import durations
from dcase_audit.errors import Invalid
from evidence import services
from evidence.keeping import keeping_of
from evidence.models import FAR, Kind, RetentionExtension, Revision
from evidence.refusals import NoLonger, NotSubmitted, NotYours
from tests.cast import NOW, Cast, cast, revision, submitted, the_clock
from tests.evidence.keeping import DAY, LAW, asks, kept, refused, sql
from tests.trail.conftest import recorded

__all__ = ["cast", "the_clock"]
pytestmark = pytest.mark.django_db
TEN_YEARS = datetime(2036, 11, 20, 6, tzinfo=UTC)
RESTRICT, DENIED = "23001", "42501"


def extended(of: Revision, cast: Cast, until: datetime) -> RetentionExtension:
    return services.extend_retention(
        revision=of, until=until, basis="contract", text_ja="保守契約第9条", actor=cast.hana, at=NOW
    )


# What is promised


def test_a_submitted_revision_is_promised_what_its_kind_says(cast: Cast) -> None:
    asks(cast, retention="P7Y", **LAW)

    found = submitted(cast.night_drills, cast.olga, valid_until=NOW + 30 * DAY)

    assert found.retention == {
        "floor": "P7Y",
        "from": "received",
        "zone": "Asia/Tokyo",
        "basis": "law",
        "ja": "金融商品取引法",
        "en": "FIEA",
    }
    assert found.retain_until == kept(found) == datetime(2033, 11, 20, 6, tzinfo=UTC)


def test_a_draft_is_promised_nothing(cast: Cast) -> None:
    found = revision(cast.night_drills, cast.olga)

    assert not found.retention
    assert found.retain_until is None
    assert kept(found) is None


def test_a_kind_without_a_floor_keeps_until_the_validity_ends(cast: Cast) -> None:
    asks(cast, retention="")

    found = submitted(cast.night_drills, cast.olga, valid_until=NOW + 30 * DAY)

    assert found.retain_until == NOW
    assert kept(found) == NOW + 30 * DAY


def test_what_counts_from_the_end_of_validity_counts_from_its_own_last_day(cast: Cast) -> None:
    asks(cast, retention="P5Y", retention_from="validity_end")

    found = submitted(cast.night_drills, cast.olga, valid_until=datetime(2027, 4, 1, tzinfo=UTC))

    assert found.retain_until == kept(found) == datetime(2032, 4, 1, tzinfo=UTC)


def test_validity_that_ended_before_receipt_shortens_nothing(cast: Cast) -> None:
    asks(cast, retention="P5Y", retention_from="validity_end")

    found = submitted(cast.night_drills, cast.olga, valid_until=NOW - 1000 * DAY)

    assert kept(found) == datetime(2031, 11, 20, 6, tzinfo=UTC)


LATER = NOW + 400 * DAY


def withdrawn(found: Revision, cast: Cast) -> None:
    services.withdraw(revision=found, actor=cast.ken, at=LATER, reason="誤り")


def returned(found: Revision, cast: Cast) -> None:
    services.return_revision(revision=found, actor=cast.ken, at=LATER, reason="記入漏れ")


def succeeded(found: Revision, cast: Cast) -> None:
    later = submitted(cast.night_drills, cast.olga, content=b"the next one", at=LATER)
    services.accept(revision=later, actor=cast.ken, at=LATER)


@pytest.mark.parametrize("end", [withdrawn, returned, succeeded])
def test_validity_without_an_end_keeps_until_it_ends_and_counts_from_there(
    cast: Cast, end: Callable[[Revision, Cast], None]
) -> None:
    asks(cast, retention="P5Y", retention_from="validity_end")
    found = submitted(cast.night_drills, cast.olga)
    assert found.retain_until == datetime(2031, 11, 20, 6, tzinfo=UTC)
    assert kept(found) == FAR

    end(found, cast)

    until = kept(found)
    assert until is not None
    assert timedelta() <= until - durations.parse("P5Y").after(LATER, ZoneInfo("Asia/Tokyo")) < timedelta(seconds=1)


def test_of_two_facts_that_end_it_the_first_counts(cast: Cast) -> None:
    """A withdrawal that was announced is not overtaken by a successor: that would keep it shorter than was said."""
    asks(cast, retention="P1Y", retention_from="validity_end")
    found = submitted(cast.night_drills, cast.olga)
    services.withdraw(revision=found, actor=cast.ken, at=NOW, reason="改定", effective_at=NOW + 900 * DAY)
    before = kept(found)

    succeeded(found, cast)

    assert kept(found) == before


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seconds=st.integers(946_684_800, 4_102_444_799),
    months=st.integers(0, 600),
    days=st.integers(0, 1000),
    zone=st.sampled_from(["Asia/Tokyo", "UTC"]),
)
def test_the_database_counts_as_the_calendar_does(db: None, seconds: int, months: int, days: int, zone: str) -> None:
    moment, floor = datetime.fromtimestamp(seconds, UTC), f"P{months}M{days}D"

    with connection.cursor() as cursor:
        cursor.execute("SELECT evidence_after(%s, %s, %s)", [moment, floor, zone])
        (found,) = cursor.fetchone()

    assert found == durations.parse(floor).after(moment, ZoneInfo(zone))


def test_what_somebody_is_shown_is_what_the_database_keeps(cast: Cast) -> None:
    asks(cast, retention="P7Y", **LAW)
    found = submitted(cast.night_drills, cast.olga)

    keeping = keeping_of(Revision.objects.with_kept_until().get(pk=found.pk))

    assert keeping is not None
    assert (keeping.floor, keeping.basis, keeping.text_ja, keeping.until) == ("P7Y", "law", "金融商品取引法", None)
    assert keeping.at_least == found.retain_until


def test_a_floor_that_nothing_asks_for_is_refused_in_forms() -> None:
    kind = Kind(key="x", name_ja="x", name_en="x", retention="P1Y")

    with pytest.raises(ValidationError, match="Say which law"):
        kind.full_clean()


# What is never shortened


def test_what_the_kind_says_later_changes_nothing(cast: Cast) -> None:
    found = submitted(cast.night_drills, cast.olga, valid_until=NOW + DAY)

    asks(cast, retention="P1D", retention_from="validity_end", retention_zone="UTC", **LAW)

    found.refresh_from_db()
    assert found.retain_until == kept(found) == TEN_YEARS
    assert found.retention["floor"] == "P10Y"


DOORS: dict[str, Callable[[Revision], Callable[[], object]]] = {
    "update": lambda r: lambda: Revision.objects.filter(pk=r.pk).update(retain_until=TEN_YEARS - DAY),
    "update to nothing": lambda r: lambda: Revision.objects.filter(pk=r.pk).update(retain_until=None),
    "update of the class": lambda r: lambda: Revision.objects.filter(pk=r.pk).update(retention={}),
    "bulk_update": lambda r: lambda: Revision.objects.bulk_update([_shorter(r)], ["retain_until"]),
    "save": lambda r: lambda: _shorter(r).save(),
    "raw": lambda r: sql("UPDATE evidence_revision SET retain_until = now() WHERE id = %s", r.pk),
    "raw class": lambda r: sql("UPDATE evidence_revision SET retention = '{}' WHERE id = %s", r.pk),
    "taken back": lambda r: sql("UPDATE evidence_revision SET submitted_at = NULL WHERE id = %s", r.pk),
    "delete": lambda r: sql("DELETE FROM evidence_revision WHERE id = %s", r.pk),
    "merge": lambda r: sql(
        "MERGE INTO evidence_revision r USING (SELECT %s::bigint AS id) x ON r.id = x.id"
        " WHEN MATCHED THEN UPDATE SET retain_until = NULL",
        r.pk,
    ),
    "shorter extension": lambda r: sql(
        "INSERT INTO evidence_retentionextension (revision_id, until, before, basis, text_ja, text_en, extended_by_id,"
        " extended_at) SELECT %s, '2030-01-01Z', '2020-01-01Z', 'law', 'x', '', id, now() FROM accounts_user LIMIT 1",
        r.pk,
    ),
}


def _shorter(of: Revision) -> Revision:
    of.retain_until = TEN_YEARS - DAY
    return of


@pytest.mark.parametrize("door", DOORS)
def test_no_door_of_the_application_keeps_it_shorter(cast: Cast, door: str) -> None:
    found = submitted(cast.night_drills, cast.olga, valid_until=NOW + DAY)

    assert refused(DOORS[door](found)) == RESTRICT

    assert kept(found) == TEN_YEARS


def test_no_door_hands_a_revision_in_without_a_promise(cast: Cast) -> None:
    draft = revision(cast.night_drills, cast.olga, valid_until=NOW + DAY)

    sql("UPDATE evidence_revision SET submitted_at = %s, retention = '{}' WHERE id = %s", NOW, draft.pk)()
    sql(
        "INSERT INTO evidence_revision (artefact_id, number, verdict, covers, measures, subjects, confidentiality,"
        " confidential_reason, note, created_at, submitted_at, valid_until, retention, retain_until)"
        " SELECT artefact_id, 99, verdict, covers, measures, subjects, 'normal', '', '', now(), %s, %s, '{}', %s"
        " FROM evidence_revision WHERE id = %s",
        NOW,
        NOW + DAY,
        NOW - DAY,
        draft.pk,
    )()

    for found in Revision.objects.filter(artefact=cast.night_drills):
        assert found.retention["floor"] == "P10Y"
        assert found.retain_until == kept(found) == TEN_YEARS


def test_extensions_are_facts_that_stay(cast: Cast) -> None:
    found = extended(submitted(cast.night_drills, cast.olga), cast, TEN_YEARS + DAY)

    assert refused(lambda: RetentionExtension.objects.filter(pk=found.pk).update(until=NOW)) == DENIED
    assert refused(lambda: RetentionExtension.objects.filter(pk=found.pk).delete()) == DENIED


# What is extended


def test_a_retention_is_extended_by_who_may_and_says_by_what(cast: Cast) -> None:
    found = submitted(cast.night_drills, cast.olga, valid_until=NOW + DAY)

    made = extended(found, cast, TEN_YEARS + 365 * DAY)

    assert made.before == TEN_YEARS
    assert found.retain_until == kept(found) == TEN_YEARS + 365 * DAY
    event = next(one for one in recorded() if one.kind == "retention.extended")
    assert event.subject == f"revision:{found.pk}"
    assert event.payload["basis"] == "contract"


@pytest.mark.parametrize("until", [TEN_YEARS, TEN_YEARS - DAY])
def test_a_retention_is_not_extended_to_less(cast: Cast, until: datetime) -> None:
    found = submitted(cast.night_drills, cast.olga)

    with pytest.raises(NoLonger):
        extended(found, cast, until)


def test_an_extension_says_by_which_law_contract_or_rule(cast: Cast) -> None:
    found = submitted(cast.night_drills, cast.olga)

    with pytest.raises(Invalid):
        services.extend_retention(
            revision=found, until=FAR, basis="law", text_ja=" ", text_en="", actor=cast.hana, at=NOW
        )


def test_a_draft_is_not_kept_longer(cast: Cast) -> None:
    with pytest.raises(NotSubmitted):
        extended(revision(cast.night_drills, cast.olga), cast, FAR)


@pytest.mark.parametrize("who", ["olga", "ken", "bo", "rin", "ada", "robot"])
def test_who_does_not_answer_for_it_extends_nothing(cast: Cast, who: str) -> None:
    found = submitted(cast.night_drills, cast.olga)

    with pytest.raises(NotYours):
        services.extend_retention(revision=found, until=FAR, basis="law", text_ja="法", actor=cast.people[who], at=NOW)
