"""Proofs that an entry is in the log, that the log only grew, and receipts."""

from __future__ import annotations

import base64
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dcase_audit.accounts import permissions
from dcase_audit.api_refusals import BadParameter
from dcase_audit.api_schema import Shape, described, parameter
from dcase_audit.api_views import ApiView, AsStored, find
from dcase_audit.cases.models import Case
from dcase_audit.converters import LARGEST_ID
from dcase_audit.errors import Invalid, NotFound
from dcase_audit.trail.tlog.merkle import leaf_hash
from dcase_audit.verification import proofs
from dcase_audit.verification.models import Checkpoint, Entry
from evidence.storage import content_disposition

WITNESSED = "witnessed"
PATIENCE = 5.0
NUMBER = {"type": "integer", "minimum": 0, "maximum": LARGEST_ID}


class ProofShape(Shape):
    """That an entry is in the log of a checkpoint. Source: RFC 6962 section 2.1.1."""

    entry = serializers.IntegerField()
    size = serializers.IntegerField()
    leaf = serializers.CharField(help_text="The leaf, as text.")
    leaf_hash = serializers.CharField(help_text="Base64.")
    hashes = serializers.ListField(child=serializers.CharField(), help_text="From the leaf upwards, base64.")
    checkpoint = serializers.CharField(help_text="The checkpoint, a C2SP signed note.")


class ConsistencyShape(Shape):
    """That a log is where a larger one begins. Source: RFC 6962 section 2.1.2."""

    old = serializers.IntegerField()
    new = serializers.IntegerField()
    hashes = serializers.ListField(child=serializers.CharField(), help_text="Base64.")
    old_checkpoint = serializers.CharField()
    new_checkpoint = serializers.CharField()


class LogView(ApiView):
    """What is for whoever may read the log's files as well."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        sees_a_case = Case.objects.visible_to(self.user).exists()
        if not permissions.may_read_log(self.access, sees_a_case=sees_a_case):
            raise NotFound()

    def whole(self, name: str) -> int | None:
        """Return the number that the query gives as ``name``; None without it."""
        text = self.request.query_params.get(name)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= LARGEST_ID):
            raise BadParameter(name, "A whole number from 0 on is expected.")
        return int(text)

    def needed(self, name: str) -> int:
        found = self.whole(name)
        if found is None:
            raise BadParameter(name, "The parameter is needed.")
        return found

    def checkpoint(self, size: int | None) -> Checkpoint:
        """Return the checkpoint of this size, witnessed last; without a size the newest one.

        Raises:
            NotFound: none of this size was published (404).
        """
        found = Checkpoint.objects.order_by("-id")
        found = found.filter(size=size) if size is not None else found
        checkpoint = found.witnessed().first() or found.first()
        if checkpoint is None:
            raise NotFound("There is no checkpoint of this size.")
        return checkpoint


class ProofView(LogView):
    """Inclusion."""

    parameters = frozenset({"entry", "size"})

    @described(
        "Proof that an entry is in the log",
        {200: ProofShape},
        problems=(404, 422),
        parameters=[
            parameter("entry", "The entry's number.", NUMBER, required=True),
            parameter("size", "The size of a checkpoint that was published; default: the newest.", NUMBER),
        ],
        tag="trail",
        operation="trail_proof",
    )
    def get(self, request: Request) -> Response:
        number, checkpoint = self.needed("entry"), self.checkpoint(self.whole("size"))
        if number >= checkpoint.size:
            raise Invalid(f"The log of {checkpoint.size} entries has no entry {number}.")
        proven = proofs.inclusion(find(Entry.objects.all(), pk=number), checkpoint)
        return Response(
            {
                "entry": number,
                "size": checkpoint.size,
                "leaf": proven.leaf.decode(),
                "leaf_hash": encoded(leaf_hash(proven.leaf)),
                "hashes": [encoded(hashed) for hashed in proven.hashes],
                "checkpoint": checkpoint.note,
            }
        )


class ConsistencyView(LogView):
    """Consistency."""

    parameters = frozenset({"from", "to"})

    @described(
        "Proof that the log only grew",
        {200: ConsistencyShape},
        problems=(404, 422),
        parameters=[
            parameter("from", "The size of the smaller checkpoint.", NUMBER, required=True),
            parameter("to", "The size of the larger one; default: the newest.", NUMBER),
        ],
        tag="trail",
        operation="trail_consistency",
    )
    def get(self, request: Request) -> Response:
        old, new = self.checkpoint(self.needed("from")), self.checkpoint(self.whole("to"))
        if old.size > new.size:
            raise Invalid(f"The log of {new.size} entries is not where that of {old.size} ends.")
        return Response(
            {
                "old": old.size,
                "new": new.size,
                "hashes": [encoded(hashed) for hashed in proofs.consistency(old, new)],
                "old_checkpoint": old.note,
                "new_checkpoint": new.note,
            }
        )


class ReceiptView(ApiView):
    """A receipt."""

    content_negotiation_class = AsStored
    parameters = frozenset({"wait"})

    @described(
        "The receipt of an entry: a C2SP tlog-proof",
        {(200, "application/octet-stream"): OpenApiTypes.BINARY},
        problems=(404, 409),
        parameters=[
            parameter(
                "wait",
                "Wait a few seconds for a witnessed checkpoint.",
                {"type": "string", "enum": [WITNESSED]},
            )
        ],
        tag="trail",
        operation="trail_receipt",
    )
    def get(self, request: Request, entry: int) -> HttpResponseBase:
        wait = self.choice("wait", [WITNESSED])
        found = find(Entry.objects.visible_to(self.user).select_related("disclosure"), pk=entry)
        if wait:
            proofs.await_seal(found, seconds=PATIENCE)
        return as_download(found.seq, proofs.receipt(found, self.user))


def as_download(seq: int, receipt: bytes) -> HttpResponse:
    """Answer with a receipt."""
    headers = {
        "Cache-Control": "private, no-cache",
        "Content-Disposition": content_disposition(f"entry-{seq}.tlog-proof"),
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(receipt, content_type="application/octet-stream", headers=headers)


def encoded(hashed: bytes) -> str:
    return base64.b64encode(hashed).decode()
