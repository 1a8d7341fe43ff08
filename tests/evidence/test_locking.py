"""What we have to keep, a bucket with Object Lock keeps as well: as long, never shorter, and held while we hold it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from dcase_audit.jobs import services as jobs
from dcase_audit.jobs.models import Job
from evidence import services
from evidence.models import Revision
from evidence.services.locking import LOCK
from evidence.storage import ObjectLocked, object_store
from tests.buckets import S3, Place
from tests.cast import NOW, Cast, cast, revision, submitted, the_clock
from tests.evidence.keeping import DAY, LAW, asks, dispose, over

__all__ = ["cast", "the_clock"]
pytestmark = pytest.mark.django_db

FAR = datetime(2046, 4, 1, tzinfo=UTC)


@pytest.fixture
def place(s3: S3, settings: Settings) -> Place:
    place = s3.place(locks=True)
    settings.OBJECT_STORE_URL = f"{place.url}&lock=governance"
    return place


def said(place: Place, of: Revision) -> dict[str, Any]:
    """Return what the store says of the revision's file."""
    sha256 = of.files.get().file.sha256
    found: dict[str, Any] = place.client.head_object(
        Bucket=place.name, Key=f"objects/{sha256[:2]}/{sha256[2:4]}/{sha256}"
    )
    return found


def until(place: Place, of: Revision) -> datetime | None:
    return said(place, of).get("ObjectLockRetainUntilDate")


def is_held(place: Place, of: Revision) -> bool:
    return said(place, of).get("ObjectLockLegalHoldStatus") == "ON"


def locked() -> int:
    return jobs.drain(LOCK)


def extend(of: Revision, cast: Cast, end: datetime) -> None:
    services.extend_retention(revision=of, until=end, basis="law", text_ja="会社法", actor=cast.hana, at=NOW)


def test_what_was_handed_in_is_locked_as_long_as_was_promised(cast: Cast, place: Place) -> None:
    asks(cast, retention="P20Y", **LAW)

    kept = submitted(cast.night_drills, cast.olga, valid_until=NOW + DAY)
    assert until(place, kept) is None
    assert locked() >= 1

    kept.refresh_from_db()
    assert kept.retain_until is not None
    locked_until = until(place, kept)
    assert locked_until is not None
    assert timedelta(0) <= locked_until - kept.retain_until < timedelta(seconds=1)
    assert said(place, kept)["ObjectLockMode"] == "GOVERNANCE"
    with pytest.raises(ObjectLocked):
        object_store().remove(kept.files.get().file.sha256)


def test_a_draft_is_not_locked(cast: Cast, place: Place) -> None:
    asks(cast, retention="P20Y")
    draft = revision(cast.night_drills, cast.olga, content=b"a draft")
    submitted(cast.night_drills, cast.olga, content=b"another")

    locked()

    assert until(place, draft) is None


def test_an_extension_is_asked_for_and_nothing_shorter(cast: Cast, place: Place, s3: S3) -> None:
    asks(cast, retention="P20Y")
    kept = submitted(cast.night_drills, cast.olga)
    locked()
    extend(kept, cast, datetime(2056, 1, 1, tzinfo=UTC))
    locked()
    assert until(place, kept) == datetime(2056, 1, 1, tzinfo=UTC)

    services.accept(revision=kept, actor=cast.ken, at=NOW)
    with s3.failing(lambda asked: None):
        locked()

    assert until(place, kept) == datetime(2056, 1, 1, tzinfo=UTC)
    assert [asked for asked in s3.asked if asked.method == "PUT"] == []


def test_a_longer_retention_of_the_bucket_stays_and_a_stricter_mode_too(cast: Cast, s3: S3, settings: Settings) -> None:
    place = s3.place(locks=True, retention_days=365)
    settings.OBJECT_STORE_URL = f"{place.url}&lock=governance"
    asks(cast, retention="P1D")
    kept = submitted(cast.night_drills, cast.olga, valid_until=NOW + DAY)
    before = until(place, kept)

    locked()
    assert until(place, kept) == before
    extend(kept, cast, FAR)
    locked()

    assert (until(place, kept), said(place, kept)["ObjectLockMode"]) == (FAR, "COMPLIANCE")


def test_a_file_of_several_revisions_is_locked_for_the_longest(cast: Cast, place: Place) -> None:
    one = submitted(cast.night_drills, cast.olga, content=b"shared")
    submitted(cast.review_rule, cast.bo, content=b"shared")
    extend(one, cast, FAR)

    locked()

    assert until(place, one) == FAR


def test_a_hold_is_the_stores_too_until_it_is_released(cast: Cast, place: Place) -> None:
    gone = over(cast)
    hold = services.place_hold(artefact=cast.night_drills, revision=gone, actor=cast.hana, at=NOW, reason="照会")
    locked()
    assert is_held(place, gone)
    assert until(place, gone) is None

    services.release_hold(hold=hold, actor=cast.miki, at=NOW, reason="終了")
    locked()

    assert not is_held(place, gone)
    dispose(gone, cast)
    assert jobs.drain("evidence.remove_file") == 1
    assert place.versions() == []


def test_of_two_holds_the_last_release_counts(cast: Cast, place: Place) -> None:
    gone = over(cast)
    holds = [services.place_hold(artefact=cast.night_drills, actor=cast.hana, at=NOW, reason=reason) for reason in "ab"]
    services.release_hold(hold=holds[0], actor=cast.miki, at=NOW, reason="終了")
    locked()
    assert is_held(place, gone)

    services.release_hold(hold=holds[1], actor=cast.miki, at=NOW, reason="終了")
    locked()
    assert not is_held(place, gone)


def test_a_hold_that_others_put_on_the_object_is_left_alone(cast: Cast, place: Place) -> None:
    kept = submitted(cast.night_drills, cast.olga)
    (key,) = place.shown()
    place.client.put_object_legal_hold(Bucket=place.name, Key=key, LegalHold={"Status": "ON"})

    services.accept(revision=kept, actor=cast.ken, at=NOW)
    locked()

    assert is_held(place, kept)


def test_what_was_disposed_of_is_not_locked_again(cast: Cast, place: Place) -> None:
    gone = over(cast)
    dispose(gone, cast)
    jobs.drain("evidence.remove_file")
    submitted(cast.night_drills, cast.olga, content=b"another")

    assert locked() >= 1

    assert not Job.objects.filter(kind=LOCK).exclude(state=Job.State.DONE).exists()


def test_a_bucket_that_is_away_is_asked_again(cast: Cast, place: Place, s3: S3) -> None:
    asks(cast, retention="P20Y")
    kept = submitted(cast.night_drills, cast.olga)
    with s3.failing(lambda asked: (503, "SlowDown") if "retention" in asked.query else None):
        assert locked() == 0
    Job.objects.filter(kind=LOCK).update(run_at=NOW)

    assert locked() >= 1

    assert until(place, kept) is not None


def test_where_nothing_locks_no_job_is_written(cast: Cast, settings: Settings, place: Place) -> None:
    settings.OBJECT_STORE_URL = place.url

    submitted(cast.night_drills, cast.olga)

    assert not Job.objects.filter(kind=LOCK).exists()
    with pytest.raises(CommandError, match="no bucket"):
        call_command("lock_files")


def test_a_bucket_that_files_were_copied_into_is_locked_by_command(
    cast: Cast, settings: Settings, place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.OBJECT_STORE_URL = place.url
    asks(cast, retention="P20Y")
    kept = submitted(cast.night_drills, cast.olga)
    settings.OBJECT_STORE_URL = f"{place.url}&lock=compliance"

    call_command("lock_files")
    call_command("lock_files")

    assert said(place, kept)["ObjectLockMode"] == "COMPLIANCE"
    assert "1 files are locked" in capsys.readouterr().out
