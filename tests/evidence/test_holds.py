"""Legal holds: placed by who answers for the evidence, released by another person, and stronger than any retention."""

from __future__ import annotations

import pytest

from dcase_audit.errors import Invalid, Kept
from evidence import services
from evidence.models import HoldRelease, LegalHold
from evidence.refusals import NotSubmitted, NotYours, OwnHold, Released
from tests.cast import NOW, Cast, cast, revision, submitted, the_clock
from tests.evidence.keeping import DAY, dispose, kept, over, refused, sql
from tests.trail.conftest import recorded

__all__ = ["cast", "the_clock"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sound")]
RESTRICT, CHECK, DENIED = "23001", "23514", "42501"


def held(cast: Cast, who: str = "hana", **more: object) -> LegalHold:
    return services.place_hold(
        artefact=cast.night_drills,
        actor=cast.people[who],
        at=NOW,
        reason="当局の照会",
        **more,  # type: ignore[arg-type]
    )


def release(hold: LegalHold, cast: Cast, who: str = "miki") -> HoldRelease:
    return services.release_hold(hold=hold, actor=cast.people[who], at=NOW + DAY, reason="照会の終結")


def test_a_hold_is_a_fact_with_its_reason(cast: Cast) -> None:
    hold = held(cast)

    assert list(LegalHold.objects.open()) == [hold]
    event = next(one for one in recorded() if one.kind == "hold.placed")
    assert (event.subject, event.payload["reason"]) == (f"hold:{hold.pk}", "当局の照会")
    assert refused(lambda: LegalHold.objects.filter(pk=hold.pk).update(reason="x")) == DENIED
    assert refused(lambda: LegalHold.objects.filter(pk=hold.pk).delete()) == DENIED


@pytest.mark.parametrize("who", ["hana", "miki"])
def test_heads_and_management_place_holds(cast: Cast, who: str) -> None:
    assert held(cast, who).placed_by == cast.people[who]


@pytest.mark.parametrize("who", ["olga", "ken", "bo", "otto", "rin", "ada", "robot"])
def test_nobody_else_does(cast: Cast, who: str) -> None:
    with pytest.raises(NotYours):
        held(cast, who)


def test_management_answers_for_what_supports_its_cases_alone(cast: Cast) -> None:
    with pytest.raises(NotYours):
        services.place_hold(artefact=cast.sales_notes, actor=cast.miki, at=NOW, reason="照会")


def test_a_hold_on_an_artefact_keeps_all_its_revisions_and_those_to_come(cast: Cast) -> None:
    old = over(cast)
    held(cast)
    new = over(cast, content=b"later")

    for found in (old, new):
        with pytest.raises(Kept, match="legal hold"):
            dispose(found, cast)


def test_a_hold_on_a_revision_keeps_that_one_alone(cast: Cast) -> None:
    one, other = over(cast), over(cast, content=b"another")
    held(cast, revision=one)

    with pytest.raises(Kept, match="night-drills revision 1 is on legal hold"):
        dispose(one, cast)
    assert dispose(other, cast).stands


def test_a_hold_names_a_submitted_revision_of_the_artefact(cast: Cast) -> None:
    elsewhere = submitted(cast.review_rule, cast.bo)
    draft = revision(cast.night_drills, cast.olga)

    with pytest.raises(Invalid):
        held(cast, revision=elsewhere)
    with pytest.raises(NotSubmitted):
        held(cast, revision=draft)
    for wrong in (elsewhere, draft):
        insert = sql(
            "INSERT INTO evidence_legalhold (artefact_id, revision_id, reason, placed_by_id, placed_at)"
            " VALUES (%s, %s, 'x', %s, now())",
            cast.night_drills.pk,
            wrong.pk,
            cast.hana.pk,
        )
        assert refused(insert) == CHECK


def test_a_hold_wants_a_reason_and_a_person(cast: Cast) -> None:
    with pytest.raises(Invalid):
        services.place_hold(artefact=cast.night_drills, actor=cast.hana, at=NOW, reason=" ")
    insert = "INSERT INTO evidence_legalhold (artefact_id, reason, placed_by_id, placed_at) VALUES (%s, %s, %s, now())"
    assert refused(sql(insert, cast.night_drills.pk, "", cast.hana.pk)) == CHECK
    assert refused(sql(insert, cast.night_drills.pk, "x", None)) == CHECK


def test_another_person_releases_it_and_the_retention_stays(cast: Cast) -> None:
    found = submitted(cast.night_drills, cast.olga, valid_until=NOW + DAY)
    before = kept(found)
    hold = held(cast)

    made = release(hold, cast)

    assert not LegalHold.objects.open().exists()
    assert kept(found) == before
    with pytest.raises(Kept, match="is kept until"):
        dispose(found, cast)
    assert refused(lambda: HoldRelease.objects.filter(pk=made.pk).delete()) == DENIED
    assert "hold.released" in [one.kind for one in recorded()]


def test_nobody_releases_an_own_hold_by_whatever_door(cast: Cast) -> None:
    hold = held(cast)

    with pytest.raises(OwnHold):
        release(hold, cast, "hana")
    insert = sql(
        "INSERT INTO evidence_holdrelease (hold_id, reason, released_by_id, released_at) VALUES (%s, 'x', %s, now())",
        hold.pk,
        cast.hana.pk,
    )
    assert refused(insert) == RESTRICT
    assert list(LegalHold.objects.open()) == [hold]


@pytest.mark.parametrize("who", ["olga", "ken", "bo", "rin", "ada"])
def test_who_could_not_have_placed_it_does_not_release_it(cast: Cast, who: str) -> None:
    with pytest.raises(NotYours):
        release(held(cast), cast, who)


def test_a_release_is_repeated_by_the_same_person_alone(cast: Cast) -> None:
    hold = held(cast, "miki")
    made = release(hold, cast, "hana")

    assert release(hold, cast, "hana") == made
    other = cast.people["hana"].__class__.objects.create_user("mai")
    other.memberships.create(party=cast.it_service, role="head", since=NOW - DAY)
    with pytest.raises(Released):
        services.release_hold(hold=hold, actor=other, at=NOW, reason="もう一度")
