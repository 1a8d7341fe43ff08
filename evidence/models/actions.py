"""What is done about something that went wrong."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from dcase_audit.cases.models import Node
from evidence.models.artefacts import Revision
from evidence.querysets import TargetRemedyQuerySet


class Action(models.Model):
    """A corrective action: what is done, by whom and until the end of which day; born when somebody adds it.

    Nothing about it changes but that it is closed, once, by another person than its owner and on evidence: the database
    sees to that, too.
    """

    text = models.TextField()
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    due_on = models.DateField()
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    evidence = models.ForeignKey(Revision, models.PROTECT, null=True, related_name="+")
    closing_note = models.TextField(blank=True)

    class Meta:
        abstract = True
        ordering = ["due_on", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_by=None) | ~Q(closed_by=F("owner")), name="%(class)s_closed_by_another"
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None, closed_by=None, evidence=None, closing_note="")
                | Q(closed_at__isnull=False, closed_by__isnull=False, evidence__isnull=False),
                name="%(class)s_closed_on_evidence",
            ),
        ]
        indexes = [models.Index("due_on", name="%(class)s_awaited", condition=Q(closed_at=None))]

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone of ``due_on``."""
        raise NotImplementedError

    def is_closed(self, *, at: datetime) -> bool:
        return self.closed_at is not None and self.closed_at <= at

    def is_overdue(self, *, today: date) -> bool:
        return self.closed_at is None and self.due_on < today


class TargetRemedy(Action):
    """The corrective action for a missed period of a target, which refutes until it is closed at least."""

    node = models.ForeignKey(Node, models.PROTECT, related_name="target_remedies")
    start = models.DateTimeField(db_column="from")
    until = models.DateTimeField()

    objects = TargetRemedyQuerySet.as_manager()

    class Meta(Action.Meta):
        ordering = ["start", "id"]
        constraints = [
            *Action.Meta.constraints,
            models.UniqueConstraint(fields=["node", "start", "until"], name="one_remedy_a_period"),
        ]

    @property
    def zone(self) -> ZoneInfo:
        return self.node.case.zone
