from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from evidence.models import Artefact

if TYPE_CHECKING:
    from dcase_audit.accounts.models import User
    from drills.models import Drill, DrillResult, Occurrence


class DrillQuerySet(models.QuerySet["Drill"]):
    def visible_to(self, user: User) -> Self:
        """Keep drills of the user's departments, and those whose artefact the user may see."""
        own = Q(department__in=list(user.access.departments))
        return self.filter(own | Q(artefact__in=Artefact.objects.visible_to(user)))

    def running(self, *, at: datetime) -> Self:
        """Keep drills that have not been ended by ``at``."""
        return self.filter(Q(ends_at=None) | Q(ends_at__gt=at))


class OccurrenceQuerySet(models.QuerySet["Occurrence"]):
    def visible_to(self, user: User) -> Self:
        from drills.models import Drill

        return self.filter(drill__in=Drill.objects.visible_to(user))

    def overdue(self, *, at: datetime) -> Self:
        """Keep occurrences whose report was awaited until ``at`` and did not come."""
        return self.filter(state="planned", report_by__lte=at)


class DrillResultQuerySet(models.QuerySet["DrillResult"]):
    def visible_to(self, user: User) -> Self:
        from drills.models import Drill

        return self.filter(drill__in=Drill.objects.visible_to(user))
