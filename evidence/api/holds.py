"""What keeps evidence: legal holds, which are placed and released, and retentions, which are only extended."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dcase_audit import api_pagination, clock
from dcase_audit.accounts.models import ApiToken
from dcase_audit.api_fields import Body, InBothLanguages, Moment, Text, Whole
from dcase_audit.api_pagination import page_of, paging
from dcase_audit.api_schema import IDEMPOTENCY, PAGING, described, header, page_shape, parameter
from dcase_audit.api_views import ApiView, allow, find
from dcase_audit.errors import Invalid
from dcase_audit.moments import say
from evidence import idempotency, services
from evidence.api.revisions import answer, shown_with
from evidence.api.shapes import HoldShape, RevisionShape
from evidence.api.showing import JSON, shown_hold
from evidence.models import Artefact, HoldRelease, Kind, LegalHold, Revision
from evidence.services.custody import may_keep

ORDER = ("placed_at", "pk")
OPEN, RELEASED = "open", "released"
NOT_YOURS = "The head of the department that keeps it decides on this, or management."


class HoldBody(Body):
    """Why something is held; `revision` is the number of one, left out: the artefact with all its revisions."""

    reason = Text(max_length=4000)
    revision = Whole(required=False, allow_null=True, min_value=1, max_value=2**31 - 1)


class ReleaseBody(Body):
    """Why a hold ends."""

    reason = Text(max_length=4000)


class ExtensionBody(Body):
    """Until when a revision is kept at least, and which law, contract or rule asks for it."""

    until = Moment()
    basis = serializers.ChoiceField(Kind.Basis.values)
    text = InBothLanguages()


class HoldsView(ApiView):
    """The holds that the asker sees."""

    parameters = api_pagination.PARAMETERS | {"state"}

    @described(
        "Legal holds in the order in which they were placed",
        {200: page_shape(HoldShape)},
        parameters=[*PAGING, parameter("state", "Only holds in this state.", enum=[OPEN, RELEASED])],
        tag="holds",
        operation="holds_list",
    )
    def get(self, request: Request) -> Response:
        page = paging(self, known=clock.now())
        rows = LegalHold.objects.visible_to(self.user).filter(placed_at__lte=page.known)
        if state := self.choice("state", (OPEN, RELEASED)):
            rows = rows.filter(release__isnull=state == OPEN)
        return page.answer(list(page_of(_with_all(rows), ORDER, page)), _position, lambda holds: [*map(_shown, holds)])


class HoldView(ApiView):
    """One hold."""

    @described("One legal hold", {200: HoldShape}, problems=(404,), tag="holds")
    def get(self, request: Request, pk: int) -> Response:
        return Response(_shown(_found(self, pk)))


class ArtefactHoldsView(ApiView):
    """The holds of one artefact."""

    scope = ApiToken.Scope.EVIDENCE

    @described(
        "Place a legal hold on an artefact, or on one of its revisions",
        {201: HoldShape},
        problems=(404, 409, 411, 413, 415, 422),
        request=HoldBody,
        parameters=[header(**IDEMPOTENCY, description="Makes a repeat safe.")],
        description="For the head of the department that keeps it and for management. Nothing that is on hold is "
        "disposed of or forgotten, whatever its retention says.",
        tag="holds",
    )
    def post(self, request: Request, key: str) -> Response:
        artefact = find(Artefact.objects.known_to(self.user), key=key)
        allow(may_keep(self.user, artefact), NOT_YOURS)
        values = self.body(HoldBody)
        fields = idempotency.members_of(self)
        return idempotency.answer(self, lambda: self._place(artefact, **values), fields=fields)

    def _place(self, artefact: Artefact, reason: str, revision: int | None = None) -> idempotency.Done:
        held = artefact.revisions.filter(number=revision).first() if revision is not None else None
        if revision is not None and held is None:
            raise Invalid("The artefact has no such revision.", pointer="/revision")
        hold = services.place_hold(artefact=artefact, revision=held, actor=self.user, at=clock.now(), reason=reason)
        return idempotency.Done(201, shown_hold(hold, artefact))


class HoldReleaseView(ApiView):
    """The end of one hold."""

    scope = ApiToken.Scope.EVIDENCE

    @described(
        "Release a legal hold",
        {200: HoldShape, 201: HoldShape},
        problems=(404, 409, 411, 413, 415, 422),
        request=ReleaseBody,
        description="Another person than the one who placed it does this; the retention stays what it is. A repeat by "
        "the same person is answered with 200.",
        tag="holds",
    )
    def post(self, request: Request, pk: int) -> Response:
        hold = _found(self, pk)
        allow(may_keep(self.user, hold.artefact), NOT_YOURS)
        values = self.body(ReleaseBody)
        with transaction.atomic():
            # Of several requests at once, one releases it; the others are repeats.
            Artefact.objects.select_for_update(no_key=True).get(pk=hold.artefact_id)
            is_repeat = HoldRelease.objects.filter(hold=hold).exists()
            services.release_hold(hold=hold, actor=self.user, at=clock.now(), **values)
        return Response(_shown(_found(self, pk)), status=200 if is_repeat else 201)


class RetentionView(ApiView):
    """How long one revision is kept."""

    scope = ApiToken.Scope.EVIDENCE

    @described(
        "Keep a revision longer",
        {201: RevisionShape},
        problems=(404, 409, 411, 413, 415, 422),
        request=ExtensionBody,
        description="For the head of the department that keeps it and for management. A retention is only extended: "
        "409 where the revision is kept that long already.",
        tag="holds",
    )
    def post(self, request: Request, pk: int) -> Response:
        seen = shown_with(Revision.objects.visible_to(self.user))
        revision = find(seen, pk=pk)
        allow(may_keep(self.user, revision.artefact), NOT_YOURS)
        values = self.body(ExtensionBody)
        text = values.pop("text")
        services.extend_retention(
            revision=revision, text_ja=text["ja"], text_en=text["en"], actor=self.user, at=clock.now(), **values
        )
        return answer(find(seen.all(), pk=pk), self, status=201)


def _found(view: ApiView, pk: int) -> LegalHold:
    return find(_with_all(LegalHold.objects.visible_to(view.user)), pk=pk)


def _with_all(rows: QuerySet[LegalHold]) -> QuerySet[LegalHold]:
    return rows.select_related("artefact", "revision", "placed_by", "release__released_by")


def _release_of(hold: LegalHold) -> HoldRelease | None:
    return getattr(hold, "release", None)


def _shown(hold: LegalHold) -> JSON:
    return shown_hold(hold, hold.artefact, _release_of(hold))


def _position(hold: LegalHold) -> list[Any]:
    return [say(hold.placed_at), hold.pk]
