from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from drills.monitors.events import OF_SWITCH_OVERS
from evidence.models import Artefact
from evidence.querysets import EASTMOST

if TYPE_CHECKING:
    from dcase_audit.accounts.models import User
    from drills.models import (
        AcceptanceRule,
        CorrectiveAction,
        Drill,
        DrillResult,
        Finding,
        Monitor,
        MonitorBatch,
        MonitorEvent,
        Occurrence,
    )


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


class AcceptanceRuleQuerySet(models.QuerySet["AcceptanceRule"]):
    def visible_to(self, user: User) -> Self:
        from drills.models import Drill

        return self.filter(drill__in=Drill.objects.visible_to(user))

    def with_accepted(self) -> Self:
        """Annotate ``accepted``: how many results each rule accepted."""
        return self.annotate(accepted=models.Count("results"))

    def in_force(self, *, at: datetime) -> Self:
        """Keep rules that were published before ``at`` and not ended by then."""
        return self.filter(published_at__lt=at).filter(Q(ended_at=None) | Q(ended_at__gt=at))


class FindingQuerySet(models.QuerySet["Finding"]):
    def visible_to(self, user: User) -> Self:
        from drills.models import Drill

        return self.filter(drill__in=Drill.objects.visible_to(user))

    def whole(self) -> Self:
        """Read with each finding its drill, its result, and what is done about it, in two queries."""
        from drills.models import CorrectiveAction

        people = ("owner", "added_by", "closed_by", "evidence__artefact")
        actions = models.Prefetch("actions", CorrectiveAction.objects.select_related(*people))
        return self.select_related("drill__department", "result__revision", "opened_by").prefetch_related(actions)


class CorrectiveActionQuerySet(models.QuerySet["CorrectiveAction"]):
    def visible_to(self, user: User) -> Self:
        from drills.models import Drill

        return self.filter(finding__drill__in=Drill.objects.visible_to(user))

    def overdue(self, *, at: datetime) -> Self:
        """Keep actions that are not closed though their day, in the drill's zone, is over."""
        awaited = self.filter(closed_at=None)
        rows = awaited.filter(due_on__lt=(at + EASTMOST).date()).select_related("finding__drill")
        return awaited.filter(pk__in=[row.pk for row in rows if row.is_overdue(today=at.astimezone(row.zone).date())])


class MonitorQuerySet(models.QuerySet["Monitor"]):
    def visible_to(self, user: User) -> Self:
        """Keep monitors of the user's departments, and those whose artefact the user may see."""
        own = Q(department__in=list(user.access.departments))
        return self.filter(own | Q(artefact__in=Artefact.objects.visible_to(user)))


class MonitorBatchQuerySet(models.QuerySet["MonitorBatch"]):
    def visible_to(self, user: User) -> Self:
        from drills.models import Monitor

        return self.filter(monitor__in=Monitor.objects.visible_to(user))


class MonitorEventQuerySet(models.QuerySet["MonitorEvent"]):
    def of_switch_overs(self) -> Self:
        """Keep what observers said of switch-overs."""
        return self.filter(kind__in=sorted(OF_SWITCH_OVERS))

    def visible_to(self, user: User) -> Self:
        from drills.models import Monitor

        return self.filter(monitor__in=Monitor.objects.visible_to(user))
