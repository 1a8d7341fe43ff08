"""What follows from a drill: findings, corrective actions, and signatures under its record."""

from __future__ import annotations

from typing import ClassVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from drills.models.drills import Drill, DrillResult
from drills.querysets import CorrectiveActionQuerySet, FindingQuerySet
from evidence.models import Action, StoredFile


class Finding(models.Model):
    """Something that a drill brought to light; born with a failed result, or when somebody opens one.

    ``opened_by`` is null where the rule opened it; ``raw`` is then the record that failed, so that the same record sent
    again opens no second one. Its state is derived (``drills.findings``) and written nowhere.
    """

    append_only: ClassVar[bool] = True

    class Severity(models.TextChoices):
        MINOR = "minor", _("minor")
        MAJOR = "major", _("major")
        CRITICAL = "critical", _("critical")

    drill = models.ForeignKey(Drill, models.PROTECT, related_name="findings")
    result = models.ForeignKey(DrillResult, models.PROTECT, null=True, related_name="findings")
    raw = models.ForeignKey(StoredFile, models.PROTECT, null=True, related_name="+")
    severity = models.CharField(max_length=8, choices=Severity.choices)
    text = models.TextField(blank=True)
    cause = models.TextField(blank=True)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = FindingQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["drill", "raw"], name="one_finding_a_failed_record", condition=Q(opened_by=None)
            ),
            models.CheckConstraint(
                condition=Q(opened_by__isnull=False, raw=None)
                | Q(opened_by=None, raw__isnull=False, result__isnull=False),
                name="finding_by_rule_or_by_somebody",
            ),
            models.CheckConstraint(condition=Q(opened_by=None) | ~Q(text=""), name="finding_says_what"),
        ]


class CorrectiveAction(Action):
    """What is done about a finding."""

    finding = models.ForeignKey(Finding, models.PROTECT, related_name="actions")

    objects = CorrectiveActionQuerySet.as_manager()

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.finding.drill.timezone)


class SignOff(models.Model):
    """That a person signed the record of a result in a role; it covers the record with this SHA-256 and no other."""

    append_only: ClassVar[bool] = True

    class Role(models.TextChoices):
        OBSERVER = "observer", _("observer")
        VERIFIER = "verifier", _("independent verifier")
        RESPONSIBLE = "responsible", _("responsible person")

    result = models.ForeignKey(DrillResult, models.PROTECT, related_name="sign_offs")
    role = models.CharField(max_length=11, choices=Role.choices)
    record_sha256 = models.CharField(max_length=64)
    statement = models.TextField(blank=True)
    signed_at = models.DateTimeField()
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    objects: models.Manager[SignOff] = models.Manager()

    class Meta:
        ordering = ["signed_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["result", "role", "signed_by"], name="one_signature_a_role"),
            models.CheckConstraint(condition=~Q(role="verifier") | ~Q(statement=""), name="verifier_says_why"),
        ]
