"""Files go once nothing keeps them, whoever has them; what is known of them stays, and until then a hold stops it."""

from __future__ import annotations

import io
import json
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from dcase_audit.errors import Invalid, Kept
from dcase_audit.jobs import services as jobs
from dcase_audit.jobs.models import Job
from dcase_audit.reports.models import AccountabilityReport
from evidence import services
from evidence.disposable import disposable
from evidence.models import Disposal, Revision, RevisionFile, StoredFile
from evidence.refusals import Disposed, NotYours
from evidence.services import FileIn
from evidence.storage import damaged, object_store, orphans, store_file
from tests.cast import NOW, Cast, cast, revision, submitted, the_clock
from tests.evidence.keeping import DAY, LAW, asks, dispose, over, refused, sql
from tests.sealing import Sealing
from tests.server import sequencing
from tests.trail.conftest import recorded

__all__ = ["cast", "the_clock"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sound")]
RESTRICT, UNIQUE = "23001", "23505"
WHY = "保存期間の満了"


@pytest.fixture(autouse=True)
def store(settings: Settings, tmp_path: Path) -> None:
    settings.OBJECT_STORE_URL = (tmp_path / "objects").as_uri()


def file_of(of: Revision) -> StoredFile:
    return of.files.get().file


def is_there(of: Revision) -> bool:
    return object_store().exists(file_of(of).sha256)


def remove() -> int:
    return jobs.drain("evidence.remove_file")


# What may go


def test_what_nothing_keeps_is_listed_with_what_had_kept_it(cast: Cast) -> None:
    asks(cast, **LAW)
    gone = over(cast)
    submitted(cast.night_drills, cast.olga, content=b"kept by its floor", valid_until=NOW - DAY)
    revision(cast.night_drills, cast.olga, content=b"a draft")
    held = over(cast, content=b"held")
    services.place_hold(artefact=cast.night_drills, revision=held, actor=cast.hana, at=NOW, reason="照会")

    (found,) = disposable()

    assert found.file == file_of(gone)
    assert found.revisions == ["night-drills r1"]
    assert (found.basis, found.text_en) == ("law", "FIEA")
    assert found.kept_until == NOW + DAY


def test_what_is_valid_without_an_end_is_kept_whatever_its_floor(cast: Cast) -> None:
    asks(cast, retention="P1D")
    valid = submitted(cast.night_drills, cast.olga)

    assert disposable() == []
    with pytest.raises(Kept, match="while it is valid"):
        dispose(valid, cast)

    services.withdraw(revision=valid, actor=cast.olga, at=NOW, reason="改定")
    assert [one.file for one in disposable()] == [file_of(valid)]


def test_a_file_of_several_revisions_goes_when_none_needs_it(cast: Cast) -> None:
    one = over(cast, content=b"shared")
    other = submitted(cast.review_rule, cast.bo, content=b"shared")

    assert disposable() == []
    with pytest.raises(Kept, match="review-rule revision 1"):
        services.dispose(file=file_of(one), actor=cast.miki, at=NOW, reason=WHY)
    assert file_of(one) == file_of(other)


def test_a_draft_needs_its_file(cast: Cast) -> None:
    gone = over(cast, content=b"shared")
    revision(cast.night_drills, cast.olga, content=b"shared")

    assert disposable() == []
    with pytest.raises(Kept, match="draft"):
        dispose(gone, cast)


@pytest.mark.tampers
def test_the_servers_clock_alone_ends_no_retention(cast: Cast, settings: Settings, tmp_path: Path) -> None:
    """What witnesses cosigned says what time it is: a clock that runs ahead disposes of nothing."""
    settings.TRAIL_DIR, settings.TRAIL_WITNESSES = tmp_path / "trail", []
    gone = over(cast)
    assert disposable()
    Sealing(tmp_path).seal()
    witnessed_at(NOW)

    assert disposable() == []
    with pytest.raises(Kept, match="is kept until"):
        dispose(gone, cast)


def witnessed_at(moment: datetime) -> None:
    """Have the last checkpoint be one that witnesses cosigned at ``moment``."""
    with sequencing(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO trail.checkpoint (size, root, note, witnessed_at, published_at)"
            " SELECT size, root, note, %s, now() FROM trail.checkpoint ORDER BY id DESC LIMIT 1",
            [moment],
        )


# What a disposal is


def test_the_bytes_go_and_what_is_known_of_them_stays(cast: Cast) -> None:
    asks(cast, **LAW)
    gone = over(cast)
    services.accept(revision=gone, actor=cast.ken, at=NOW)
    before = (gone.files.count(), gone.decisions.count(), file_of(gone).sha256)

    disposal = dispose(gone, cast)

    assert is_there(gone)
    assert remove() == 1
    assert not is_there(gone)
    disposal.refresh_from_db()
    assert (disposal.disposed_by, disposal.removed_at, disposal.kept_until) == (cast.hana, NOW, NOW + DAY)
    assert (disposal.basis, disposal.text_ja) == ("law", "金融商品取引法")
    assert before == (gone.files.count(), gone.decisions.count(), file_of(gone).sha256)
    events = [event for event in recorded() if event.kind.startswith("file.")]
    assert [event.kind for event in events] == ["file.disposed", "file.removed"]
    assert events[0].payload["reason"] == WHY
    assert disposable() == []
    assert not [*damaged(), *orphans()]


def test_a_repeat_changes_nothing(cast: Cast) -> None:
    gone = over(cast)
    first = dispose(gone, cast)
    remove()

    assert dispose(gone, cast) == first
    assert Job.objects.filter(kind="evidence.remove_file").count() == 1
    services.disposal.remove(first, at=NOW + DAY)
    first.refresh_from_db()
    assert first.removed_at == NOW


def test_a_disposal_wants_a_reason_and_a_file_of_a_revision(cast: Cast) -> None:
    gone = file_of(over(cast))
    loose = store_file(io.BytesIO(b"loose"), media_type="text/plain", at=NOW)

    for file, reason in ((gone, " "), (loose, WHY)):
        with pytest.raises(Invalid):
            services.dispose(file=file, actor=cast.hana, at=NOW, reason=reason)


@pytest.mark.parametrize("who", ["olga", "ken", "bo", "otto", "rin", "ada", "robot"])
def test_who_does_not_answer_for_it_disposes_of_nothing(cast: Cast, who: str) -> None:
    with pytest.raises(NotYours):
        services.dispose(file=file_of(over(cast)), actor=cast.people[who], at=NOW, reason=WHY)


def test_a_file_of_two_departments_takes_somebody_who_answers_for_both(cast: Cast) -> None:
    gone = over(cast, content=b"shared")
    over(cast, cast.review_rule, content=b"shared")

    with pytest.raises(NotYours):
        services.dispose(file=file_of(gone), actor=cast.hana, at=NOW, reason=WHY)
    assert services.dispose(file=file_of(gone), actor=cast.miki, at=NOW, reason=WHY).stands


def test_a_file_that_is_a_report_as_well_is_kept(cast: Cast) -> None:
    gone = over(cast, content=b"%PDF-1.7 a report that somebody uploaded")
    AccountabilityReport.objects.create(
        case=cast.case,
        at=NOW,
        known=NOW,
        language="ja",
        rules_version=1,
        ordered_by=cast.miki,
        ordered_at=NOW,
        file=file_of(gone),
    )

    with pytest.raises(Kept, match="report"):
        dispose(gone, cast)


# What stops it


def test_a_hold_that_comes_before_the_bytes_are_gone_stops_it(cast: Cast) -> None:
    gone = over(cast)
    disposal = dispose(gone, cast)

    services.place_hold(artefact=cast.night_drills, actor=cast.hana, at=NOW, reason="照会")

    remove()
    disposal.refresh_from_db()
    assert (disposal.stopped_at, disposal.removed_at, disposal.stands) == (NOW, None, False)
    assert is_there(gone)
    assert "file.disposal_stopped" in [event.kind for event in recorded()]


def test_a_hold_that_went_past_the_service_stops_it_too(cast: Cast) -> None:
    gone = over(cast)
    disposal = dispose(gone, cast)
    insert = "INSERT INTO evidence_legalhold (artefact_id, reason, placed_by_id, placed_at) VALUES (%s, 'x', %s, now())"
    sql(insert, cast.night_drills.pk, cast.hana.pk)()

    remove()

    disposal.refresh_from_db()
    assert disposal.stopped_at == NOW
    assert is_there(gone)


def test_a_hold_that_comes_too_late_brings_nothing_back(cast: Cast) -> None:
    gone = over(cast)
    disposal = dispose(gone, cast)
    object_store().remove(file_of(gone).sha256)  # as a process that died before it noted that

    services.place_hold(artefact=cast.night_drills, actor=cast.hana, at=NOW, reason="照会")
    remove()

    disposal.refresh_from_db()
    assert (disposal.removed_at, disposal.stopped_at) == (NOW, None)


def test_a_longer_retention_that_comes_before_the_bytes_are_gone_stops_it(cast: Cast) -> None:
    gone = over(cast)
    disposal = dispose(gone, cast)

    services.extend_retention(
        revision=gone, until=NOW + 40_000 * DAY, basis="contract", text_ja="契約", actor=cast.hana, at=NOW
    )

    remove()
    disposal.refresh_from_db()
    assert (disposal.stopped_at, disposal.removed_at) == (NOW, None)
    assert is_there(gone)


def test_a_longer_retention_that_went_past_the_service_stops_it_too(cast: Cast) -> None:
    gone = over(cast)
    disposal = dispose(gone, cast)
    Revision.objects.filter(pk=gone.pk).update(retain_until=NOW + 40_000 * DAY)

    remove()

    disposal.refresh_from_db()
    assert disposal.stopped_at == NOW


@pytest.mark.parametrize("removed", [False, True])
def test_bytes_that_are_received_anew_are_there_again(cast: Cast, removed: bool) -> None:
    gone = over(cast)
    disposal = dispose(gone, cast)
    if removed:
        remove()

    submitted(cast.night_drills, cast.olga, content=b"over")

    remove()
    disposal.refresh_from_db()
    assert disposal.restored_at == NOW
    assert not disposal.stands
    assert is_there(gone)
    object_store().verify(file_of(gone).sha256)
    with pytest.raises(Kept):
        dispose(gone, cast)


def test_a_file_that_is_gone_becomes_part_of_no_revision(cast: Cast) -> None:
    gone = over(cast)
    dispose(gone, cast)

    with pytest.raises(Disposed):
        services.add_revision(
            artefact=cast.night_drills,
            actor=cast.olga,
            at=NOW,
            valid_from=NOW,
            files=[FileIn(file_of(gone), "記録.txt")],
        )
    draft = revision(cast.night_drills, cast.olga, content=b"another")
    assert refused(lambda: RevisionFile.objects.filter(revision=draft).update(file=file_of(gone))) == RESTRICT


# What the database refuses

INSERT = (
    "INSERT INTO evidence_disposal (file_id, reason, basis, text_ja, text_en, kept_until, disposed_by_id, disposed_at)"
    " VALUES (%s, %s, 'rule', '', '', now(), %s, now())"
)


def test_no_door_disposes_of_what_is_kept(cast: Cast) -> None:
    found = submitted(cast.night_drills, cast.olga, valid_until=NOW - DAY)

    assert refused(sql(INSERT, file_of(found).pk, WHY, cast.hana.pk)) == RESTRICT
    assert refused(lambda: Disposal.objects.create(file=file_of(found), disposed_by=cast.hana, disposed_at=NOW)) == (
        RESTRICT
    )


def test_what_had_kept_it_is_the_databases_word(cast: Cast) -> None:
    asks(cast, **LAW)
    gone = over(cast)

    sql(INSERT, file_of(gone).pk, WHY, cast.hana.pk)()

    made = Disposal.objects.get()
    assert (made.basis, made.text_ja, made.kept_until) == ("law", "金融商品取引法", NOW + DAY)
    assert refused(sql(INSERT, file_of(gone).pk, WHY, cast.hana.pk)) == UNIQUE


@pytest.mark.parametrize(
    "change",
    [
        {"reason": "x"},
        {"disposed_at": NOW - DAY},
        {"kept_until": NOW - DAY},
        {"removed_at": None},
        {"removed_at": NOW + timedelta(hours=1)},
        {"stopped_at": NOW},
    ],
    ids=str,
)
def test_a_disposal_is_not_changed_by_whatever_door(cast: Cast, change: dict[str, Any]) -> None:
    gone = dispose(over(cast), cast)
    remove()

    assert refused(lambda: Disposal.objects.filter(pk=gone.pk).update(**change)) == RESTRICT
    assert refused(lambda: Disposal.objects.filter(pk=gone.pk).delete()) == RESTRICT


# The command


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("dispose", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def test_without_a_reason_it_lists_and_does_nothing(cast: Cast) -> None:
    gone = over(cast)

    said = run()
    found = json.loads(run("--json"))

    assert file_of(gone).sha256 in said
    assert "nothing was done" in said
    assert [one["sha256"] for one in found["files"]] == [file_of(gone).sha256]
    assert found["files"][0]["revisions"] == ["night-drills r1"]
    assert not Disposal.objects.exists()


def test_with_reason_and_actor_the_named_files_go(cast: Cast) -> None:
    gone, other = over(cast), over(cast, content=b"other")

    said = run(file_of(gone).sha256, "--reason", WHY, "--actor", "hana")

    assert "1 files were removed" in said
    assert (is_there(gone), is_there(other)) == (False, True)
    event = next(one for one in recorded() if one.kind == "file.disposed")
    assert event.context["on_behalf_of"] == "hana"


def test_all_that_is_listed_goes_when_asked_for(cast: Cast) -> None:
    gone, other = over(cast), over(cast, content=b"other")

    run("--all", "--reason", WHY, "--actor", "hana")

    assert (is_there(gone), is_there(other)) == (False, False)


def test_what_is_refused_is_named_and_the_exit_says_so(cast: Cast) -> None:
    over(cast)
    theirs = over(cast, cast.review_rule, content=b"theirs")

    with pytest.raises(SystemExit) as exit:
        run("--all", "--reason", WHY, "--actor", "hana")

    assert exit.value.code == 1
    assert [one.file for one in disposable()] == [file_of(theirs)]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--reason", WHY, "--actor", "hana"],
        ["--all", "--reason", WHY],
        ["--all", "--reason", WHY, "--actor", "nobody"],
        ["a" * 64, "--reason", WHY, "--actor", "hana"],
        ["../../etc/passwd", "--reason", WHY, "--actor", "hana"],
    ],
    ids=str,
)
def test_an_order_that_is_not_whole_is_refused(cast: Cast, arguments: list[str]) -> None:
    gone = over(cast)

    with pytest.raises(CommandError):
        run(*arguments)

    assert is_there(gone)
    assert not Disposal.objects.exists()
