"""Revisions: a new one with its files, and one of them as it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dcase_audit import clock, strict_json
from dcase_audit.accounts import permissions
from dcase_audit.accounts.models import ApiToken
from dcase_audit.api_fields import Body, Moment, Sha256, Tags, Text, Whole
from dcase_audit.api_refusals import InvalidMembers, Malformed, Place
from dcase_audit.api_schema import IDEMPOTENCY, described, header
from dcase_audit.api_views import ApiView, allow, find
from dcase_audit.errors import Invalid
from evidence import idempotency, services
from evidence.api.shapes import RevisionShape
from evidence.api.showing import shown_revision
from evidence.api.uploads import FormParser, Upload
from evidence.examining import examine
from evidence.models import Artefact, Decision, LegalHold, Revision, RevisionFile
from evidence.services import FileIn
from evidence.storage import store_file

LISTS = frozenset({"covers"})
FILE, REVISION = "file", "revision"


class FileBody(Body):
    """What a file is in its revision; the files of the request are meant in their order."""

    role = serializers.ChoiceField(RevisionFile.Role.choices, default=RevisionFile.Role.MAIN)
    language = Text(max_length=10, allow_blank=True, default="")
    sha256 = Sha256(required=False, help_text="Compared with what was received.")
    source_url = serializers.URLField(
        max_length=2000, allow_blank=True, default="", help_text="Where a capture was made."
    )
    fetched_at = Moment(required=False, allow_null=True)


class SubjectsField(serializers.DictField):
    """Versions of subjects by their keys."""

    class VersionBody(Body):
        version = Text(max_length=100)
        digest = Text(max_length=200, allow_blank=True, default="")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=self.VersionBody(), **kwargs)


class RevisionBody(Body):
    """What a new revision says. Age counts from `proves_until`, of documents from `valid_from`: one is needed."""

    verdict = serializers.ChoiceField(Revision.Verdict.choices, default=Revision.Verdict.SUPPORTS)
    covers = Tags(default=list)
    valid_from = Moment(required=False, allow_null=True)
    valid_until = Moment(required=False, allow_null=True)
    proves_from = Moment(required=False, allow_null=True)
    proves_until = Moment(required=False, allow_null=True)
    measures = serializers.DictField(default=dict, help_text="Measured values by name.")
    subjects = SubjectsField(default=dict, help_text="What it was obtained on.")
    note = Text(max_length=10_000, allow_blank=True, default="")
    corrects = Whole(
        required=False, allow_null=True, min_value=1, max_value=2**31 - 1, help_text="Number of a revision."
    )
    confidentiality = serializers.ChoiceField(Revision.Confidentiality.choices, default=Revision.Confidentiality.NORMAL)
    confidential_reason = Text(max_length=300, allow_blank=True, default="")
    files = FileBody(many=True, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["confidentiality"] != Revision.Confidentiality.NORMAL and not attrs["confidential_reason"].strip():
            raise serializers.ValidationError({"confidential_reason": "Say why it is confidential."})
        return attrs


FORM = {
    "multipart/form-data": {
        "type": "object",
        "required": [FILE],
        "properties": {
            FILE: {"type": "array", "minItems": 1, "items": {"type": "string", "format": "binary"}},
            REVISION: {"type": "string", "contentMediaType": "application/json"},
        },
        "additionalProperties": False,
    }
}


class RevisionsView(ApiView):
    """The revisions of one artefact."""

    scope = ApiToken.Scope.EVIDENCE
    parser_classes = [FormParser]

    @described(
        "Add a revision with its files, as a draft",
        {201: RevisionShape},
        problems=(404, 409, 411, 413, 415, 422, 507),
        request=FORM,
        parameters=[header(**IDEMPOTENCY, description="Makes a repeat safe.")],
        description="The part `revision` holds the members of a revision as JSON; "
        "instead of it they may be fields of the form.",
        tag="evidence",
    )
    def post(self, request: Request, key: str) -> Response:
        artefact = find(Artefact.objects.visible_to(self.user), key=key)
        may_write = permissions.may_write_evidence(self.access, custodian_id=artefact.custodian_id)
        allow(may_write, "This evidence is kept by another department.")
        uploads = uploads_of(request)
        values = self.body(RevisionBody, members_of(request.POST))
        told = told_of(values.pop("files", None), uploads)
        return idempotency.answer(
            self,
            lambda: self._add(artefact, values, uploads, told),
            fields=[(name, text) for name, texts in request.POST.lists() for text in texts],
            files=[upload.sha256 for upload in uploads],
        )

    @transaction.atomic
    def _add(
        self, artefact: Artefact, values: dict[str, Any], uploads: Sequence[Upload], told: Sequence[Mapping[str, Any]]
    ) -> idempotency.Done:
        at = clock.now()
        if (number := values.pop("corrects", None)) is not None:
            values["corrects"] = artefact.revisions.filter(number=number).first()
            if values["corrects"] is None:
                raise Invalid("The artefact has no such revision.", pointer="/corrects")
        services.check_quota(artefact.custodian_id, [upload.size for upload in uploads], at=at)
        files = [file_in(upload, said, at) for upload, said in zip(uploads, told, strict=True)]
        revision = services.add_revision(artefact=artefact, actor=self.user, at=at, files=files, **values)
        uses = files_of(revision)
        return idempotency.Done(201, shown_revision(revision, uses, [], latest=revision.number, withheld=False))


class RevisionView(ApiView):
    """One revision."""

    @described("One revision; its ETag is what decisions name", {200: RevisionShape}, problems=(404,), tag="evidence")
    def get(self, request: Request, pk: int) -> Response:
        revision = find(shown_with(Revision.objects.visible_to(self.user)), pk=pk)
        return answer(revision, self)


def shown_with(rows: Any) -> Any:
    """Add what showing a revision needs."""
    return rows.select_related("artefact", "created_by", "corrects").with_kept_until()


def answer(revision: Revision, view: ApiView, *, status: int = 200) -> Response:
    """Answer with the revision as it stands, and its ETag."""
    body = shown_revision(
        revision,
        files_of(revision),
        decisions_of(revision),
        list(LegalHold.objects.on(revision).select_related("revision", "placed_by")),
        list(revision.extensions.select_related("extended_by")),
        latest=latest_of(revision),
        withheld=is_withheld(revision, view),
    )
    return Response(body, status=status, headers={"ETag": body["etag"]})


def files_of(revision: Revision) -> list[RevisionFile]:
    return list(revision.files.select_related("file").prefetch_related("file__disposals"))


def decisions_of(revision: Revision) -> list[Decision]:
    return list(revision.decisions.select_related("by"))


def latest_of(revision: Revision) -> int:
    """Return the number of the artefact's latest revision."""
    found = Revision.objects.filter(artefact=revision.artefact_id).aggregate(latest=Max("number"))
    return int(found["latest"])


def is_withheld(revision: Revision, view: ApiView) -> bool:
    """Tell whether the asker sees of the revision its hashes only."""
    confidential = revision.confidentiality != Revision.Confidentiality.NORMAL
    return confidential and revision.artefact.custodian_id not in view.access.departments


def uploads_of(request: Request) -> list[Upload]:
    """Return the files of the form.

    Raises:
        Malformed: there is none, or one under another name (400).
    """
    if unknown := sorted(set(request.FILES) - {FILE}):
        raise Malformed(f"Files come as parts named file, not {unknown[0][:80]}.")
    uploads: list[Any] = request.FILES.getlist(FILE)
    if not uploads:
        raise Malformed("There is no part named file with a file name.")
    return uploads


def members_of(form: Any) -> dict[str, Any]:
    """Return the members of a revision: those of the JSON part, or the fields of the form.

    Raises:
        StrictJSONError: the part is no JSON object (400).
        InvalidMembers: there are fields beside it, or one comes twice (422).
    """
    if REVISION not in form:
        return {name: texts if name in LISTS else _only(name, texts) for name, texts in form.lists()}
    if others := sorted(set(form) - {REVISION}):
        raise InvalidMembers(
            [Place(strict_json.pointer([name]), "Put this into the part revision.") for name in others]
        )
    data = _only(REVISION, form.getlist(REVISION)).encode()
    return strict_json.loads_object(data, limit=settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


def _only(name: str, texts: list[str]) -> str:
    if len(texts) != 1:
        raise InvalidMembers([Place(strict_json.pointer([name]), "The field comes twice.")])
    return texts[0]


def told_of(told: Sequence[Mapping[str, Any]] | None, uploads: Sequence[Upload]) -> Sequence[Mapping[str, Any]]:
    """Return what is said of each file, and compare declared digests with what was received.

    Raises:
        Invalid: more or fewer than there are files, or another digest (422).
    """
    if told is None:
        return [{} for _ in uploads]
    if len(told) != len(uploads):
        raise Invalid(f"There are {len(uploads)} files and {len(told)} entries about them.", pointer="/files")
    for index, (said, upload) in enumerate(zip(told, uploads, strict=True)):
        if said.get("sha256", upload.sha256) != upload.sha256:
            raise Invalid(f"Received was {upload.sha256}.", pointer=f"/files/{index}/sha256")
    return told


def file_in(upload: Upload, said: Mapping[str, Any], at: datetime) -> FileIn:
    """Examine and store the file, and say what it is in its revision.

    Raises:
        what ``examine`` and ``store_file`` raise (413, 415, 422, 503, 507).
    """
    flags = examine(upload.content, name=upload.name, declared=upload.media_type)
    stored = store_file(upload.content, media_type=upload.media_type, at=at)
    return FileIn(
        file=stored,
        name=upload.name,
        role=said.get("role", RevisionFile.Role.MAIN),
        language=said.get("language", ""),
        source_url=said.get("source_url", ""),
        fetched_at=said.get("fetched_at"),
        flags=flags,
    )
