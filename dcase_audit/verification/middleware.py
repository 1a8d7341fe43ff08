"""Reads that are recorded: what an auditor opens through an engagement, and every download of a report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from django.db import transaction
from django.http import HttpRequest, HttpResponse

from dcase_audit.accounts.access import Access
from dcase_audit.accounts.models import ApiToken, User
from dcase_audit.cases.models import Case
from dcase_audit.reports.models import AccountabilityReport
from dcase_audit.trail.events import record
from drills.models import Drill, DrillResult, Monitor
from evidence.models import Artefact, Revision

REPORT = "report-file"
GIVEN = (200, 206)


class Read(NamedTuple):
    """What was read: as the log names it, and whether the reader sees it by an engagement alone."""

    subject: str
    is_audit: bool


def _case(access: Access, slug: str) -> Read | None:
    pk = Case.objects.filter(slug=slug).values_list("pk", flat=True).first()
    return Read(f"case:{pk}", slug in access.audits) if pk is not None else None


def _kept(noun: str, rows: Any, access: Access, custodian: str) -> Read | None:
    """Return evidence as read: by an audit, unless the reader's own department keeps it."""
    found = rows.values_list("pk", custodian).first()
    return Read(f"{noun}:{found[0]}", found[1] not in access.departments) if found is not None else None


def _artefact(access: Access, key: str) -> Read | None:
    return _kept("artefact", Artefact.objects.filter(key=key), access, "custodian")


def _revision(access: Access, pk: int) -> Read | None:
    return _kept("revision", Revision.objects.filter(pk=pk), access, "artefact__custodian")


def _drill(access: Access, key: str) -> Read | None:
    return _kept("drill", Drill.objects.filter(key=key), access, "department")


def _result(access: Access, pk: int) -> Read | None:
    return _kept("drill_result", DrillResult.objects.filter(pk=pk), access, "drill__department")


def _monitor(access: Access, key: str) -> Read | None:
    return _kept("monitor", Monitor.objects.filter(key=key), access, "department")


def _report(access: Access, pk: int) -> Read | None:
    slug = AccountabilityReport.objects.filter(pk=pk).values_list("case__slug", flat=True).first()
    return Read(f"report:{pk}", slug in access.audits) if slug is not None else None


# By the names of addresses, which pages and the API have in common, with the part that says of which thing it is.
READS: dict[str, tuple[Callable[[Access, Any], Read | None], str]] = {
    **dict.fromkeys(
        ("case", "case-status", "case-forecast", "case-changes", "case-diagram", "case-table", "node"), (_case, "slug")
    ),
    "artefact": (_artefact, "key"),
    "revision": (_revision, "pk"),
    "revision-file": (_revision, "pk"),
    **dict.fromkeys(("drill", "drill-rules", "drill-rule"), (_drill, "key")),
    "drill-result": (_result, "pk"),
    "drill-result-raw": (_result, "pk"),
    **dict.fromkeys(
        ("monitor", "monitor-availability", "monitor-batch", "monitor-event", "monitor-windows", "monitor-window"),
        (_monitor, "key"),
    ),
    REPORT: (_report, "pk"),
}


class ReadsMiddleware:
    """Records a read once it was granted and before anything of it is given: what cannot be recorded is not read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        name = request.resolver_match.url_name if request.resolver_match is not None else None
        if request.method == "GET" and name in READS and response.status_code in GIVEN:
            self._record(request, name)
        return response

    def _record(self, request: HttpRequest, name: str) -> None:
        token: ApiToken | None = getattr(request, "api_token", None)
        user = token.user if token is not None else request.user
        if not isinstance(user, User) or not (user.access.audits or name == REPORT):
            return
        look_up, part = READS[name]
        assert request.resolver_match is not None
        parts = request.resolver_match.kwargs
        read = look_up(user.access, parts[part])
        if read is None or not (read.is_audit or name == REPORT):
            return
        more = {key: value for key, value in parts.items() if key != part and isinstance(value, str)}
        with transaction.atomic():
            record("read.by_auditor" if read.is_audit else "report.downloaded", read.subject, what=name, **more)
