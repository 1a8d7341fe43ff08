"""Artefacts, their immutable revisions, what was decided about these, and what they support."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Lower
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from dcase_audit.accounts.models import KEY, Party
from dcase_audit.cases.models import Case, DurationField, Node, zone_name
from evidence.querysets import ArtefactQuerySet, DecisionQuerySet, RevisionQuerySet, SupportQuerySet


class ConcatOp(Func):
    """``a || b || c``: unlike ``concat()`` it is immutable, which a generated column demands."""

    template = "(%(expressions)s)"
    arg_joiner = " || "


def organisation_zone() -> str:
    """Return the zone whose calendar the organisation counts by."""
    return str(settings.TIME_ZONE)


class Kind(models.Model):
    """A kind of evidence (rule, drill record, test run, ...) and its retention class: how long its records are kept.

    A revision is promised what its kind says when it is submitted; what the kind says later changes nothing of that.
    """

    class CountsFrom(models.TextChoices):
        RECEIVED = "received", _("its receipt")
        VALIDITY_END = "validity_end", _("the end of its validity")

    class Basis(models.TextChoices):
        LAW = "law", _("law")
        CONTRACT = "contract", _("contract")
        RULE = "rule", _("rule of the organisation")

    key = models.CharField(_("key"), max_length=60, unique=True, validators=[KEY])
    name_ja = models.CharField(_("name (Japanese)"), max_length=100)
    name_en = models.CharField(_("name (English)"), max_length=100)
    for_monitors = models.BooleanField(_("fits monitors"), default=False)
    retention = DurationField(_("kept for at least"), default="P10Y")
    retention_from = models.CharField(
        _("counted from"), max_length=12, choices=CountsFrom.choices, default=CountsFrom.RECEIVED
    )
    retention_zone = models.CharField(
        _("calendar of the time zone"), max_length=60, default=organisation_zone, validators=[zone_name]
    )
    retention_basis = models.CharField(_("kept by reason of"), max_length=8, choices=Basis.choices, default=Basis.RULE)
    retention_text_ja = models.CharField(_("basis of the retention (Japanese)"), max_length=300, blank=True)
    retention_text_en = models.CharField(_("basis of the retention (English)"), max_length=300, blank=True)

    objects: models.Manager[Kind] = models.Manager()

    class Meta:
        verbose_name = _("kind of evidence")
        verbose_name_plural = _("kinds of evidence")
        ordering = ["key"]

    def __str__(self) -> str:
        return self.name(get_language() or "en")

    def name(self, language: str) -> str:
        return self.name_ja if language == "ja" else self.name_en

    def clean(self) -> None:
        """Refuse a floor that nothing is said to ask for (forms only: what was there before need not say it)."""
        if self.retention and not (self.retention_text_ja or self.retention_text_en):
            raise ValidationError({"retention_text_ja": _("Say which law, contract or rule asks for the retention.")})


class Artefact(models.Model):
    """The lasting thing ("night recovery rule") that revisions are versions of, for any number of leaves and cases."""

    kind = models.ForeignKey(Kind, models.PROTECT, related_name="artefacts", verbose_name=_("kind"))
    key = models.CharField(_("key"), max_length=80, unique=True, validators=[KEY])
    title_ja = models.CharField(_("title (Japanese)"), max_length=300, blank=True)
    title_en = models.CharField(_("title (English)"), max_length=300, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="artefacts",
        verbose_name=_("person in charge"),
    )
    custodian = models.ForeignKey(Party, models.PROTECT, related_name="artefacts", verbose_name=_("kept by"))
    review_interval = DurationField(_("review interval"))
    created_at = models.DateTimeField(_("added"))
    search = models.GeneratedField(
        expression=Func(
            Lower(ConcatOp(F("title_ja"), Value(" "), F("title_en"), Value(" "), F("key"))),
            template="normalize(%(expressions)s, NFKC)",
        ),
        output_field=models.TextField(),
        db_persist=True,
    )

    objects = ArtefactQuerySet.as_manager()

    class Meta:
        verbose_name = _("artefact")
        verbose_name_plural = _("artefacts")
        ordering = ["key"]
        indexes = [GinIndex(OpClass(F("search"), name="gin_trgm_ops"), name="artefact_search")]

    def __str__(self) -> str:
        return self.title(get_language() or "en")

    def title(self, language: str) -> str:
        """Return the title in ``language``, in the other one where it has none, else the key."""
        both = (self.title_ja, self.title_en) if language == "ja" else (self.title_en, self.title_ja)
        return both[0] or both[1] or self.key


class Revision(models.Model):
    """One version of an artefact; a draft until it is submitted, never changed after that.

    ``valid_from``/``valid_until`` say when it applies, ``proves_from``/``proves_until`` what period it proves; both are
    half-open and claimed. What we received, and when, is in ``created_at`` and the decisions.
    """

    class Verdict(models.TextChoices):
        SUPPORTS = "supports", _("supports")
        REFUTES = "refutes", _("refutes")
        INCONCLUSIVE = "inconclusive", _("inconclusive")

    class Confidentiality(models.TextChoices):
        NORMAL = "normal", _("normal")
        CONFIDENTIAL = "confidential", _("confidential: shown by its hash only, with the reason")

    artefact = models.ForeignKey(Artefact, models.PROTECT, related_name="revisions", verbose_name=_("artefact"))
    number = models.PositiveIntegerField(_("number"))
    verdict = models.CharField(_("verdict"), max_length=12, choices=Verdict.choices, default=Verdict.SUPPORTS)
    covers = ArrayField(models.CharField(max_length=100), default=list, blank=True, verbose_name=_("covers"))
    valid_from = models.DateTimeField(_("applies from"), null=True, blank=True)
    valid_until = models.DateTimeField(_("applies until (excluded)"), null=True, blank=True)
    proves_from = models.DateTimeField(_("proves from"), null=True, blank=True)
    proves_until = models.DateTimeField(_("proves until (excluded)"), null=True, blank=True)
    measures = models.JSONField(_("measures"), default=dict, blank=True)
    subjects = models.JSONField(_("obtained on"), default=dict, blank=True)
    confidentiality = models.CharField(
        _("confidentiality"), max_length=12, choices=Confidentiality.choices, default=Confidentiality.NORMAL
    )
    confidential_reason = models.CharField(_("why it is confidential"), max_length=300, blank=True)
    corrects = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="corrected_by", verbose_name=_("corrects")
    )
    note = models.TextField(_("note"), blank=True)
    # Both are the database's: set at submission from the kind's class, and from then on only extended.
    retention = models.JSONField(_("retention class"), default=dict, blank=True, editable=False)
    retain_until = models.DateTimeField(_("kept at least until"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("received"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("added by")
    )
    submitted_at = models.DateTimeField(_("submitted"), null=True, blank=True)

    objects = RevisionQuerySet.as_manager()

    class Meta:
        verbose_name = _("revision")
        verbose_name_plural = _("revisions")
        ordering = ["artefact", "number"]
        indexes = [models.Index(fields=["created_at"], name="revision_created")]
        constraints = [
            models.UniqueConstraint(fields=["artefact", "number"], name="one_revision_a_number"),
            models.CheckConstraint(
                condition=Q(valid_from=None) | Q(valid_until=None) | Q(valid_until__gt=F("valid_from")),
                name="revision_valid_until_after_from",
            ),
            models.CheckConstraint(
                condition=Q(proves_from=None) | Q(proves_until=None) | Q(proves_until__gte=F("proves_from")),
                name="revision_proves_until_after_from",
            ),
            models.CheckConstraint(
                condition=Q(confidentiality="normal") | ~Q(confidential_reason=""), name="confidential_for_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.artefact.key} r{self.number}"

    @property
    def is_submitted(self) -> bool:
        return self.submitted_at is not None


class Decision(models.Model):
    """What somebody decided about a revision, when, and why; rows are only added, and the last one counts."""

    append_only: ClassVar[bool] = True

    class Kind(models.TextChoices):
        SUBMITTED = "submitted", _("submitted")
        ACCEPTED = "accepted", _("accepted")
        RETURNED = "returned", _("returned")
        WITHDRAWN = "withdrawn", _("withdrawn")
        VOIDED = "voided", _("voided: false from the start")
        ANNULMENT_PROPOSED = "annulment_proposed", _("annulment proposed")
        ANNULLED = "annulled", _("annulled")

    revision = models.ForeignKey(Revision, models.PROTECT, related_name="decisions")
    kind = models.CharField(_("decision"), max_length=20, choices=Kind.choices)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="decisions", verbose_name=_("by")
    )
    by_rule = models.CharField(_("by the rule"), max_length=100, blank=True)
    at = models.DateTimeField(_("moment"))
    effective_at = models.DateTimeField(_("effective from"))
    reason = models.TextField(_("reason"), blank=True)

    objects = DecisionQuerySet.as_manager()

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["revision", "kind"], name="one_decision_of_a_kind"),
            models.CheckConstraint(condition=Q(by__isnull=False) | ~Q(by_rule=""), name="decided_by_someone"),
            models.CheckConstraint(
                condition=~Q(kind__in=["returned", "withdrawn", "voided", "annulment_proposed", "annulled"])
                | ~Q(reason=""),
                name="decision_gives_a_reason",
            ),
        ]


class Support(models.Model):
    """That an artefact supports a leaf, since when, until when, and why it does."""

    artefact = models.ForeignKey(Artefact, models.PROTECT, related_name="supports")
    node = models.ForeignKey(Node, models.PROTECT, related_name="supports")
    case = models.ForeignKey(Case, models.PROTECT, related_name="+", db_index=False)
    linked_at = models.DateTimeField()
    linked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    unlinked_at = models.DateTimeField(null=True, blank=True)
    rationale = models.TextField(blank=True)

    objects = SupportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["artefact", "node"], condition=Q(unlinked_at=None), name="one_open_support"
            ),
            models.CheckConstraint(
                condition=Q(unlinked_at=None) | Q(unlinked_at__gt=F("linked_at")), name="unlinked_after_linked"
            ),
        ]
        indexes = [models.Index(fields=["case", "artefact"], name="support_scope")]
