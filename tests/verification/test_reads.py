"""What an auditor opens is in the log: once a request, before it is given, and nothing else that is read is."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from dcase_audit.reports import services as reports
from dcase_audit.reports.models import AccountabilityReport
from dcase_audit.verification.models import Entry
from evidence import services
from evidence.models import Revision
from evidence.storage import store_file
from tests.api.client import Api
from tests.cast import NOW, Cast, submitted
from tests.pages.conftest import text_of
from tests.sealing import Sealing

As = Callable[..., Any]


@pytest.fixture
def revision(cast: Cast, known: Sealing) -> Revision:
    found = submitted(cast.night_drills, cast.olga)
    services.accept(revision=found, actor=cast.ken, at=NOW)
    return found


@pytest.fixture
def report(cast: Cast, known: Sealing) -> AccountabilityReport:
    made = reports.order(case=cast.case, at=NOW, known=NOW, language="ja", actor=cast.miki, ordered_at=NOW)
    made.file = store_file(io.BytesIO(b"%PDF-"), media_type="application/pdf", at=NOW)
    made.state = "done"
    made.save()
    return made


def reads(sealing: Sealing) -> list[tuple[str, str, str]]:
    """Return kind, object and what of every read so far."""
    sealing.drain()
    found = Entry.objects.filter(kind__in=["read.by_auditor", "report.downloaded"]).select_related("disclosure")
    return [
        (
            entry.kind,
            entry.object,
            json.loads(dict(zip(entry.disclosure.names, entry.disclosure.texts, strict=True))["payload.what"] or ""),
        )
        for entry in found.order_by("seq")
    ]


def test_what_an_auditor_opens_is_recorded(
    cast: Cast,
    revision: Revision,
    report: AccountabilityReport,
    known: Sealing,
    as_: As,
    as_token: Callable[[str], Api],
) -> None:
    sha256 = revision.files.get().file.sha256
    rin, machine = as_("rin"), as_token("rin")

    for path in (
        "/cases/recurrence/",
        "/cases/recurrence/nodes/E_1/",
        "/evidence/night-drills/",
        f"/revisions/{revision.pk}/files/{sha256}/",
        f"/reports/{report.pk}/file/",
    ):
        assert rin.get(path).status_code == 200
    assert machine.get(f"revisions/{revision.pk}").status_code == 200
    # The list says nothing of any one; what was refused was not read.
    rin.get("/evidence/")
    rin.get("/evidence/sales-notes/")

    assert reads(known) == [
        ("read.by_auditor", f"case:{cast.case.pk}", "case"),
        ("read.by_auditor", f"case:{cast.case.pk}", "node"),
        ("read.by_auditor", f"artefact:{cast.night_drills.pk}", "artefact"),
        ("read.by_auditor", f"revision:{revision.pk}", "revision-file"),
        ("read.by_auditor", f"report:{report.pk}", "report-file"),
        ("read.by_auditor", f"revision:{revision.pk}", "revision"),
    ]


def test_others_read_unrecorded_but_for_reports(
    cast: Cast, revision: Revision, report: AccountabilityReport, known: Sealing, as_: As
) -> None:
    olga = as_("olga")
    for path in ("/cases/recurrence/", "/evidence/night-drills/", f"/reports/{report.pk}/file/"):
        assert olga.get(path).status_code == 200

    assert reads(known) == [("report.downloaded", f"report:{report.pk}", "report-file")]


def test_reads_are_in_the_list(cast: Cast, revision: Revision, known: Sealing, as_: As) -> None:
    as_("rin").get("/evidence/night-drills/")
    known.seal()

    page = text_of(as_("olga").get("/trail/", {"kind": "read.by_auditor"}))

    assert "<strong>read by an auditor</strong>" in page
    assert "Rin" in page
    assert "<strong>read by an auditor</strong>" not in text_of(as_("bo").get("/trail/", {"kind": "read.by_auditor"}))


def test_what_cannot_be_recorded_is_not_read(cast: Cast, as_: As, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("the trail is away")

    rin = as_("rin")
    monkeypatch.setattr("dcase_audit.verification.middleware.record", refuse)

    with pytest.raises(RuntimeError):
        rin.get("/evidence/night-drills/")
