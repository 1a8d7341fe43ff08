from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import Settings

from dcase_audit.jobs import services as jobs
from dcase_audit.jobs.models import Job
from dcase_audit.reports import services
from dcase_audit.reports.models import AccountabilityReport
from dcase_audit.reports.render import PdfUnavailable
from dcase_audit.trail.covering import NotWitnessed
from dcase_audit.verification.models import Checkpoint, Entry
from tests.api.client import pointers, slug
from tests.api.conftest import As
from tests.cast import NOW, Cast
from tests.sealing import Sealing

State = AccountabilityReport.State


Make = Callable[[], None]


@pytest.fixture
def make(known: Sealing) -> Make:
    """Do what a worker and the sequencer do: a report waits for a checkpoint that covers its order."""

    def make() -> None:
        known.seal()
        jobs.drain("reports.render")

    return make


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Render in no time; the list holds the contents that were rendered."""
    contents: list[Any] = []

    def render(given: Any, *, progress: Any) -> bytes:
        contents.append(given)
        progress(50)
        return b"%PDF-1.7 a report"

    monkeypatch.setattr("dcase_audit.reports.services.rendering.render", render)
    return contents


def test_a_report_is_ordered_made_and_fetched(as_: As, rendered: list[Any], make: Make) -> None:
    ordered = as_("miki").post("reports", {"case": "recurrence", "language": "en"})
    address = ordered.headers["Location"]

    assert ordered.status_code == 202
    assert ordered.headers["Retry-After"] == "2"
    assert as_("miki").get(address).json()["state"] == "queued"
    assert slug(as_("miki").get(f"{address}/file")) == "report-not-ready"

    make()
    done = as_("bo").get(address).json()
    fetched = as_("rin").get(done["file"])

    assert (done["state"], done["progress"]) == ("done", 100)
    assert b"".join(fetched.streaming_content) == b"%PDF-1.7 a report"
    assert fetched.headers["Content-Type"] == "application/pdf"
    assert fetched.headers["Content-Disposition"] == 'attachment; filename="recurrence-2026-11-20-en.pdf"'
    assert rendered[0].header.case_slug == "recurrence"


@pytest.mark.pdf
def test_a_report_is_a_pdf(as_: As, make: Make) -> None:
    address = as_("miki").post("reports", {"case": "recurrence"}).headers["Location"]

    make()

    assert b"".join(as_("miki").get(f"{address}/file").streaming_content).startswith(b"%PDF-")


def test_a_report_that_was_called_off_is_not_made(as_: As, rendered: list[Any], make: Make) -> None:
    address = as_("miki").post("reports", {"case": "recurrence"}).headers["Location"]

    called_off = as_("miki").post(f"{address}/cancel")
    again = as_("miki").post(f"{address}/cancel")
    make()

    assert called_off.json()["state"] == again.json()["state"] == "cancelled"
    assert rendered == []
    assert as_("miki").get(address).json()["state"] == "cancelled"


def test_calling_off_while_it_is_made_keeps_nothing(
    as_: As, cast: Cast, monkeypatch: pytest.MonkeyPatch, make: Make
) -> None:
    address = as_("miki").post("reports", {"case": "recurrence"}).headers["Location"]

    def render(contents: Any, *, progress: Any) -> bytes:
        as_("miki").post(f"{address}/cancel")
        progress(50)
        return b"%PDF-"

    monkeypatch.setattr("dcase_audit.reports.services.rendering.render", render)
    make()

    report = AccountabilityReport.objects.get()
    assert (report.state, report.file) == (State.CANCELLED, None)
    assert Job.objects.get(kind="reports.render").state == "done"


def test_only_who_ordered_a_report_calls_it_off_and_only_in_time(as_: As, rendered: list[Any], make: Make) -> None:
    address = as_("miki").post("reports", {"case": "recurrence"}).headers["Location"]

    assert as_("olga").post(f"{address}/cancel").status_code == 403
    assert as_("otto").post(f"{address}/cancel").status_code == 404
    make()
    assert slug(as_("miki").post(f"{address}/cancel")) == "report-finished"


def test_what_fails_says_so_and_is_tried_again(
    as_: As, rendered: list[Any], monkeypatch: pytest.MonkeyPatch, make: Make, known: Sealing
) -> None:
    address = as_("miki").post("reports", {"case": "recurrence"}).headers["Location"]
    with monkeypatch.context() as broken:
        broken.setattr("dcase_audit.reports.services.rendering.render", _fail(RuntimeError("a bug's words")))
        make()

    failed = as_("miki").get(address).json()
    assert (failed["state"], failed["problem"]) == ("failed", "The report could not be made.")
    assert Job.objects.get(kind="reports.render").state == "queued"

    known.seal()
    services.render(AccountabilityReport.objects.get(), at=NOW)

    assert as_("miki").get(address).json()["state"] == "done"
    assert as_("miki").get(address).json()["problem"] == ""


def test_a_report_names_the_checkpoint_that_covers_what_it_says(
    as_: As, rendered: list[Any], make: Make, known: Sealing
) -> None:
    address = as_("miki").post("reports", {"case": "recurrence"}).headers["Location"]

    make()

    (contents,) = rendered
    size = as_("miki").get(address).json()["checkpoint"]
    (ordered,) = Entry.objects.filter(kind="report.ordered").values_list("seq", flat=True)
    (witness,) = contents.header.checkpoint.witnesses
    assert size == contents.header.checkpoint.size > ordered
    assert contents.header.checkpoint.note == Checkpoint.objects.get(size=size).note
    assert (witness.name, witness.independent) == (known.witness.verifier.name, True)


def test_without_a_checkpoint_it_is_not_made_and_tried_again(
    as_: As, rendered: list[Any], known: Sealing, settings: Settings
) -> None:
    settings.TRAIL_MERGE_DELAY = 0.5
    address = as_("miki").post("reports", {"case": "recurrence"}).headers["Location"]
    known.drain()

    jobs.drain("reports.render")

    assert as_("miki").get(address).json()["state"] == "failed"
    assert as_("miki").get(address).json()["problem"] == NotWitnessed.title
    assert Job.objects.get(kind="reports.render").state == "queued"
    assert rendered == []


def test_where_nothing_can_render_it_is_not_tried_again(as_: As, monkeypatch: pytest.MonkeyPatch, make: Make) -> None:
    address = as_("miki").post("reports", {"case": "recurrence"}).headers["Location"]
    monkeypatch.setattr("dcase_audit.reports.services.rendering.render", _fail(PdfUnavailable()))

    make()

    refused = as_("miki").get(f"{address}/file")
    assert as_("miki").get(address).json()["state"] == "failed"
    assert Job.objects.get(kind="reports.render").state == "done"
    assert (refused.status_code, slug(refused)) == (503, "pdf-unavailable")
    assert "apt-get install --no-install-recommends libpangoft2-1.0-0 libharfbuzz-subset0" in refused.json()["title"]


def _fail(error: Exception) -> Any:
    def render(contents: Any, *, progress: Any) -> bytes:
        raise error

    return render


@pytest.mark.parametrize(
    ("body", "status", "places"),
    [
        ({}, 422, {"/case"}),
        ({"case": "no-such-thing"}, 404, {"/case"}),
        ({"case": "recurrence", "language": "fr"}, 422, {"/language"}),
        ({"case": "recurrence", "at": "2036-01-01T00:00:00Z"}, 422, {"/at"}),
        ({"case": "recurrence", "known": "2036-01-01T00:00:00Z"}, 422, {"/known"}),
        ({"case": "recurrence", "at": "2026-01-01"}, 422, {"/at"}),
        ({"case": "recurrence", "state": "done"}, 422, {"/state"}),
    ],
)
def test_what_cannot_be_ordered(as_: As, body: dict[str, Any], status: int, places: set[str]) -> None:
    response = as_("miki").post("reports", body)

    assert response.status_code == status
    assert pointers(response) == places
    assert not AccountabilityReport.objects.exists()


def test_an_outsider_learns_nothing_of_a_case(as_: As) -> None:
    hidden, absent = (as_("otto").post("reports", {"case": slug_}) for slug_ in ("recurrence", "no-such-thing"))

    assert hidden.status_code == absent.status_code == 404
    assert hidden.json() | {"request": ""} == absent.json() | {"request": ""}
