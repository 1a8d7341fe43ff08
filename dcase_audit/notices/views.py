"""The inbox: what the person was told, and the items that wait for somebody to see to them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from dcase_audit import clock
from dcase_audit.accounts.authentication import authenticated
from dcase_audit.errors import AuditError
from dcase_audit.notices import services
from dcase_audit.notices.models import Notice, OpenItem
from dcase_audit.pages import find, page_after, refusal_text, show

ITEMS = 200


@login_required
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """Show notices, the latest first, and the open items that they were about."""
    user = authenticated(request)
    notices = Notice.objects.visible_to(user)
    page = page_after(request, notices, ("created_at", "pk"), _position, size=30, descending=True)
    items = OpenItem.objects.visible_to(user).open().filter(notices__recipient=user).distinct()
    items = items.by_urgency().select_related("party", "owner", "acknowledged_by")
    return show(request, "inbox.html", {"notices": page.rows, "more": page.more, "items": items[:ITEMS]})


def _position(notice: Notice) -> list[Any]:
    return [notice.created_at.isoformat(), notice.pk]


@login_required
@require_POST
def read(request: HttpRequest) -> HttpResponse:
    """Note that notices were read: the one given, or all."""
    user, wanted = authenticated(request), request.POST.get("notice", "")
    unread = Notice.objects.visible_to(user).filter(read_at=None)
    chosen = unread.filter(pk=int(wanted)) if wanted.isascii() and wanted.isdigit() and len(wanted) < 19 else unread
    services.mark_read(reader=user, notices=list(chosen.values_list("pk", flat=True)), at=clock.now())
    return redirect("inbox")


@login_required
@require_POST
def acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that the person sees to the item."""
    user = authenticated(request)
    item = find(OpenItem.objects.visible_to(user), pk=pk)
    try:
        services.acknowledge(item=item, actor=user, at=clock.now())
    except AuditError as refusal:
        messages.error(request, refusal_text(refusal))
    else:
        messages.success(request, _("Acknowledged: you see to it, and it climbs no further."))
    return redirect("inbox")
