"""Drills: what is planned, which occurrences were held, and what came out."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from dcase_audit.accounts.models import KEY, Party
from drills.querysets import DrillQuerySet, DrillResultQuerySet, OccurrenceQuerySet
from evidence.models import Artefact, Revision, StoredFile


class Scenario(models.Model):
    """What is assumed to fail and what is to be shown; written before the drill that plays it."""

    key = models.CharField(_("key"), max_length=60, unique=True, validators=[KEY])
    title_ja = models.CharField(_("title (Japanese)"), max_length=300, blank=True)
    title_en = models.CharField(_("title (English)"), max_length=300, blank=True)
    story_ja = models.TextField(_("story (Japanese)"), blank=True)
    story_en = models.TextField(_("story (English)"), blank=True)
    objectives = models.JSONField(_("objectives"), default=list, blank=True)

    objects: models.Manager[Scenario] = models.Manager()

    class Meta:
        verbose_name = _("scenario")
        verbose_name_plural = _("scenarios")

    def __str__(self) -> str:
        return self.key


class Drill(models.Model):
    """The plan of a recurring drill and the artefact that its results become revisions of.

    ``recurrence`` is an RFC 5545 RRULE counted from ``starts_at`` in the drill's zone; empty for a drill held once.
    ``targets`` are compared with the measured times of each result: ``{measure, op, value, class?}``.
    """

    class Kind(models.TextChoices):
        TABLETOP = "tabletop", _("tabletop")
        COMPONENT = "component", _("component test")
        FUNCTIONAL = "functional", _("functional")
        FULL_SCALE = "full-scale", _("full-scale, with participants")

    key = models.CharField(_("key"), max_length=60, unique=True, validators=[KEY])
    title_ja = models.CharField(_("title (Japanese)"), max_length=300, blank=True)
    title_en = models.CharField(_("title (English)"), max_length=300, blank=True)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices, default=Kind.FUNCTIONAL)
    scenario = models.ForeignKey(
        Scenario, models.PROTECT, null=True, blank=True, related_name="drills", verbose_name=_("scenario")
    )
    artefact = models.ForeignKey(Artefact, models.PROTECT, related_name="drills", verbose_name=_("artefact"))
    department = models.ForeignKey(Party, models.PROTECT, related_name="drills", verbose_name=_("department"))
    timezone = models.CharField(max_length=60, default="Asia/Tokyo")
    starts_at = models.DateTimeField(_("first held"))
    recurrence = models.CharField(_("recurrence (RFC 5545)"), max_length=200, blank=True)
    report_within = models.CharField(_("reported within"), max_length=20, default="P5D")
    covers = ArrayField(models.CharField(max_length=100), default=list, blank=True, verbose_name=_("covers"))
    targets = models.JSONField(_("targets"), default=list, blank=True)
    valid_for = models.CharField(_("counts for"), max_length=20, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)

    objects = DrillQuerySet.as_manager()

    class Meta:
        verbose_name = _("drill")
        verbose_name_plural = _("drills")
        ordering = ["key"]

    def __str__(self) -> str:
        return self.title(get_language() or "en")

    def title(self, language: str) -> str:
        both = (self.title_ja, self.title_en) if language == "ja" else (self.title_en, self.title_ja)
        return both[0] or both[1] or self.key


class Occurrence(models.Model):
    """One planned date of a drill, written before it; ends as held, cancelled or not reported."""

    class State(models.TextChoices):
        PLANNED = "planned", _("planned")
        HELD = "held", _("held")
        CANCELLED = "cancelled", _("cancelled")
        NOT_REPORTED = "not_reported", _("not reported")

    drill = models.ForeignKey(Drill, models.PROTECT, related_name="occurrences")
    planned_at = models.DateTimeField()
    planned_on = models.DateField()
    report_by = models.DateTimeField()
    state = models.CharField(max_length=12, choices=State.choices, default=State.PLANNED)
    reason = models.CharField(max_length=300, blank=True)
    recorded_at = models.DateTimeField()

    objects = OccurrenceQuerySet.as_manager()

    class Meta:
        ordering = ["planned_at"]
        constraints = [
            models.UniqueConstraint(fields=["drill", "planned_at"], name="one_occurrence_a_moment"),
            models.CheckConstraint(condition=~Q(state="cancelled") | ~Q(reason=""), name="cancelled_for_a_reason"),
        ]
        indexes = [models.Index("report_by", name="occurrence_awaited", condition=Q(state="planned"))]

    def __str__(self) -> str:
        return f"{self.drill.key} {self.planned_on}"


class DrillResult(models.Model):
    """What came in about one holding of a drill: the bytes as received, how they were read, the verdict derived."""

    append_only: ClassVar[bool] = True

    class Verdict(models.TextChoices):
        PASSED = "passed", _("passed")
        FAILED = "failed", _("failed")
        INCONCLUSIVE = "inconclusive", _("inconclusive")

    drill = models.ForeignKey(Drill, models.PROTECT, related_name="results")
    occurrence = models.ForeignKey(Occurrence, models.PROTECT, null=True, related_name="results")
    revision = models.OneToOneField(Revision, models.PROTECT, related_name="drill_result")
    raw = models.ForeignKey(StoredFile, models.PROTECT, related_name="drill_results")
    format = models.CharField(max_length=20)
    verdict = models.CharField(max_length=12, choices=Verdict.choices)
    because = models.JSONField(default=list)
    claimed_verdict = models.CharField(max_length=12, blank=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    measures = models.JSONField(default=list)
    record = models.JSONField(default=dict)
    warnings = models.JSONField(default=list)
    received_at = models.DateTimeField()
    received_from = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    received_through = models.CharField(max_length=100)

    objects = DrillResultQuerySet.as_manager()

    class Meta:
        ordering = ["-received_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(ended_at__gte=F("started_at")), name="drill_ends_after_start"),
        ]


class CheckItem(models.Model):
    """One check item of a result: what was expected, what was observed, and how that is judged."""

    append_only: ClassVar[bool] = True

    class Result(models.TextChoices):
        PASS = "pass", _("pass")
        REMARK = "remark", _("pass with remark")
        FAIL = "fail", _("fail")
        NOT_RUN = "not_run", _("not run")
        NOT_APPLICABLE = "not_applicable", _("not applicable")

    result = models.ForeignKey(DrillResult, models.PROTECT, related_name="check_items")
    number = models.PositiveSmallIntegerField()
    text = models.TextField()
    expected = models.TextField(blank=True)
    observed = models.TextField(blank=True)
    outcome = models.CharField(max_length=14, choices=Result.choices)
    reason = models.TextField(blank=True)

    objects: models.Manager[CheckItem] = models.Manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["result", "number"], name="one_check_item_a_number"),
            models.CheckConstraint(
                condition=~Q(outcome="not_applicable") | ~Q(reason=""), name="not_applicable_for_a_reason"
            ),
        ]


class RefusedUpload(models.Model):
    """That an upload for a drill was refused, and why; reports list them beside what was taken."""

    append_only: ClassVar[bool] = True

    drill = models.ForeignKey(Drill, models.PROTECT, related_name="refused_uploads")
    status = models.PositiveSmallIntegerField()
    problem = models.CharField(max_length=60)
    detail = models.TextField()
    sha256 = models.CharField(max_length=64, blank=True)
    received_at = models.DateTimeField()
    received_from = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    received_through = models.CharField(max_length=100)

    objects: models.Manager[RefusedUpload] = models.Manager()
