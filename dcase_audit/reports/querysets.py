from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

from dcase_audit.cases.models import Case

if TYPE_CHECKING:
    from dcase_audit.accounts.models import User
    from dcase_audit.reports.models import AccountabilityReport


class ReportQuerySet(models.QuerySet["AccountabilityReport"]):
    def visible_to(self, user: User) -> Self:
        """Keep reports of the cases that the user sees."""
        return self.filter(case__in=Case.objects.visible_to(user))
