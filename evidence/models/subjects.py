"""What evidence was obtained on, and what monitors measured and when they were heard."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from dcase_audit.accounts.models import KEY, Party
from dcase_audit.cases.models import Node
from evidence.models.artefacts import Artefact
from evidence.querysets import SubjectQuerySet


class Subject(models.Model):
    """A configuration item, manual or device setting that evidence is obtained on."""

    key = models.CharField(_("key"), max_length=80, unique=True, validators=[KEY])
    title_ja = models.CharField(_("title (Japanese)"), max_length=200, blank=True)
    title_en = models.CharField(_("title (English)"), max_length=200, blank=True)
    department = models.ForeignKey(Party, models.PROTECT, related_name="subjects", verbose_name=_("department"))

    objects = SubjectQuerySet.as_manager()

    class Meta:
        verbose_name = _("subject")
        verbose_name_plural = _("subjects")
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key

    def title(self, language: str) -> str:
        both = (self.title_ja, self.title_en) if language == "ja" else (self.title_en, self.title_ja)
        return both[0] or both[1] or self.key


class SubjectVersion(models.Model):
    """That a subject is in a version since a moment, planned or past, as recorded by us at another."""

    append_only: ClassVar[bool] = True

    subject = models.ForeignKey(Subject, models.PROTECT, related_name="versions")
    version = models.CharField(max_length=100)
    digest = models.CharField(max_length=200, blank=True)
    since = models.DateTimeField()
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects: models.Manager[SubjectVersion] = models.Manager()

    class Meta:
        ordering = ["since", "id"]
        indexes = [models.Index(fields=["subject", "since"], name="subject_history")]


class Hearing(models.Model):
    """When a monitor was last heard; a row that changes often and is no event.

    ``tolerance``: the shortest silence that a leaf of the monitor allows; a longer one is looked at more closely.
    """

    not_captured = "when a monitor was last heard; its gaps are captured"

    artefact = models.OneToOneField(Artefact, models.PROTECT, primary_key=True, related_name="hearing")
    first_heard_at = models.DateTimeField()
    last_heard_at = models.DateTimeField()
    tolerance = models.DurationField()

    objects: models.Manager[Hearing] = models.Manager()


class Gap(models.Model):
    """A span in which a monitor was not heard for longer than one of its leaves allows; open while it lasts."""

    artefact = models.ForeignKey(Artefact, models.PROTECT, related_name="gaps")
    start = models.DateTimeField(db_column="from")
    until = models.DateTimeField(null=True, blank=True)
    recorded_at = models.DateTimeField()

    objects: models.Manager[Gap] = models.Manager()

    class Meta:
        ordering = ["start"]
        constraints = [
            models.CheckConstraint(condition=Q(until=None) | Q(until__gt=F("start")), name="gap_ends_after_start"),
            models.UniqueConstraint(fields=["artefact"], condition=Q(until=None), name="one_open_gap"),
        ]


class TargetPeriod(models.Model):
    """What a source measured of a target over [start, until), as far as up to ``as_of``; written by drills, and anew
    whenever it comes to something else: of one period, the last recorded counts.

    ``best`` and ``worst`` are what the data allows, cut off after 18 decimals; the milliseconds beside them say why:
    ``required`` is the agreed time of the whole period, less ``excused``.
    """

    append_only: ClassVar[bool] = True

    node = models.ForeignKey(Node, models.PROTECT, related_name="target_periods")
    service = models.CharField(max_length=100, blank=True)
    calendar = models.CharField(max_length=60)
    start = models.DateTimeField(db_column="from")
    until = models.DateTimeField()
    as_of = models.DateTimeField()
    required_ms = models.BigIntegerField()
    excused_ms = models.BigIntegerField()
    down_ms = models.BigIntegerField()
    unknown_ms = models.BigIntegerField()
    ahead_ms = models.BigIntegerField()
    outages = models.PositiveIntegerField()
    resolution_ms = models.PositiveIntegerField()
    best = models.DecimalField(max_digits=20, decimal_places=18)
    worst = models.DecimalField(max_digits=20, decimal_places=18)
    source = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()

    objects: models.Manager[TargetPeriod] = models.Manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(until__gt=F("start")), name="target_period_ends_after_start"),
        ]
        indexes = [models.Index(fields=["node", "service", "start"], name="target_period_of_node")]
