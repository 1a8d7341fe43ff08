"""The shapes of what the API says of evidence, for its description; ``evidence.api.showing`` fills them."""

from __future__ import annotations

from rest_framework import serializers

from dcase_audit.api_schema import Shape
from dcase_audit.cases.words import NodeKind, Status
from evidence.models import Decision, Kind, Revision, RevisionFile

DRAFT = "draft"
STATES = [DRAFT, *Decision.Kind.values]
STATUSES = [status.word for status in Status]


class TitleShape(Shape):
    """A text in both languages; either may be empty."""

    ja = serializers.CharField(allow_blank=True)
    en = serializers.CharField(allow_blank=True)


class SupportShape(Shape):
    """A leaf that an artefact supports."""

    case = serializers.CharField()
    node = serializers.CharField()
    linked_at = serializers.DateTimeField()
    rationale = serializers.CharField(allow_blank=True)


class HoldReleaseShape(Shape):
    """That a hold ended."""

    by = serializers.CharField()
    at = serializers.DateTimeField()
    reason = serializers.CharField()


class HoldShape(Shape):
    """A legal hold: of a revision, or where `revision` is null of the artefact with all its revisions."""

    id = serializers.IntegerField()
    href = serializers.CharField()
    artefact = serializers.CharField()
    title = TitleShape()
    revision = serializers.IntegerField(allow_null=True, help_text="Number of the revision.")
    reason = serializers.CharField()
    placed_by = serializers.CharField(allow_null=True)
    placed_at = serializers.DateTimeField()
    release = HoldReleaseShape(allow_null=True)


class ExtensionShape(Shape):
    """That a revision is kept longer than its kind asks for."""

    until = serializers.DateTimeField()
    basis = serializers.ChoiceField(Kind.Basis.values)
    text = TitleShape()
    by = serializers.CharField()
    at = serializers.DateTimeField()


class RetentionShape(Shape):
    """What a revision was promised when it was submitted, and how long it is kept for that."""

    floor = serializers.CharField(allow_blank=True, help_text="ISO 8601 duration; empty where its kind asks for none.")
    counts_from = serializers.ChoiceField(Kind.CountsFrom.values)
    basis = serializers.ChoiceField(Kind.Basis.values)
    text = TitleShape()
    at_least = serializers.DateTimeField(help_text="Is only ever put off.")
    kept_until = serializers.DateTimeField(
        allow_null=True, help_text="Null while it is valid and nothing says until when. Legal holds are not counted."
    )
    extensions = ExtensionShape(many=True)


class ArtefactShape(Shape):
    """An artefact and how it stands: `status` as in its worst use, `due_at` when that ends if nothing is done."""

    key = serializers.CharField()
    href = serializers.CharField()
    kind = serializers.CharField()
    title = TitleShape()
    custodian = serializers.CharField()
    owner = serializers.CharField(allow_null=True)
    review_interval = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    status = serializers.ChoiceField(STATUSES)
    warn_at = serializers.DateTimeField(allow_null=True)
    due_at = serializers.DateTimeField(allow_null=True)
    revision = serializers.IntegerField(allow_null=True, help_text="Number of the revision that decides the status.")
    legal_hold = serializers.BooleanField(help_text="Whether it, or one of its revisions, is on hold.")
    supports = SupportShape(many=True)


class RevisionLineShape(Shape):
    """A revision in the list of its artefact."""

    id = serializers.IntegerField()
    href = serializers.CharField()
    number = serializers.IntegerField()
    verdict = serializers.ChoiceField(Revision.Verdict.values)
    state = serializers.ChoiceField(STATES)
    created_at = serializers.DateTimeField()
    submitted_at = serializers.DateTimeField(allow_null=True)


class ArtefactDetailShape(ArtefactShape):
    """An artefact with its last hundred revisions, the newest first, and the holds that are open."""

    holds = HoldShape(many=True)
    revisions = RevisionLineShape(many=True)


class DisposedShape(Shape):
    """That a file was disposed of: when and why, and what had kept it until then."""

    at = serializers.DateTimeField()
    reason = serializers.CharField()
    kept_until = serializers.DateTimeField()
    basis = serializers.ChoiceField(Kind.Basis.values)
    text = TitleShape()


class FileShape(Shape):
    """A file of a revision. Of a confidential one, other departments see the hash and the size."""

    position = serializers.IntegerField()
    role = serializers.ChoiceField(RevisionFile.Role.values)
    language = serializers.CharField(allow_blank=True)
    name = serializers.CharField(allow_null=True)
    sha256 = serializers.CharField()
    size = serializers.IntegerField()
    media_type = serializers.CharField()
    source_url = serializers.CharField(allow_blank=True)
    fetched_at = serializers.DateTimeField(allow_null=True)
    flags = serializers.ListField(
        child=serializers.ChoiceField(RevisionFile.Flag.values),
        allow_null=True,
        help_text="What was seen in it that its reader should know; null where it was not examined.",
    )
    href = serializers.CharField(allow_null=True)
    disposed = DisposedShape(allow_null=True, help_text="Null while the bytes are there.")


class DecisionShape(Shape):
    """What somebody decided about a revision."""

    kind = serializers.ChoiceField(Decision.Kind.values)
    by = serializers.CharField(allow_null=True)
    by_rule = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField()
    effective_at = serializers.DateTimeField()
    reason = serializers.CharField(allow_blank=True)


class RevisionShape(Shape):
    """One version of an artefact, with its files and everything decided about it."""

    id = serializers.IntegerField()
    href = serializers.CharField()
    etag = serializers.CharField(help_text="What `If-Match` of a decision names.")
    artefact = serializers.CharField()
    number = serializers.IntegerField()
    state = serializers.ChoiceField(STATES)
    verdict = serializers.ChoiceField(Revision.Verdict.values)
    covers = serializers.ListField(child=serializers.CharField())
    valid_from = serializers.DateTimeField(allow_null=True)
    valid_until = serializers.DateTimeField(allow_null=True)
    proves_from = serializers.DateTimeField(allow_null=True)
    proves_until = serializers.DateTimeField(allow_null=True)
    measures = serializers.DictField()
    subjects = serializers.DictField()
    note = serializers.CharField(allow_blank=True)
    corrects = serializers.IntegerField(allow_null=True)
    confidentiality = serializers.ChoiceField(Revision.Confidentiality.values)
    confidential_reason = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    created_by = serializers.CharField(allow_null=True)
    submitted_at = serializers.DateTimeField(allow_null=True)
    retention = RetentionShape(allow_null=True, help_text="Null of a draft.")
    legal_hold = serializers.BooleanField()
    holds = HoldShape(many=True, help_text="Those that are open, on the revision or on its artefact.")
    files = FileShape(many=True)
    decisions = DecisionShape(many=True)


class LinkShape(Shape):
    """That an artefact supports a leaf; `unlinked_at` is set once the link was taken back."""

    href = serializers.CharField()
    artefact = serializers.CharField()
    case = serializers.CharField()
    node = serializers.CharField()
    linked_at = serializers.DateTimeField()
    unlinked_at = serializers.DateTimeField(allow_null=True)
    rationale = serializers.CharField(allow_blank=True)


class NodeStatusShape(Shape):
    """A node at the moment asked for. Contexts have no status."""

    key = serializers.CharField()
    kind = serializers.ChoiceField([kind.value for kind in NodeKind])
    status = serializers.ChoiceField(STATUSES, allow_null=True)
    stands = serializers.BooleanField(allow_null=True)
    since = serializers.DateTimeField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True, help_text="When it changes if nobody does anything.")
    because = serializers.ListField(child=serializers.DictField())
    counts = serializers.DictField(child=serializers.IntegerField())
    counter_evidence = serializers.ListField(child=serializers.CharField())


class CaseStatusShape(Shape):
    """Every node of the edition in force at `at`, as far as recorded by `known`."""

    case = serializers.CharField()
    at = serializers.DateTimeField()
    known = serializers.DateTimeField()
    edition = serializers.IntegerField(allow_null=True)
    edition_sha256 = serializers.CharField(allow_blank=True)
    rules_version = serializers.IntegerField()
    checkpoint = serializers.IntegerField(
        allow_null=True, help_text="The size of the smallest checkpoint that holds all that the answer rests on."
    )
    nodes = NodeStatusShape(many=True)


class ForecastLineShape(Shape):
    """A change that comes if nobody does anything."""

    at = serializers.DateTimeField()
    node = serializers.CharField()
    kind = serializers.ChoiceField([kind.value for kind in NodeKind])
    before = serializers.ChoiceField(STATUSES)
    after = serializers.ChoiceField(STATUSES)
    because = serializers.ListField(child=serializers.DictField())


class ForecastShape(Shape):
    """The changes of the days asked for, in order of time."""

    case = serializers.CharField()
    at = serializers.DateTimeField()
    days = serializers.IntegerField()
    items = ForecastLineShape(many=True)


class ChangeShape(Shape):
    """A change of status: when it took effect, when we recorded it, and why."""

    id = serializers.IntegerField()
    node = serializers.CharField()
    before = serializers.ChoiceField(STATUSES, allow_null=True)
    after = serializers.ChoiceField(STATUSES)
    effective_at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()
    because = serializers.ListField(child=serializers.DictField())
    caused_by = serializers.CharField()
    rules_version = serializers.IntegerField()


class SubjectVersionShape(Shape):
    """The version of a subject that holds from `since` on."""

    href = serializers.CharField()
    subject = serializers.CharField()
    version = serializers.CharField()
    digest = serializers.CharField(allow_blank=True)
    since = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()


class StaleLeafShape(Shape):
    """A leaf whose status a version would change."""

    case = serializers.CharField()
    node = serializers.CharField()
    before = serializers.ChoiceField(STATUSES)
    after = serializers.ChoiceField(STATUSES)


class DryRunShape(Shape):
    """What a version would change; nothing was recorded."""

    subject = serializers.CharField()
    version = serializers.CharField()
    digest = serializers.CharField(allow_blank=True)
    since = serializers.DateTimeField()
    unchanged = serializers.BooleanField()
    stale = StaleLeafShape(many=True)


class DueItemShape(Shape):
    """Something to see to; `href` is the page where that is done."""

    key = serializers.CharField()
    kind = serializers.CharField()
    text = TitleShape()
    href = serializers.CharField()
    party = serializers.CharField()
    owner = serializers.CharField(allow_null=True)
    due_on = serializers.DateField(allow_null=True)
    opened_at = serializers.DateTimeField()
    step = serializers.IntegerField(help_text="0 the owner, 1 the department's heads, 2 management.")


class DraftShape(Shape):
    """A revision of yours that nobody submitted."""

    id = serializers.IntegerField()
    href = serializers.CharField()
    artefact = serializers.CharField()
    number = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class DueShape(Shape):
    """A page of what is due for you, and your drafts (the oldest hundred)."""

    items = DueItemShape(many=True)
    next = serializers.CharField(allow_null=True)
    known = serializers.DateTimeField()
    drafts = DraftShape(many=True)
