"""Plans and results."""

from __future__ import annotations

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from dcase_audit import api_pagination, clock
from dcase_audit.accounts.models import User
from dcase_audit.api_pagination import page_of, paging
from dcase_audit.api_schema import PAGING, described, page_shape
from dcase_audit.api_views import ApiView, AsStored, find
from dcase_audit.cases.labels import Labels, in_language
from dcase_audit.cases.models import Case
from drills.api.shapes import (
    JSON,
    DrillDetailShape,
    DrillShape,
    FormatsShape,
    ResultShape,
    shown_drill,
    shown_format,
    shown_occurrence,
    shown_result,
)
from drills.formats import IMPORTERS, native
from drills.models import Drill, DrillResult, Occurrence
from evidence.api.files import BYTES, RANGES, download
from evidence.models import Support

MOST_OCCURRENCES = 100


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
        rows = Drill.objects.visible_to(self.user).select_related("department", "artefact")
        drill = find(rows.annotate(case_labels=labels_for(self.user)), key=key)
        occurrences = drill.occurrences.select_related("cancelled_by").order_by("-planned_at")[:MOST_OCCURRENCES]
        return Response(
            {
                **shown_list([drill])[0],
                "labels": labels_of(drill, drill.case_labels),  # type: ignore[attr-defined]
                "occurrences": [shown_occurrence(each) for each in occurrences],
            }
        )


def shown_list(drills: list[Drill]) -> list[JSON]:
    """Show drills with their next planned occurrences, in one query."""
    planned = Occurrence.objects.filter(drill__in=drills, state=Occurrence.State.PLANNED, planned_at__gte=clock.now())
    following = {each.drill_id: each for each in planned.order_by("drill_id", "planned_at").distinct("drill_id")}
    return [shown_drill(drill, following.get(drill.pk)) for drill in drills]


def labels_for(user: User) -> ArraySubquery:
    """Return, of a drill, the labels of the cases that it serves and the user sees, those of the oldest case last."""
    served = Support.objects.filter(artefact=OuterRef(OuterRef("artefact"))).values("case")
    return ArraySubquery(Case.objects.visible_to(user).filter(pk__in=served).order_by("-pk").values("labels"))


def labels_of(drill: Drill, case_labels: list[Labels]) -> dict[str, dict[str, str]]:
    """Return what the keys of the drill are called in each language, as the cases that it serves have it."""
    keys = {
        *drill.covers,
        *(str(target[name]) for target in drill.targets for name in ("measure", "class") if name in target),
    }
    texts: dict[str, dict[str, str]] = {"ja": {}, "en": {}}
    for labels in case_labels:
        for language, said in texts.items():
            said |= in_language(labels, language)
    found = {key: {language: of[key] for language, of in texts.items() if key in of} for key in sorted(keys)}
    return {key: of for key, of in found.items() if of}


class DrillFormatsView(ApiView):
    """What results may come in."""

    scope_to_read = None

    @described("The formats of results", {200: FormatsShape}, tag="drills")
    def get(self, request: Request) -> Response:
        return Response({"items": [shown_format(*each) for each in IMPORTERS.items()]})


class NativeFormatView(ApiView):
    """The native format for machines."""

    scope_to_read = None

    @described(
        "The JSON Schema (2020-12) of the native format, whose versions are all taken",
        {200: OpenApiTypes.OBJECT},
        tag="drills",
    )
    def get(self, request: Request) -> Response:
        return Response(native.json_schema())


class DrillResultView(ApiView):
    """One result."""

    @described("A result as it was read", {200: ResultShape}, problems=(404,), tag="drills")
    def get(self, request: Request, pk: int) -> Response:
        rows = DrillResult.objects.visible_to(self.user)
        rows = rows.select_related(
            "drill", "occurrence", "revision__artefact", "raw", "received_from", "signer__party", "rule__drill"
        )
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
