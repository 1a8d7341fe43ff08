"""Plans and results."""

from __future__ import annotations

from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiExample
from rest_framework.request import Request
from rest_framework.response import Response

from dcase_audit import api_pagination, clock
from dcase_audit.accounts import permissions
from dcase_audit.accounts.models import ApiToken
from dcase_audit.api_errors import refusal_of
from dcase_audit.api_pagination import page_of, paging
from dcase_audit.api_refusals import InvalidMembers, Place
from dcase_audit.api_schema import IDEMPOTENCY, PAGING, described, header, page_shape, parameter
from dcase_audit.api_views import ApiView, AsStored, allow, find
from dcase_audit.converters import LARGEST_ID
from dcase_audit.errors import AuditError, Invalid, NotFound
from dcase_audit.strict_json import pointer
from drills import services
from drills.api.shapes import (
    JSON,
    DrillDetailShape,
    DrillShape,
    ReceiptShape,
    ResultShape,
    receipt,
    shown_drill,
    shown_occurrence,
    shown_result,
)
from drills.importers import IMPORTERS
from drills.models import Drill, DrillResult, Occurrence
from evidence import idempotency
from evidence.api.files import BYTES, RANGES, download
from evidence.api.revisions import uploads_of
from evidence.api.uploads import FormParser, OneFileParser, Upload

MOST_OCCURRENCES = 100
FIELDS = frozenset({"format", "sha256", "occurrence"})

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
    "application/json": {"type": "object", "description": "A result in the native format, dcase-drill/1."},
    "multipart/form-data": {
        "type": "object",
        "required": ["file"],
        "properties": {
            "file": {"type": "string", "format": "binary"},
            "format": {"type": "string", "enum": sorted(IMPORTERS), "default": "native"},
            "sha256": {"type": "string", "pattern": "^[0-9a-fA-F]{64}$"},
            "occurrence": {"type": "string", "pattern": "^[0-9]{1,19}$"},
        },
        "additionalProperties": False,
    },
}


class DrillsView(ApiView):
    """The drills that the asker sees."""

    parameters = api_pagination.PARAMETERS

    @described("Drills by key", {200: page_shape(DrillShape)}, parameters=PAGING, tag="drills", operation="drills_list")
    def get(self, request: Request) -> Response:
        page = paging(self, known=clock.now())
        rows = Drill.objects.visible_to(self.user).select_related("department", "artefact")
        return page.answer(list(page_of(rows, ("key", "pk"), page)), lambda drill: [drill.key, drill.pk], shown_list)


class DrillView(ApiView):
    """One drill."""

    @described("One drill with its occurrences", {200: DrillDetailShape}, problems=(404,), tag="drills")
    def get(self, request: Request, key: str) -> Response:
        drill = find(Drill.objects.visible_to(self.user).select_related("department", "artefact"), key=key)
        occurrences = drill.occurrences.order_by("-planned_at")[:MOST_OCCURRENCES]
        return Response({**shown_list([drill])[0], "occurrences": [shown_occurrence(each) for each in occurrences]})


def shown_list(drills: list[Drill]) -> list[JSON]:
    """Show drills with their next planned occurrences, in one query."""
    planned = Occurrence.objects.filter(drill__in=drills, state=Occurrence.State.PLANNED, planned_at__gte=clock.now())
    following = {each.drill_id: each for each in planned.order_by("drill_id", "planned_at").distinct("drill_id")}
    return [shown_drill(drill, following.get(drill.pk)) for drill in drills]


class DrillResultsView(ApiView):
    """What came out of one drill."""

    scope = ApiToken.Scope.DRILLS
    parser_classes = [OneFileParser, FormParser]
    parameters = FIELDS

    @described(
        "Upload a result",
        {201: ReceiptShape},
        problems=(404, 409, 411, 413, 415, 422, 507),
        request=UPLOAD,
        parameters=[
            header(**IDEMPOTENCY, description="Makes a repeat safe.", required=True),
            parameter("format", "Of a JSON body.", enum=sorted(IMPORTERS), default="native"),
            parameter("sha256", "SHA-256 of a JSON body, compared with what was received."),
            parameter("occurrence", "Number of the occurrence that a JSON body reports."),
        ],
        examples=[OpenApiExample("A passed drill", SAMPLE, request_only=True, media_type="application/json")],
        description="A JSON body is the result itself; of a form, the part `file` is. Refusals are kept on record.",
        tag="drills",
    )
    def post(self, request: Request, key: str) -> Response:
        drill = find(Drill.objects.visible_to(self.user).select_related("department", "artefact"), key=key)
        may_upload = permissions.may_upload_drill_results(self.access, department_id=drill.department_id)
        allow(may_upload, "This drill is another department's.")
        if idempotency.key_of(self) is None:
            raise idempotency.KeyMissing()
        upload: Upload | None = None
        try:
            upload = only_file(request)
            fields = self._fields()
            return self._once(drill, upload, fields)
        except Exception as error:
            if refusal := refusal_of(error):
                self._note(drill, refusal, upload)
            raise

    def _fields(self) -> dict[str, str]:
        """Return what is said beside the file: in the form, or in the query where the body is the file.

        Raises:
            InvalidMembers: (422).
        """
        form, query = self.request.POST, self.request.query_params
        given = [(name, text) for source in (form, query) for name, texts in source.lists() for text in texts]
        fields = dict(given)
        places = [Place(pointer([name]), "There is no such field.") for name in fields if name not in FIELDS]
        if places or len(fields) < len(given):
            raise InvalidMembers(places or [Place("", "A field comes twice.")])
        return fields

    def _once(self, drill: Drill, upload: Upload, fields: dict[str, str]) -> Response:
        return idempotency.answer(
            self,
            lambda: self._record(drill, upload, fields),
            fields=fields.items(),
            files=[upload.sha256],
            required=True,
        )

    def _record(self, drill: Drill, upload: Upload, fields: dict[str, str]) -> idempotency.Done:
        result = services.record_result(
            drill=drill,
            actor=self.user,
            at=clock.now(),
            data=upload.content,
            name=upload.name,
            media_type=upload.media_type,
            format=fields.get("format", "native"),
            through=self.through,
            occurrence=occurrence_of(drill, fields.get("occurrence")),
            sha256=fields.get("sha256"),
        )
        return idempotency.Done(201, receipt(result))

    def _note(self, drill: Drill, refusal: AuditError, upload: Upload | None) -> None:
        """Keep on record that an upload was refused; protocol slips of a sender that tries again are none."""
        if isinstance(refusal, idempotency.StillRunning | idempotency.KeyReused) or refusal.status >= 500:
            return
        sha256 = upload.sha256 if upload else ""
        services.record_refusal(
            drill=drill, actor=self.user, at=clock.now(), through=self.through, refusal=refusal, sha256=sha256
        )


def only_file(request: Request) -> Upload:
    """Return the one file of the request.

    Raises:
        Malformed: there is none (400). InvalidMembers: there are several (422).
    """
    uploads = uploads_of(request)
    if len(uploads) > 1:
        raise InvalidMembers([Place("/file", "A result is one file.")])
    return uploads[0]


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


class DrillResultView(ApiView):
    """One result."""

    @described("A result as it was read", {200: ResultShape}, problems=(404,), tag="drills")
    def get(self, request: Request, pk: int) -> Response:
        rows = DrillResult.objects.visible_to(self.user)
        rows = rows.select_related("drill", "occurrence", "revision__artefact", "raw", "received_from")
        result = find(rows, pk=pk)
        return Response(shown_result(result, list(result.check_items.all())))


class DrillResultRawView(ApiView):
    """The bytes of one result."""

    content_negotiation_class = AsStored

    @described(
        "The bytes of a result as they were received",
        BYTES,
        problems=(404, 410, 416),
        parameters=RANGES,
        tag="drills",
    )
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        result = find(DrillResult.objects.visible_to(self.user).select_related("raw"), pk=pk)
        use = find(result.revision.files.all(), file=result.raw)
        return download(request, result.raw, name=use.name)
