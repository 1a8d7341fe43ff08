"""A report is ordered, made in the background, and handed out or called off."""

from __future__ import annotations

import logging
from datetime import datetime
from io import BytesIO

from django.db import transaction

from dcase_audit.accounts import permissions
from dcase_audit.accounts.models import User
from dcase_audit.cases.models import Case
from dcase_audit.cases.status import RULES_VERSION
from dcase_audit.errors import AuditError, Invalid, NotAllowed
from dcase_audit.jobs.services import enqueue
from dcase_audit.reports import assemble
from dcase_audit.reports import render as rendering
from dcase_audit.reports.models import AccountabilityReport
from dcase_audit.reports.render import PdfUnavailable
from dcase_audit.trail.covering import covering_now
from dcase_audit.trail.events import record
from evidence.models import StoredFile
from evidence.storage import store_file

log = logging.getLogger(__name__)

State = AccountabilityReport.State
UNFINISHED = (State.QUEUED, State.RUNNING, State.FAILED)
LANGUAGES = ("ja", "en")
ASSEMBLED, RENDERED = 10, 95


class Finished(AuditError):
    """The report is made, or was called off; nothing is left to call off (409)."""

    slug = "report-finished"
    title = "The report is not being made any more"


class NotReady(AuditError):
    """The report's file is not there: it is being made, failed, or was called off (409)."""

    slug = "report-not-ready"
    title = "The report has no file"


class CalledOff(Exception):
    """The report was called off while it was being made."""


@transaction.atomic
def order(
    *, case: Case, at: datetime, known: datetime, language: str, actor: User | None, ordered_at: datetime
) -> AccountabilityReport:
    """Order a report of ``case`` at the moment ``at`` as known at ``known``; a worker makes it.

    Raises:
        NotAllowed: ``actor`` may not order reports (403).
        Invalid: a moment lies in the future, or there is no such language (422).
    """
    if actor is not None and not permissions.may_order_reports(actor.access):
        raise NotAllowed("Reports are ordered by those who see cases.")
    for pointer, moment in (("/at", at), ("/known", known)):
        if moment > ordered_at:
            raise Invalid("A report speaks of the past, not of the future.", pointer=pointer)
    if language not in LANGUAGES:
        raise Invalid("Reports are in ja or en.", pointer="/language")
    report = AccountabilityReport.objects.create(
        case=case,
        at=at,
        known=known,
        language=language,
        rules_version=RULES_VERSION,
        ordered_by=actor,
        ordered_at=ordered_at,
    )
    record("report.ordered", f"report:{report.pk}", case=case.slug, at=at, known=known, language=language)
    enqueue("reports.render", key=f"reports.render:{report.pk}", report_id=report.pk)
    return report


@transaction.atomic
def cancel(*, report: AccountabilityReport, actor: User | None, at: datetime) -> AccountabilityReport:
    """Call a report off that is not made yet. Repeating the call changes nothing.

    Raises:
        NotAllowed: another person ordered it (403).
        Finished: it is made (409).
    """
    if actor is not None and report.ordered_by_id != actor.pk:
        raise NotAllowed("Another person ordered this report.")
    open_ = AccountabilityReport.objects.filter(pk=report.pk, state__in=UNFINISHED)
    if open_.update(state=State.CANCELLED, finished_at=at):
        record("report.cancelled", f"report:{report.pk}")
    report.refresh_from_db()
    if report.state != State.CANCELLED:
        raise Finished()
    return report


def file_of(report: AccountabilityReport) -> StoredFile:
    """Return the file of a report that is made.

    Raises:
        NotReady: it is not, or not yet (409).
        PdfUnavailable: the machine that should have made it lacks what that takes (503).
    """
    if report.file is not None:
        return report.file
    if report.state == State.FAILED and report.problem == PdfUnavailable.title:
        raise PdfUnavailable
    raise NotReady(f"Its state is {report.state}.")


def render(report: AccountabilityReport, *, at: datetime) -> None:
    """Make the report and keep its file. Repeating the call on a finished or cancelled one does nothing.

    It waits for a witnessed checkpoint of the log that covers all that was recorded before, and prints it.
    Not one transaction: it takes long, and its progress is seen meanwhile. What fails is noted on the report and
    raised, so that the job is tried again; where trying again is no use, it is only noted.
    """
    if not AccountabilityReport.objects.filter(pk=report.pk, state__in=UNFINISHED).update(
        state=State.RUNNING, progress=0, problem="", finished_at=None
    ):
        return
    try:
        covering = covering_now(meanwhile=lambda: _advance(report, 0))
        contents = assemble.contents_of(report, covering)
        _advance(report, ASSEMBLED)
        share = (RENDERED - ASSEMBLED) / 100
        written = rendering.render(contents, progress=lambda done: _advance(report, ASSEMBLED + int(done * share)))
        _finish(report, written, covering.size, at=at)
    except CalledOff:
        log.info("report %s was called off", report.pk)
    except PdfUnavailable as refusal:
        _fail(report, refusal.title, at=at)
    except Exception as error:
        title = error.title if isinstance(error, AuditError) else "The report could not be made."
        _fail(report, title, at=at)
        raise


def _advance(report: AccountabilityReport, percent: int) -> None:
    running = AccountabilityReport.objects.filter(pk=report.pk, state=State.RUNNING)
    if not running.update(progress=percent):
        raise CalledOff


@transaction.atomic
def _finish(report: AccountabilityReport, written: bytes, checkpoint: int, *, at: datetime) -> None:
    file = store_file(BytesIO(written), media_type="application/pdf", at=at, limit=len(written))
    running = AccountabilityReport.objects.filter(pk=report.pk, state=State.RUNNING)
    if not running.update(state=State.DONE, progress=100, file=file, checkpoint=checkpoint, finished_at=at):
        raise CalledOff
    record("report.finished", f"report:{report.pk}", sha256=file.sha256, size=file.size, checkpoint=checkpoint)


@transaction.atomic
def _fail(report: AccountabilityReport, problem: str, *, at: datetime) -> None:
    running = AccountabilityReport.objects.filter(pk=report.pk, state=State.RUNNING)
    if running.update(state=State.FAILED, problem=problem[:500], finished_at=at):
        record("report.failed", f"report:{report.pk}", problem=problem)
