"""The D-Case graph. A node is lasting; what may be edited is in rows that an edition brings in and another takes out.

``edition_from`` null: in the draft only. ``edition_until`` null: not taken out yet; ``leaves_draft`` marks a row in
force that the draft drops. Rows in force are never changed but for these two marks.
"""

from __future__ import annotations

from typing import ClassVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from dcase_audit.accounts.models import KEY, Party
from dcase_audit.calendars import durations
from dcase_audit.cases.labels import in_language
from dcase_audit.cases.querysets import CaseQuerySet, EditionedQuerySet, NodeQuerySet, StatusChangeQuerySet
from dcase_audit.cases.words import CONTEXT_KINDS, LEAF_KINDS, STATED_KINDS, TARGET_PREFIX, LinkKind, Status

# Keys that begin so are those of the leaves that contexts with targets are judged as.
NODE_KEY = RegexValidator(
    rf"^(?!{TARGET_PREFIX})[A-Za-z0-9][A-Za-z0-9_.:-]*$",
    _("Letters, digits, _ . : - only; what begins with target: is taken."),
)


def duration_text(text: str) -> None:
    """Refuse what is no ISO 8601 duration (a field validator)."""
    try:
        durations.parse(text)
    except ValueError as error:
        raise ValidationError(str(error)) from error


def zone_name(text: str) -> None:
    """Refuse a time zone that the machine's database does not know (a field validator)."""
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError) as error:
        raise ValidationError(_("There is no such time zone.")) from error


class DurationField(models.CharField):
    """An ISO 8601 duration as text, empty where it sets no limit."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs.setdefault("max_length", 40)
        kwargs.setdefault("blank", True)
        kwargs.setdefault("validators", [duration_text])
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]


class Case(models.Model):
    """One assurance case; born by import or by hand, never deleted. Its slug never changes.

    ``labels``: what people read in place of the keys that criteria and targets hold, ``{key: {ja, en}}``.
    """

    slug = models.CharField(max_length=60, unique=True, validators=[KEY])
    title_ja = models.CharField(max_length=300, blank=True)
    title_en = models.CharField(max_length=300, blank=True)
    timezone = models.CharField(max_length=60, default="Asia/Tokyo", validators=[zone_name])
    reading_notes = ArrayField(models.TextField(), default=list, blank=True)
    limits_are_assumptions = models.BooleanField(default=False)
    labels = models.JSONField(default=dict, blank=True)
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    objects = CaseQuerySet.as_manager()

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.title(get_language() or "en")

    def title(self, language: str) -> str:
        """Return the title in ``language``, in the other one where it has none."""
        names = (self.title_ja, self.title_en) if language == "ja" else (self.title_en, self.title_ja)
        return names[0] or names[1] or self.slug

    def label_texts(self, language: str) -> dict[str, str]:
        """Return the labels in ``language``; who shows a key that has none shows the key."""
        return in_language(self.labels, language)

    def notes(self, language: str) -> list[str]:
        """Return the reading notes in ``language`` where the case has them in it, else as they were written."""
        texts = self.label_texts(language)
        return [texts.get(note, note) for note in self.reading_notes]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class Node(models.Model):
    """A lasting element of a case; its kind never changes, and it is retired by an edition, never deleted."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="nodes")
    key = models.CharField(max_length=60, validators=[NODE_KEY])
    kind = models.CharField(max_length=16, choices=[(kind.value, kind.value) for kind in STATED_KINDS])
    position = models.PositiveIntegerField(default=0)

    objects = NodeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "key"], name="one_node_a_key"),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def is_leaf(self) -> bool:
        """Tell whether evidence is linked here."""
        return self.kind in LEAF_KINDS

    @property
    def judged_key(self) -> str:
        """Return what its status goes by: a context has none but that of its target."""
        return f"{TARGET_PREFIX}{self.key}" if self.kind in CONTEXT_KINDS else self.key


class Editioned(models.Model):
    """A row that an edition brings in (``edition_from``) and another takes out (``edition_until``, excluded)."""

    edition_from = models.PositiveIntegerField(null=True, blank=True)
    edition_until = models.PositiveIntegerField(null=True, blank=True)
    leaves_draft = models.BooleanField(default=False)

    objects = EditionedQuerySet.as_manager()

    class Meta:
        abstract = True


class NodeText(Editioned):
    """What an edition says of a node: its statement, who answers for it, and its rule fields."""

    class SupportRule(models.TextChoices):
        ALL = "all", _("all that supports it must stand")
        ANY = "any", _("one that supports it is enough")

    node = models.ForeignKey(Node, models.PROTECT, related_name="texts")
    statement_ja = models.TextField(blank=True)
    statement_en = models.TextField(blank=True)
    accountable = models.ForeignKey(Party, models.PROTECT, null=True, blank=True, related_name="+")
    custodian = models.ForeignKey(Party, models.PROTECT, null=True, blank=True, related_name="+")
    verifier = models.ForeignKey(Party, models.PROTECT, null=True, blank=True, related_name="+")
    support_rule = models.CharField(max_length=3, choices=SupportRule.choices, default=SupportRule.ALL)
    undeveloped = models.BooleanField(default=False)
    attributes = models.JSONField(default=dict, blank=True)
    points_at = models.ForeignKey(Node, models.PROTECT, null=True, blank=True, related_name="pointed_at_by")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["node"], condition=Q(edition_from=None), name="one_draft_text"),
            models.UniqueConstraint(
                fields=["node"], condition=Q(edition_from__isnull=False, edition_until=None), name="one_text_in_force"
            ),
        ]

    def statement(self, language: str) -> str:
        """Return the statement in ``language``, in the other one where it has none."""
        both = (self.statement_ja, self.statement_en) if language == "ja" else (self.statement_en, self.statement_ja)
        return both[0] or both[1]


class Link(Editioned):
    """*Supported by* or *in context of*, from the element above to the one below or beside; in the author's order."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="links")
    source = models.ForeignKey(Node, models.PROTECT, related_name="links_out")
    target = models.ForeignKey(Node, models.PROTECT, related_name="links_in")
    kind = models.CharField(max_length=14, choices=[(kind.value, kind.value) for kind in LinkKind])
    position = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(source=F("target")), name="link_to_another"),
            models.UniqueConstraint(
                fields=["source", "target", "kind"], condition=Q(edition_from=None), name="one_draft_link"
            ),
            models.UniqueConstraint(
                fields=["source", "target", "kind"],
                condition=Q(edition_from__isnull=False, edition_until=None),
                name="one_link_in_force",
            ),
        ]
        indexes = [
            models.Index("case", name="link_in_force", condition=Q(edition_from__isnull=False, edition_until=None))
        ]


class Criterion(Editioned):
    """What a leaf asks of its evidence. A field left empty sets no limit."""

    node = models.ForeignKey(Node, models.PROTECT, related_name="criteria")
    kinds = ArrayField(models.CharField(max_length=60), default=list)
    minimum = models.PositiveSmallIntegerField(default=1)
    must_cover = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    max_age = DurationField()
    warn_before = DurationField()
    silence = DurationField()
    calendar = models.CharField(max_length=60, blank=True)
    subjects = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    targets = models.JSONField(default=list, blank=True)
    refuted_when = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(minimum__gte=1), name="criterion_asks_for_one"),
            models.UniqueConstraint(fields=["node"], condition=Q(edition_from=None), name="one_draft_criterion"),
            models.UniqueConstraint(
                fields=["node"],
                condition=Q(edition_from__isnull=False, edition_until=None),
                name="one_criterion_in_force",
            ),
        ]
        indexes = [GinIndex(fields=["subjects"], name="criterion_subjects")]


class Edition(models.Model):
    """A published state of a case: the canonical document of its rows, for good."""

    append_only: ClassVar[bool] = True

    case = models.ForeignKey(Case, models.PROTECT, related_name="editions")
    number = models.PositiveIntegerField()
    document = models.TextField()
    sha256 = models.CharField(max_length=64)
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    loosened = models.JSONField(default=list)

    objects: models.Manager[Edition] = models.Manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "number"], name="one_edition_a_number")]

    def __str__(self) -> str:
        return f"{self.case.slug} {self.number}"


class Consent(models.Model):
    """That a department agrees to a draft, named by its document's SHA-256: another draft needs it anew."""

    append_only: ClassVar[bool] = True

    case = models.ForeignKey(Case, models.PROTECT, related_name="consents")
    party = models.ForeignKey(Party, models.PROTECT, related_name="+")
    draft_sha256 = models.CharField(max_length=64)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects: models.Manager[Consent] = models.Manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "party", "draft_sha256"], name="one_consent_a_draft")]


STATUSES = [(int(status), status.word) for status in Status]


class Settlement(models.Model):
    """The lock of a case's status rows: up to when they are settled and when the next change falls due."""

    not_captured = "a lock, and when a case was last settled"

    case = models.OneToOneField(Case, models.PROTECT, primary_key=True, related_name="settlement")
    settled_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    rules_version = models.PositiveSmallIntegerField()

    objects: models.Manager[Settlement] = models.Manager()

    class Meta:
        indexes = [models.Index("due_at", name="settlement_due", condition=Q(due_at__isnull=False))]


class SettlementRequest(models.Model):
    """That a case must be settled again because another one that it points at changed; taken up by the next sweep."""

    not_captured = "a queue"

    case = models.ForeignKey(Case, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects: models.Manager[SettlementRequest] = models.Manager()


class NodeStatus(models.Model):
    """The status of a node now; can be rebuilt from the facts. ``until``: when it changes if nothing is done."""

    not_captured = "derived from facts"

    node = models.OneToOneField(Node, models.PROTECT, primary_key=True, related_name="status")
    case = models.ForeignKey(Case, models.PROTECT, related_name="+")
    status = models.PositiveSmallIntegerField(choices=STATUSES)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    because = models.JSONField(default=list)

    objects: models.Manager[NodeStatus] = models.Manager()


class Forecast(models.Model):
    """A change that will come if nobody does anything. ``provisional``: a monitor's silence, asked again when due."""

    not_captured = "derived from facts"

    node = models.ForeignKey(Node, models.PROTECT, related_name="forecasts", db_index=False)
    case = models.ForeignKey(Case, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(choices=STATUSES)
    because = models.JSONField(default=list)
    provisional = models.BooleanField(default=False)

    objects: models.Manager[Forecast] = models.Manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["node", "at"], name="one_forecast_a_moment")]
        indexes = [models.Index(fields=["case", "at"], name="forecast_due")]


class StatusChange(models.Model):
    """That a node's status changed, when, and why; written once, by a settle or by the sweep."""

    append_only: ClassVar[bool] = True

    case = models.ForeignKey(Case, models.PROTECT, related_name="+", db_index=False)
    node = models.ForeignKey(Node, models.PROTECT, related_name="status_changes", db_index=False)
    effective_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    before = models.PositiveSmallIntegerField(choices=STATUSES, null=True)
    after = models.PositiveSmallIntegerField(choices=STATUSES)
    because = models.JSONField(default=list)
    caused_by = models.CharField(max_length=100)
    rules_version = models.PositiveSmallIntegerField()

    objects = StatusChangeQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["node", "effective_at"], name="one_change_a_moment")]
        indexes = [models.Index(fields=["case", "effective_at"], name="change_of_case")]
