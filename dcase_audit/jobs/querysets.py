from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from dcase_audit.jobs.models import Job


class JobQuerySet(models.QuerySet["Job"]):
    """Questions asked of the work; moments are the machine's, never the domain's clock."""

    def claimable(self, *, at: datetime) -> Self:
        """Keep jobs that nobody works on and whose time has come, those whose worker died included."""
        return self.filter(Q(state="queued", run_at__lte=at) | Q(state="running", lease_until__lte=at))

    def parked(self) -> Self:
        """Keep jobs that failed too often and wait for a person."""
        return self.filter(state="parked")
