"""A third party is told of files that were disposed of, by the log itself, and verifies the rest without them."""

from __future__ import annotations

import zipfile

import pytest

from dcase_audit.jobs import services as jobs
from dcase_audit.verification import bundles
from dcase_audit.verification.models import Entry
from evidence import services
from evidence.models import Revision
from evidence.storage import object_store
from tests.cast import NOW, Cast, submitted
from tests.evidence.keeping import LAW, asks, dispose, over
from tests.pages.conftest import As, text_of
from tests.sealing import Sealing

pytestmark = pytest.mark.django_db
KINDS = ("file.disposed", "hold.placed")


def digest_of(of: Revision) -> str:
    return of.files.get().file.sha256


def test_a_bundle_says_what_was_disposed_of_when_and_under_which_rule(sealing: Sealing, cast: Cast) -> None:
    asks(cast, **LAW)
    gone, hidden = over(cast), over(cast, content=b"hidden", confidentiality="confidential", confidential_reason="秘")
    stopped, kept = over(cast, content=b"stopped"), submitted(cast.night_drills, cast.olga, content=b"kept")
    for revision in (gone, hidden, stopped):
        dispose(revision, cast)
    services.place_hold(artefact=cast.night_drills, revision=stopped, actor=cast.hana, at=NOW, reason="照会")
    jobs.drain("evidence.remove_file")
    sealing.seal()

    verdict = sealing.verify(sealing.bundle())

    assert verdict.status == 0, verdict.report["checks"]
    assert [(each["sha256"], each["at"][:19], each["text_en"]) for each in verdict.report["disposed"]] == [
        (digest_of(gone), "2026-11-20T06:00:00", "FIEA"),
        (digest_of(hidden), "2026-11-20T06:00:00", "FIEA"),
    ]
    with zipfile.ZipFile(sealing.home / "bundle.zip") as archive:
        files = {name.removeprefix("files/") for name in archive.namelist() if name.startswith("files/")}
    assert {digest_of(stopped), digest_of(kept)} <= files
    assert not {digest_of(gone), digest_of(hidden)} & files


def test_bytes_that_went_without_a_disposal_are_missed(sealing: Sealing, cast: Cast) -> None:
    found = submitted(cast.night_drills, cast.olga)
    object_store().remove(digest_of(found))
    sealing.seal()

    with pytest.raises(Exception, match="not in the store"):
        sealing.bundle()


def test_a_disposal_in_the_midst_of_a_bundle_asks_for_another(
    sealing: Sealing, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = over(cast)
    sealing.seal()
    truly = bundles._write_leaves

    def meanwhile(*arguments: object) -> None:
        truly(*arguments)  # type: ignore[arg-type]
        dispose(gone, cast)
        jobs.drain("evidence.remove_file")

    monkeypatch.setattr(bundles, "_write_leaves", meanwhile)
    with pytest.raises(bundles.Changed):
        sealing.bundle()

    monkeypatch.undo()
    sealing.seal()
    assert sealing.verify(sealing.bundle()).status == 0


def test_the_trail_tells_of_holds_and_disposals_to_who_sees_the_evidence(known: Sealing, cast: Cast, as_: As) -> None:
    gone = over(cast)
    file = gone.files.get().file
    hold = services.place_hold(artefact=cast.review_rule, actor=cast.miki, at=NOW, reason="当局の照会")
    dispose(gone, cast)
    known.seal()

    told = {
        name: set(Entry.objects.visible_to(cast.people[name]).filter(kind__in=KINDS).values_list("kind", "object"))
        for name in ("olga", "bo", "miki", "otto")
    }

    disposed, placed = ("file.disposed", f"file:{file.pk}"), ("hold.placed", f"hold:{hold.pk}")
    # Miki sees no evidence, and the holds on what she answers for.
    assert told == {"olga": {disposed}, "bo": {placed}, "miki": {placed}, "otto": set()}
    assert "当局の照会" in text_of(as_("bo").get("/trail/"))
    assert "保存期間の満了" in text_of(as_("olga").get("/trail/?kind=file.disposed"))
