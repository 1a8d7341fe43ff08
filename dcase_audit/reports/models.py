"""Accountability reports that were ordered."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from dcase_audit.cases.models import Case
from dcase_audit.reports.querysets import ReportQuerySet
from evidence.models import StoredFile


class AccountabilityReport(models.Model):
    """One report of one case at one moment, as known at another, in one language; born when ordered.

    ``checkpoint`` is the size of the log's checkpoint that covers all that it rests on.
    """

    not_captured = "progress; that a report was ordered and what came of it are events"

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    case = models.ForeignKey(Case, models.PROTECT, related_name="reports")
    at = models.DateTimeField()
    known = models.DateTimeField()
    language = models.CharField(max_length=2, choices=[("ja", "日本語"), ("en", "English")])
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    progress = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(max_length=500, blank=True)
    file = models.ForeignKey(StoredFile, models.PROTECT, null=True, related_name="reports")
    checkpoint = models.BigIntegerField(null=True)
    rules_version = models.PositiveSmallIntegerField()
    ordered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    ordered_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        ordering = ["-ordered_at", "-id"]
