"""What follows from a drill: findings, corrective actions, and signatures under its record."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from drills.models.drills import Drill, DrillResult
from drills.querysets import CorrectiveActionQuerySet, FindingQuerySet
from evidence.models import Revision, StoredFile


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


class CorrectiveAction(models.Model):
    """What is done about a finding, by whom and until when; born when somebody adds it.

    Nothing about it changes but that it is closed, once, by another person than its owner and on evidence: the database
    sees to that, too.
    """

    finding = models.ForeignKey(Finding, models.PROTECT, related_name="actions")
    text = models.TextField()
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    due_on = models.DateField()
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    evidence = models.ForeignKey(Revision, models.PROTECT, null=True, related_name="+")
    closing_note = models.TextField(blank=True)

    objects = CorrectiveActionQuerySet.as_manager()

    class Meta:
        ordering = ["due_on", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_by=None) | ~Q(closed_by=F("owner")), name="action_closed_by_another"
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None, closed_by=None, evidence=None, closing_note="")
                | Q(closed_at__isnull=False, closed_by__isnull=False, evidence__isnull=False),
                name="action_closed_on_evidence",
            ),
        ]
        indexes = [models.Index("due_on", name="action_awaited", condition=Q(closed_at=None))]


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
