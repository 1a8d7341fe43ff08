"""Results come in, each with what belongs beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample
from rest_framework.request import Request
from rest_framework.response import Response

from dcase_audit import clock, moments
from dcase_audit.accounts import permissions
from dcase_audit.accounts.models import ApiToken
from dcase_audit.api_errors import refusal_of
from dcase_audit.api_refusals import InvalidMembers, Malformed, Place
from dcase_audit.api_schema import IDEMPOTENCY, described, header, parameter
from dcase_audit.api_views import ApiView, allow, find
from dcase_audit.converters import LARGEST_ID
from dcase_audit.errors import Invalid, NotFound
from dcase_audit.strict_json import pointer
from drills import services
from drills.api.shapes import ReceiptShape, new_receipts
from drills.formats import IMPORTERS, native
from drills.models import Drill, Occurrence
from evidence import idempotency
from evidence.api.uploads import FormParser, OneFileParser, Upload

FIELDS = frozenset({"format", "sha256", "occurrence", "started_at", "ended_at"})
FILE, ATTACHMENT, ATTACHMENT_SHA256 = "file", "attachment", "attachment_sha256"
MOST_ATTACHMENTS = 20
MOMENT = {"type": "string", "format": "date-time"}

SAMPLE = {
    "schema": "dcase-drill/1",
    "started_at": "2026-11-20T01:00:00+09:00",
    "ended_at": "2026-11-20T01:40:00+09:00",
    "check_items": [{"text": "予備系へ切り替わる", "result": "pass"}],
    "measures": [{"measure": "switch_over_confirmed", "value": "PT12M"}],
    "covers": ["night"],
    "subjects": {"failover-setting": {"version": "on"}},
}
UPLOAD = {
    "application/json": {
        "type": "object",
        "description": "A result in the native format, dcase-drill/2 or /1, or `format`.",
    },
    "application/xml": {"type": "string", "description": "JUnit XML."},
    "text/xml": {"type": "string", "description": "JUnit XML."},
    "multipart/form-data": {
        "type": "object",
        "required": ["file"],
        "properties": {
            "file": {"type": "string", "format": "binary"},
            "format": {"type": "string", "enum": sorted(IMPORTERS), "default": native.FORMAT},
            "sha256": {"type": "string", "pattern": "^[0-9a-fA-F]{64}$"},
            "occurrence": {"type": "string", "pattern": "^[0-9]{1,19}$"},
            "started_at": MOMENT,
            "ended_at": MOMENT,
            ATTACHMENT: {
                "type": "array",
                "maxItems": MOST_ATTACHMENTS,
                "items": {"type": "string", "format": "binary"},
                "description": "Files beside the result, such as logs; with it they have at most UPLOAD_LIMIT bytes.",
            },
            ATTACHMENT_SHA256: {
                "type": "array",
                "items": {"type": "string", "pattern": "^[0-9a-fA-F]{64}$"},
                "description": "Of each attachment, in their order.",
            },
        },
        "additionalProperties": False,
    },
}


class XmlParser(OneFileParser):
    """Take an XML body as a file."""

    media_type = "application/xml"
    file_name = "result.xml"


class TextXmlParser(XmlParser):
    media_type = "text/xml"


class DrillResultsView(ApiView):
    """What came out of one drill."""

    scope = ApiToken.Scope.DRILLS
    parser_classes = [OneFileParser, XmlParser, TextXmlParser, FormParser]
    parameters = FIELDS

    @described(
        "Upload a result",
        {201: ReceiptShape},
        problems=(404, 409, 411, 413, 415, 422, 507),
        request=UPLOAD,
        parameters=[
            header(**IDEMPOTENCY, description="Makes a repeat safe.", required=True),
            parameter("format", "Of the body; without it JSON is native and XML is JUnit.", enum=sorted(IMPORTERS)),
            parameter("sha256", "SHA-256 of the body, compared with what was received."),
            parameter("occurrence", "Number of the occurrence that the body reports."),
            parameter(
                "started_at", "When the drill started, where the body does not settle it.", OpenApiTypes.DATETIME
            ),
            parameter("ended_at", "When it ended; stated together with `started_at`.", OpenApiTypes.DATETIME),
        ],
        examples=[OpenApiExample("A passed drill", SAMPLE, request_only=True, media_type="application/json")],
        description="A JSON or XML body is the result; of a form, the part `file` is. Refusals are kept on record.",
        tag="drills",
    )
    def post(self, request: Request, key: str) -> Response:
        drill = find(Drill.objects.visible_to(self.user).select_related("artefact__custodian"), key=key)
        may_upload = permissions.may_upload_drill_results(self.access, department_id=drill.department_id)
        allow(may_upload, "This drill is another department's.")
        if idempotency.key_of(self) is None:
            raise idempotency.KeyMissing()
        upload: Upload | None = None
        try:
            upload, attachments = files_of(request)
            fields = self._fields()
            check_declared(request.POST.getlist(ATTACHMENT_SHA256), attachments)
            return self._once(drill, upload, attachments, fields)
        except Exception as error:
            if refusal := refusal_of(error):
                sha256 = upload.sha256 if upload else ""
                note(self, [services.Refused(drill, refusal, sha256)])
            raise

    def _fields(self) -> dict[str, str]:
        """Return what is said beside the file: in the form, or in the query where the body is the file.

        Raises:
            InvalidMembers: (422).
        """
        form, query = self.request.POST, self.request.query_params
        given = [
            (name, text)
            for source in (form, query)
            for name, texts in source.lists()
            for text in texts
            if (name, source) != (ATTACHMENT_SHA256, form)
        ]
        fields = dict(given)
        places = [Place(pointer([name]), "There is no such field.") for name in fields if name not in FIELDS]
        if places or len(fields) < len(given):
            raise InvalidMembers(places or [Place("", "A field comes twice.")])
        return fields

    def _usual_format(self) -> str:
        """Return the format that a body of this media type has if nothing is said about it."""
        media_type = self.request.content_type.partition(";")[0].strip().lower()
        return "junit" if media_type in {XmlParser.media_type, TextXmlParser.media_type} else native.FORMAT

    def _once(self, drill: Drill, upload: Upload, attachments: list[Upload], fields: dict[str, str]) -> Response:
        return idempotency.answer(
            self,
            lambda: self._record(drill, upload, attachments, fields),
            fields=fields.items(),
            files=[each.sha256 for each in (upload, *attachments)],
            required=True,
        )

    def _record(
        self, drill: Drill, upload: Upload, attachments: list[Upload], fields: dict[str, str]
    ) -> idempotency.Done:
        result = services.record_result(
            drill=drill,
            actor=self.user,
            at=clock.now(),
            data=upload.content,
            name=upload.name,
            media_type=upload.media_type,
            format=fields.get("format") or self._usual_format(),
            through=self.through,
            occurrence=occurrence_of(drill, fields.get("occurrence")),
            sha256=fields.get("sha256"),
            started_at=stated(fields, "started_at"),
            ended_at=stated(fields, "ended_at"),
            attachments=[
                services.Attachment(each.content, each.size, each.name, each.media_type) for each in attachments
            ],
        )
        [receipt] = new_receipts([result], has_attachments=bool(attachments))
        return idempotency.Done(201, receipt)


def note(view: ApiView, refused: Iterable[services.Refused]) -> None:
    """Keep on record that uploads were refused; protocol slips of a sender that tries again are none."""
    slips = idempotency.StillRunning | idempotency.KeyReused
    noted = [one for one in refused if not isinstance(one.refusal, slips) and one.refusal.status < 500]
    if noted:
        services.record_refusals(noted, actor=view.user, at=clock.now(), through=view.through)


def files_of(request: Request) -> tuple[Upload, list[Upload]]:
    """Return the result of the request, and what comes beside it.

    Raises:
        Malformed: there is no result, or a file under another name (400).
        InvalidMembers: there are several results, or too many attachments (422).
    """
    if unknown := sorted(set(request.FILES) - {FILE, ATTACHMENT}):
        raise Malformed(f"Files come as parts named file and attachment, not {unknown[0][:80]}.")
    results: list[Any] = request.FILES.getlist(FILE)
    attachments: list[Any] = request.FILES.getlist(ATTACHMENT)
    if not results:
        raise Malformed("There is no part named file with a file name.")
    if len(results) > 1:
        raise InvalidMembers([Place("/file", "A result is one file; what belongs beside it is an attachment.")])
    if len(attachments) > MOST_ATTACHMENTS:
        raise InvalidMembers([Place("/attachment", f"A result has at most {MOST_ATTACHMENTS} attachments.")])
    return results[0], attachments


def check_declared(declared: Sequence[str], attachments: Sequence[Upload]) -> None:
    """Compare the digests that the sender names of attachments, if any, with what was received.

    Raises:
        Invalid: more or fewer than there are attachments (422). DigestDiffers: (422).
    """
    if not declared:
        return
    if len(declared) != len(attachments):
        text = f"There are {len(attachments)} attachments and {len(declared)} digests."
        raise Invalid(text, pointer=pointer([ATTACHMENT_SHA256]))
    for index, (said, upload) in enumerate(zip(declared, attachments, strict=True)):
        if said.lower() != upload.sha256:
            text = f"Declared was {said[:64]}, received {upload.sha256}."
            raise services.DigestDiffers(text, pointer=pointer([ATTACHMENT_SHA256, index]))


def occurrence_of(drill: Drill, text: str | None) -> Occurrence | None:
    """Return the occurrence with the number ``text``.

    Raises:
        Invalid: it is no number (422). NotFound: the drill has no such occurrence (404).
    """
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise Invalid("The number of an occurrence is expected.", pointer="/occurrence")
    found = drill.occurrences.filter(pk=int(text)).first() if int(text) <= LARGEST_ID else None
    if found is None:
        raise NotFound("This drill has no such occurrence.", pointer="/occurrence")
    return found


def stated(fields: dict[str, str], name: str) -> datetime | None:
    """Return the moment that the sender states beside the file.

    Raises:
        Invalid: it is no time with a zone (422).
    """
    if name not in fields:
        return None
    try:
        return moments.parse_parameter(fields[name])
    except ValueError as error:
        raise Invalid(str(error), pointer=pointer([name])) from None
