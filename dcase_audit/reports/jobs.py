from __future__ import annotations

from datetime import timedelta

from dcase_audit import clock
from dcase_audit.jobs.registry import register
from dcase_audit.reports import services
from dcase_audit.reports.models import AccountabilityReport


@register("reports.render", queue="render", attempts=4, longest=timedelta(minutes=15))
def render(report_id: int) -> None:
    services.render(AccountabilityReport.objects.get(pk=report_id), at=clock.now())
