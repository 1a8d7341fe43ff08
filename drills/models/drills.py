"""Drills: what is planned, which occurrences were held, and what came out."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

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
        UNANNOUNCED = "unannounced", _("unannounced")

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

    def today(self, at: datetime) -> date:
        """Return the day that ``at`` belongs to where the drill is held."""
        return at.astimezone(ZoneInfo(self.timezone)).date()


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
    cancelled_at = models.DateTimeField(null=True)
    cancelled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField()

    objects = OccurrenceQuerySet.as_manager()

    class Meta:
        ordering = ["planned_at"]
        constraints = [
            models.UniqueConstraint(fields=["drill", "planned_at"], name="one_occurrence_a_moment"),
            models.CheckConstraint(condition=~Q(state="cancelled") | ~Q(reason=""), name="cancelled_for_a_reason"),
            models.CheckConstraint(
                condition=Q(state="cancelled") | Q(cancelled_at=None, cancelled_by=None), name="cancelled_by_somebody"
            ),
        ]
        indexes = [models.Index("report_by", name="occurrence_awaited", condition=Q(state="planned"))]

    def __str__(self) -> str:
        return f"{self.drill.key} {self.planned_on}"


class SignerKey(models.Model):
    """A public key whose signatures under test results count, whose it is and since when; born when it is registered.

    Nothing about it changes but that it is revoked, for good: the database sees to that, too.
    """

    class Algorithm(models.TextChoices):
        ED25519 = "ed25519", "Ed25519"
        ECDSA_P256 = "ecdsa-p256", "ECDSA P-256"

    key = models.CharField(_("key"), max_length=60, unique=True, validators=[KEY])
    holder = models.CharField(_("who signs with it"), max_length=200)
    party = models.ForeignKey(Party, models.PROTECT, related_name="signer_keys", verbose_name=_("party"))
    keyid = models.CharField(_("what its signatures call it"), max_length=200, blank=True)
    algorithm = models.CharField(_("algorithm"), max_length=10, choices=Algorithm.choices, editable=False)
    pem = models.TextField(_("public key (PEM)"))
    fingerprint = models.CharField(_("SHA-256 of the key"), max_length=64, unique=True, editable=False)
    valid_from = models.DateTimeField(_("valid from"))
    valid_until = models.DateTimeField(_("valid until (excluded)"), null=True, blank=True)
    registered_at = models.DateTimeField(_("registered"), editable=False)
    registered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("registered by"),
    )
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("revoked by"),
    )
    revoked_reason = models.CharField(_("why it was revoked"), max_length=300, blank=True)

    objects: models.Manager[SignerKey] = models.Manager()

    class Meta:
        verbose_name = _("signer's key")
        verbose_name_plural = _("signers' keys")
        ordering = ["key"]
        constraints = [
            models.CheckConstraint(
                condition=Q(revoked_at=None, revoked_reason="") | (Q(revoked_at__isnull=False) & ~Q(revoked_reason="")),
                name="signer_key_revoked_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return self.holder


class DrillResult(models.Model):
    """What came in about one holding of a drill: the bytes as received, how they were read, the verdict derived.

    ``started_at`` and ``ended_at`` are null where neither the file nor its sender settles when it was held. ``doubts``
    are what the reader of the format saw beside checks and measures: ``{code, detail, place, weight}``. ``kind`` is how
    it was held; empty for what came in before that was kept. ``rule`` is the one by which it was accepted at receipt.
    """

    append_only: ClassVar[bool] = True

    class Format(models.TextChoices):
        NATIVE = "native", _("native JSON")
        CHAOSTOOLKIT = "chaostoolkit", _("Chaos Toolkit journal")
        JUNIT = "junit", _("JUnit XML")
        CTRF = "ctrf", _("CTRF report")
        IN_TOTO = "in-toto", _("in-toto test result")

    class Kind(models.TextChoices):
        TABLETOP = "tabletop", _("tabletop")
        COMPONENT = "component", _("component test")
        FUNCTIONAL = "functional", _("functional")
        FULL_SCALE = "full-scale", _("full-scale, with participants")
        UNANNOUNCED = "unannounced", _("unannounced")
        LIVE_INCIDENT = "live-incident", _("live incident")

    class Signed(models.TextChoices):
        UNSIGNED = "unsigned", _("none")
        VERIFIED = "verified", _("checked")

    class Verdict(models.TextChoices):
        PASSED = "passed", _("passed")
        FAILED = "failed", _("failed")
        INCONCLUSIVE = "inconclusive", _("inconclusive")

    drill = models.ForeignKey(Drill, models.PROTECT, related_name="results")
    occurrence = models.ForeignKey(Occurrence, models.PROTECT, null=True, related_name="results")
    revision = models.OneToOneField(Revision, models.PROTECT, related_name="drill_result")
    raw = models.ForeignKey(StoredFile, models.PROTECT, related_name="drill_results")
    format = models.CharField(max_length=20, choices=Format.choices)
    kind = models.CharField(max_length=13, choices=Kind.choices, blank=True)
    producer = models.CharField(max_length=100, blank=True)
    signature = models.CharField(max_length=10, choices=Signed.choices, default=Signed.UNSIGNED)
    signer = models.ForeignKey(SignerKey, models.PROTECT, null=True, related_name="+")
    signatures = models.JSONField(default=list)
    rule = models.ForeignKey("drills.AcceptanceRule", models.PROTECT, null=True, related_name="results")
    verdict = models.CharField(max_length=12, choices=Verdict.choices)
    because = models.JSONField(default=list)
    claimed_verdict = models.CharField(max_length=12, blank=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    doubts = models.JSONField(default=list)
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
            models.CheckConstraint(
                condition=Q(started_at=None, ended_at=None) | Q(started_at__isnull=False, ended_at__isnull=False),
                name="drill_starts_and_ends",
            ),
            models.CheckConstraint(
                condition=Q(signature="unsigned", signer=None) | Q(signature="verified", signer__isnull=False),
                name="verified_by_a_signer",
            ),
            models.CheckConstraint(condition=Q(rule=None) | Q(verdict="passed"), name="rules_accept_what_passed"),
        ]

    @property
    def held_or_received_at(self) -> datetime:
        """When it was held; where that is not known, when it was received, which was after that."""
        return self.started_at or self.received_at


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
