"""What the log says of evidence is not forgotten while the evidence has to be kept, but for what a law demands."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from dcase_audit.errors import Kept
from dcase_audit.trail.redaction import redact
from dcase_audit.verification.models import Entry
from drills.models import DrillResult, Monitor
from evidence import services
from evidence.models import HoldRelease, LegalHold, Revision
from tests.api.matrix import make_stage
from tests.cast import NOW, Cast, revision, submitted
from tests.evidence.keeping import DAY, LAW, asks, over, refused, sql
from tests.sealing import Sealing

pytestmark = pytest.mark.django_db
APPI = "個人情報の保護に関する法律 第35条"


def entry_of(object: str, sealing: Sealing) -> int:
    """Return the number of the last entry about ``object``."""
    sealing.seal()
    return Entry.objects.filter(object=object).latest("pk").pk


@pytest.fixture
def kept(sealing: Sealing, cast: Cast) -> Revision:
    asks(cast, **LAW)
    return submitted(cast.night_drills, cast.olga, valid_until=NOW + DAY, note="担当: 織賀 恵")


def forget(entry: int, field: str = "row.note", **more: str) -> int:
    return redact(entry=entry, fields=[field], reason="請求により消去", **more)


def test_what_is_kept_is_not_forgotten_and_the_refusal_says_until_when_and_why(
    kept: Revision, sealing: Sealing
) -> None:
    entry = entry_of(f"evidence_revision/{kept.pk}", sealing)

    with pytest.raises(Kept) as refusal:
        forget(entry)

    assert refusal.value.detail == "night-drills revision 1 is kept until 2036-11-20T06:00:00Z (law: FIEA)."
    assert refused(sql("SELECT trail.redact(%s, '{row.note}', 'x', NULL)", entry)) == "23001"


def test_a_law_that_demands_it_goes_before_the_retention_and_is_named(kept: Revision, sealing: Sealing) -> None:
    entry = entry_of(f"evidence_revision/{kept.pk}", sealing)

    assert forget(entry, demanded_by=APPI) == 1

    sealing.assert_sound()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT d.texts[array_position(d.names, 'payload.demanded_by')] FROM trail.log l"
            " JOIN trail.disclosure d USING (seq) WHERE l.kind = 'trail.redacted'"
        )
        assert cursor.fetchone() == (f'"{APPI}"',)


def test_no_law_goes_before_a_hold(cast: Cast, kept: Revision, sealing: Sealing) -> None:
    hold = services.place_hold(artefact=cast.night_drills, actor=cast.hana, at=NOW, reason="当局の照会")
    entry = entry_of(f"evidence_revision/{kept.pk}", sealing)

    with pytest.raises(Kept, match="legal hold"):
        forget(entry, demanded_by=APPI)

    services.release_hold(hold=hold, actor=cast.miki, at=NOW, reason="照会の終結")
    assert forget(entry, demanded_by=APPI) == 1


def test_once_the_retention_is_over_it_may_be_forgotten(cast: Cast, sealing: Sealing) -> None:
    gone = over(cast)

    assert forget(entry_of(f"evidence_revision/{gone.pk}", sealing)) == 1


def test_of_a_draft_nothing_was_promised(cast: Cast, sealing: Sealing) -> None:
    draft = revision(cast.night_drills, cast.olga, note="下書き")

    assert forget(entry_of(f"evidence_revision/{draft.pk}", sealing)) == 1


def test_everything_that_is_said_of_a_kept_revision_is_kept(cast: Cast, sealing: Sealing) -> None:
    stage = make_stage(cast)
    accepted, result = stage.accepted, DrillResult.objects.get(pk=stage.result)
    check = result.check_items.first()
    assert check is not None
    monitor = Monitor.objects.get()
    extension = services.extend_retention(
        revision=accepted, until=NOW + 40_000 * DAY, basis="law", text_ja="法", actor=cast.hana, at=NOW
    )
    # The retention alone keeps it.
    services.release_hold(hold=LegalHold.objects.get(), actor=cast.miki, at=NOW, reason="照会の終結")
    use = accepted.files.get()
    told = {
        f"revision:{accepted.pk}": "payload.basis",
        f"evidence_revisionfile/{use.pk}": "row.name",
        f"evidence_storedfile/{use.file_id}": "row.media_type",
        f"evidence_decision/{accepted.decisions.get(kind='accepted').pk}": "row.reason",
        f"evidence_artefact/{accepted.artefact_id}": "row.title_ja",
        f"artefact:{accepted.artefact_id}": "payload.key",
        f"evidence_retentionextension/{extension.pk}": "row.text_ja",
        f"evidence_legalhold/{stage.hold}": "row.reason",
        f"evidence_holdrelease/{HoldRelease.objects.get().pk}": "row.reason",
        f"hold:{stage.hold}": "payload.reason",
        f"drills_drillresult/{result.pk}": "row.record",
        f"drill_result:{result.pk}": "payload.drill",
        f"drills_checkitem/{check.pk}": "row.text",
        f"drills_monitor/{monitor.pk}": "row.key",
        f"monitor:{monitor.pk}": "payload.key",
        f"drills_monitorbatch/{stage.batch}": "row.root",
    }
    sealing.seal()

    for object, field in told.items():
        with pytest.raises(Kept, match="is kept"):
            forget(entry_of(object, sealing), field)


def test_the_command_takes_the_law_and_says_the_refusal(kept: Revision, sealing: Sealing) -> None:
    entry = str(entry_of(f"evidence_revision/{kept.pk}", sealing))
    out = StringIO()

    with pytest.raises(CommandError, match="kept until 2036"):
        call_command("redact", entry, "row.note", "--reason", "請求により消去")
    call_command("redact", entry, "row.note", "--reason", "請求により消去", "--demanded-by", APPI, stdout=out)

    assert "1 fields" in out.getvalue()
