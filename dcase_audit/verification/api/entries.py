"""The entries of the log, the latest first."""

from __future__ import annotations

import base64
import re
from typing import Any

from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dcase_audit import api_pagination, clock
from dcase_audit.api_pagination import page_of, paging
from dcase_audit.api_refusals import BadParameter
from dcase_audit.api_schema import PAGING, Shape, described, page_shape, parameter
from dcase_audit.api_views import ApiView, find
from dcase_audit.cases.models import Case
from dcase_audit.moments import say
from dcase_audit.verification.actors import Actors
from dcase_audit.verification.disclosing import Disclosing
from dcase_audit.verification.models import Entry
from evidence.api.showing import ROOT, username

OBJECT, KIND, ACTOR = (
    re.compile(pattern, re.ASCII) for pattern in (r"[!-~]{1,200}", r"[a-z_]+(\.[a-z_]+)?", r"[!-~]{1,200}")
)


class EntryShape(Shape):
    """An entry: its leaf, and the fields that the asker may see."""

    seq = serializers.IntegerField(help_text="Its index in the log, from 0.")
    at = serializers.DateTimeField(help_text="When the database wrote the event.")
    kind = serializers.CharField(help_text="`insert`, `update`, `delete`, `baseline`, `shape`; or what happened.")
    source = serializers.CharField(help_text="`row`: copied by the database; `app`: said by the application.")  # type: ignore[assignment]
    object = serializers.CharField(help_text="`table/key` of a row, `noun:key` of what the application says.")
    version = serializers.IntegerField(help_text="How many events of this object there are up to this one.")
    xid = serializers.CharField(help_text="The transaction.")
    actor = serializers.CharField(allow_null=True, help_text="As the trail names it.")
    account = serializers.CharField(allow_null=True, help_text="The user name behind it.")
    fields_ = serializers.DictField(help_text="Names and values of the open fields.")
    closed = serializers.ListField(child=serializers.CharField(), help_text="Names of the fields that are not shown.")
    leaf = serializers.CharField(help_text="The leaf, as text.")
    leaf_hash = serializers.CharField(help_text="Its hash in the tree, base64.")
    receipt = serializers.CharField(help_text="Address of the receipt.")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {name.rstrip("_"): shown for name, shown in super().get_fields().items()}


class EntriesView(ApiView):
    """The log."""

    parameters = api_pagination.PARAMETERS | {"object", "kind", "actor", "since", "until", "case"}

    @described(
        "Entries of the log, the latest first",
        {200: page_shape(EntryShape)},
        problems=(404,),
        parameters=[
            *PAGING,
            parameter("object", "Only what tells of this object: `evidence_revision/17`, `revision:17`."),
            parameter("kind", "Only events of this kind."),
            parameter("actor", "Only what this account did: a user name, or a name of the trail such as `system`."),
            parameter("since", "Only from this moment on.", OpenApiTypes.DATETIME),
            parameter("until", "Only before this moment.", OpenApiTypes.DATETIME),
            parameter("case", "Only what belongs to the case with this slug."),
        ],
        tag="trail",
    )
    def get(self, request: Request) -> Response:
        page = paging(self, known=clock.now())
        rows = Entry.objects.visible_to(self.user)
        if slug := request.query_params.get("case"):
            rows = Entry.objects.of_case(find(Case.objects.visible_to(self.user), slug=slug), self.user)
        if object := self._spelt("object", OBJECT):
            rows = rows.filter(object=object)
        if kind := self._spelt("kind", KIND):
            rows = rows.filter(kind=kind)
        if actor := self._spelt("actor", ACTOR):
            rows = rows.by(actor)
        since, until = self.moment("since"), self.moment("until")
        rows = rows.filter(at__gte=since) if since else rows
        rows = rows.filter(at__lt=until) if until else rows
        found = list(page_of(rows.select_related("disclosure"), ("seq",), page, descending=True))
        return page.answer(found, lambda entry: [entry.seq], self.shown)

    def _spelt(self, name: str, form: re.Pattern[str]) -> str | None:
        text = self.request.query_params.get(name)
        if text is not None and not form.fullmatch(text):
            raise BadParameter(name, "Nothing in the log is spelt like this.")
        return text

    def shown(self, entries: list[Entry]) -> list[dict[str, Any]]:
        disclosing = Disclosing(entries, self.user)
        actors = Actors(entry.disclosure.actor for entry in entries)
        return [shown_entry(entry, disclosing, actors) for entry in entries]


def shown_entry(entry: Entry, disclosing: Disclosing, actors: Actors) -> dict[str, Any]:
    actor = entry.disclosure.actor
    return {
        "seq": entry.seq,
        "at": say(entry.at),
        "kind": entry.kind,
        "source": entry.source,
        "object": entry.object,
        "version": entry.version,
        "xid": str(entry.xid),
        "actor": actor,
        "account": username(actors.account(actor)),
        "fields": disclosing.open(entry),
        "closed": disclosing.hidden(entry),
        "leaf": bytes(entry.leaf).decode(),
        "leaf_hash": base64.b64encode(bytes(entry.hash)).decode(),
        "receipt": f"{ROOT}/trail/receipts/{entry.seq}",
    }
