"""The frame of every page's view: who asks, refusals as errors of a form, lists in pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core import signing
from django.db.models import Model, QuerySet
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language, gettext

from dcase_audit.api_pagination import RowAfter
from dcase_audit.errors import AuditError
from dcase_audit.problem_words import JAPANESE

M = TypeVar("M", bound=Model)
ORGANISATION_ZONE = ZoneInfo(settings.TIME_ZONE)
CURSOR = "after"
# U+0000 cannot be stored; no filter holds it.
UNSTORABLE = "\x00"

signer = signing.Signer(salt="dcase_audit.pages.cursor")


def show(
    request: HttpRequest, template: str, context: dict[str, Any], *, zone: ZoneInfo | None = None, status: int = 200
) -> HttpResponse:
    """Render a page with its moments in ``zone`` (default: the organisation's)."""
    with timezone.override(zone or ORGANISATION_ZONE):
        return render(request, f"pages/{template}", context, status=status)


def find(rows: QuerySet[M], **wanted: Any) -> M:
    """Return the row, or answer 404: what somebody may not see is not there."""
    found = rows.filter(**wanted).first()
    if found is None:
        raise Http404
    return found


def given(request: HttpRequest, name: str, *, most: int = 200) -> str:
    """Return a parameter of the query, empty where there is none that could mean anything."""
    text = request.GET.get(name, "").strip()
    return "" if UNSTORABLE in text or len(text) > most else text


def refusal_text(refusal: AuditError) -> str:
    """Return what was refused, in the active language as far as its catalogue knows the sentence."""
    if not (get_language() or "").startswith("ja"):
        return refusal.detail
    title = JAPANESE.get(refusal.slug, refusal.title)
    if refusal.detail == refusal.title:
        return title
    detail = gettext(refusal.detail)
    return detail if detail != refusal.detail else f"{title}（{detail}）"


def refuse(form: BaseForm, refusal: AuditError) -> None:
    """Show a refusal beside the field that it names, or above the form."""
    field = (refusal.pointer or "").lstrip("/").partition("/")[0]
    form.add_error(field if field in form.fields else None, refusal_text(refusal))


class Page(NamedTuple, Generic[M]):
    """Some rows of a list and, where there are more, the query that leads to them."""

    rows: Sequence[M]
    more: str


def page_after(
    request: HttpRequest,
    rows: QuerySet[M],
    fields: tuple[str, ...],
    position: Callable[[M], list[Any]],
    *,
    size: int = 50,
    descending: bool = False,
) -> Page[M]:
    """Return ``size`` rows ordered by ``fields``, the last of which is unique, from where the query's cursor says.

    A cursor that is none of ours begins at the start.
    """
    after = _position(request.GET.get(CURSOR, ""), len(fields))
    if after is not None:
        rows = rows.filter(RowAfter(fields, after, descending=descending))
    order = [f"-{field}" if descending else field for field in fields]
    found = list(rows.order_by(*order)[: size + 1])
    if len(found) <= size:
        return Page(found, "")
    query = {**request.GET.dict(), CURSOR: signer.sign_object(position(found[size - 1]))}
    return Page(found[:size], f"?{urlencode(query)}")


def _position(cursor: str, length: int) -> list[Any] | None:
    if not cursor or len(cursor) > 1000:
        return None
    try:
        position = signer.unsign_object(cursor)
    except (signing.BadSignature, ValueError):
        return None
    return position if isinstance(position, list) and len(position) == length else None
