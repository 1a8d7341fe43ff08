"""Artefacts: the list, one of them, and a new one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dcase_audit import api_pagination, clock
from dcase_audit.accounts import permissions
from dcase_audit.accounts.models import ApiToken, Party, User
from dcase_audit.api_fields import Body, InBothLanguages, Key, Text
from dcase_audit.api_pagination import page_of, paging
from dcase_audit.api_schema import IDEMPOTENCY, PAGING, described, header, page_shape, parameter
from dcase_audit.api_views import ApiView, allow, find
from dcase_audit.calendars import durations
from dcase_audit.cases.models import Case
from dcase_audit.cases.words import Status
from dcase_audit.errors import Invalid
from dcase_audit.moments import say
from evidence import idempotency, services
from evidence.api.shapes import STATUSES, ArtefactDetailShape, ArtefactShape
from evidence.api.showing import JSON, shown_artefact, shown_hold, shown_line
from evidence.models import FAR, Artefact, Kind, LegalHold, Revision, Support

ORDER = ("standing__due_at", "standing__artefact_id")
MOST_REVISIONS = 100
SHOWN = (
    "key",
    "title_ja",
    "title_en",
    "review_interval",
    "created_at",
    "kind__key",
    "custodian__key",
    "owner__username",
    "standing__state",
    "standing__warn_at",
    "standing__due_at",
    "standing__revision__number",
)
FILTERS = frozenset({"status", "department", "kind", "case", "q"})


class DurationText(Text):
    """An ISO 8601 duration, or nothing."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=40, allow_blank=True, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        try:
            durations.parse_or_none(text)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None
        return text


class ArtefactBody(Body):
    """A new artefact. `owner` is a member of the department that keeps it; left out, you."""

    kind = Key(max_length=60, help_text="Key of the kind of evidence.")
    key = Key(help_text="Lasting name of the artefact, unique in the installation.")
    title = InBothLanguages()
    custodian = Key(max_length=60, help_text="Key of the department that keeps it.")
    owner = Key(max_length=60, required=False, allow_null=True)
    review_interval = DurationText(default="", help_text="ISO 8601 duration, such as P1Y.")


NIGHT_RULE = {
    "kind": "rule",
    "key": "night-recovery-rule",
    "title": {"ja": "夜間復旧手順", "en": "Night recovery rule"},
    "custodian": "it-service",
    "review_interval": "P1Y",
}


class ArtefactsView(ApiView):
    """The artefacts that the asker sees."""

    scope = ApiToken.Scope.EVIDENCE
    parameters = api_pagination.PARAMETERS | FILTERS

    @described(
        "Artefacts, what ends first coming first",
        {200: page_shape(ArtefactShape)},
        parameters=[
            *PAGING,
            parameter("status", "Only artefacts in this status.", enum=STATUSES),
            parameter("department", "Only artefacts that the party with this key keeps."),
            parameter("kind", "Only artefacts of the kind with this key."),
            parameter("case", "Only artefacts that support a node of the case with this slug."),
            parameter("q", "Only artefacts whose titles or key hold this text, whatever its width and case."),
        ],
        tag="evidence",
        operation="artefacts_list",
    )
    def get(self, request: Request) -> Response:
        page = paging(self, known=clock.now())
        rows = Artefact.objects.visible_to(self.user).filter(created_at__lte=page.known, standing__isnull=False)
        if not self.access.audits:
            # Says again what the line above says, in the words of the index that the order comes from.
            rows = rows.filter(standing__department__in=self.access.departments)
        found = list(page_of(shown_with(self._filtered(rows, page.known)), ORDER, page))
        return page.answer(found, _position, lambda artefacts: shown_list(artefacts, self.user, at=page.known))

    def _filtered(self, rows: QuerySet[Artefact], at: datetime) -> QuerySet[Artefact]:
        given = self.request.query_params
        if status := self.choice("status", STATUSES):
            rows = _within(rows.in_standing(status, at=at), Status.of(status), at)  # type: ignore[attr-defined]
        # Rows are looked up by number, which tells the planner how many there will be.
        if department := given.get("department"):
            rows = rows.filter(standing__department=_number(Party.objects.filter(key=department)))
        if kind := given.get("kind"):
            rows = rows.filter(kind=_number(Kind.objects.filter(key=kind)))
        if slug := given.get("case"):
            case = _number(Case.objects.visible_to(self.user).filter(slug=slug))
            rows = rows.filter(pk__in=Support.objects.open().filter(case=case).values("artefact"))
        if text := given.get("q"):
            rows = rows.matching(text)  # type: ignore[attr-defined]
        return rows

    @described(
        "Add an artefact",
        {201: ArtefactShape},
        problems=(409, 411, 413, 415, 422),
        request=ArtefactBody,
        parameters=[header(**IDEMPOTENCY, description="Makes a repeat safe.")],
        examples=[OpenApiExample("A rule", NIGHT_RULE, request_only=True)],
        tag="evidence",
    )
    def post(self, request: Request) -> Response:
        values = self.body(ArtefactBody)
        fields = idempotency.members_of(self)
        return idempotency.answer(self, lambda: self._create(values), fields=fields)

    def _create(self, values: dict[str, Any]) -> idempotency.Done:
        custodian = _named(Party.objects.filter(key=values["custodian"]).only("key"), "/custodian")
        # Who is a member of it is no business of other departments.
        may_write = permissions.may_write_evidence(self.access, custodian_id=custodian.pk)
        allow(may_write, "This evidence is kept by another department.")
        artefact = services.create_artefact(
            kind=_named(Kind.objects.filter(key=values["kind"]).only("key"), "/kind"),
            key=values["key"],
            title_ja=values["title"]["ja"],
            title_en=values["title"]["en"],
            custodian=custodian,
            owner=self._owner(values.get("owner"), custodian),
            review_interval=values["review_interval"],
            actor=self.user,
            at=clock.now(),
        )
        return idempotency.Done(201, shown_artefact(artefact, [], held=False, at=clock.now()))

    def _owner(self, name: str | None, custodian: Party) -> User:
        if name in {None, self.user.username}:
            return self.user
        members = User.objects.members_of([custodian.pk], at=clock.now())
        owner: User = _named(members.filter(username=name), "/owner")
        return owner


class ArtefactView(ApiView):
    """One artefact."""

    @described("One artefact with its revisions", {200: ArtefactDetailShape}, problems=(404,), tag="evidence")
    def get(self, request: Request, key: str) -> Response:
        now = clock.now()
        artefact = find(shown_with(Artefact.objects.visible_to(self.user)), key=key)
        revisions = Revision.objects.visible_to(self.user).filter(artefact=artefact).prefetch_related("decisions")
        lines = [
            shown_line(revision, list(revision.decisions.all()))
            for revision in revisions.order_by("-number")[:MOST_REVISIONS]
        ]
        open_ = LegalHold.objects.open().filter(artefact=artefact).select_related("revision", "placed_by")
        holds = [shown_hold(hold, artefact) for hold in open_]
        return Response({**shown_list([artefact], self.user, at=now)[0], "holds": holds, "revisions": lines})


def shown_with(rows: QuerySet[Artefact]) -> QuerySet[Artefact]:
    """Add what showing an artefact needs, and no more."""
    related = rows.select_related("kind", "custodian", "owner", "standing__revision")
    return related.with_hold().only(*SHOWN)  # type: ignore[attr-defined,no-any-return]


def shown_list(artefacts: Sequence[Artefact], user: User, *, at: datetime) -> list[JSON]:
    """Show artefacts with what they support of the cases that ``user`` sees, in one query."""
    found = Support.objects.open().filter(artefact__in=artefacts, case__in=Case.objects.visible_to(user))
    supports: dict[int, list[Support]] = {artefact.pk: [] for artefact in artefacts}
    linked = found.select_related("case", "node").only("artefact", "linked_at", "rationale", "case__slug", "node__key")
    for support in linked.order_by("pk"):
        supports[support.artefact_id].append(support)
    return [
        shown_artefact(artefact, supports[artefact.pk], held=artefact.is_held, at=at)  # type: ignore[attr-defined]
        for artefact in artefacts
    ]


def _position(artefact: Artefact) -> list[Any]:
    return [say(artefact.standing.due_at), artefact.pk]


def _within(rows: QuerySet[Artefact], status: Status, at: datetime) -> QuerySet[Artefact]:
    """Say where in the order the status begins; only what is or was supported ends at all."""
    if status in {Status.SUPPORTED, Status.EXPIRING}:
        return rows.filter(standing__due_at__gt=at)
    return rows if status is Status.EXPIRED else rows.filter(standing__due_at=FAR)


def _number(rows: QuerySet[Any]) -> int:
    """Return the number of the one row, or one that no row has."""
    found: int | None = rows.values_list("pk", flat=True).first()
    return found or 0


def _named(rows: QuerySet[Any], pointer: str) -> Any:
    """Return the one row that a body names, or refuse the name."""
    found = next(iter(rows.order_by()), None)
    if found is None:
        raise Invalid("There is none with this key.", pointer=pointer)
    return found
