"""What is due: for the person, or everything open that the person sees."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from dcase_audit import clock
from dcase_audit.accounts.authentication import authenticated
from dcase_audit.calendars.business_days import IsBusinessDay, business_days, business_days_between
from dcase_audit.calendars.models import organisation_days
from dcase_audit.cases.dates import language
from dcase_audit.cases.words import Status
from dcase_audit.notices.models import OpenItem
from dcase_audit.pages import ORGANISATION_ZONE, given, page_after, show
from evidence import due as question

WHOSE = ("me", "department")
# What an item is about, where that is a status; a submission that waits makes its leaf read pending.
STATUSES = {status.word: status for status in Status} | {"waiting": Status.PENDING}


class DueLine(NamedTuple):
    """An open item in a list. ``days``: business days left, negative when the day has passed; None without a day."""

    item: OpenItem
    text: str
    status: Status | None
    days: int | None
    is_last_day: bool

    @property
    def late(self) -> int:
        """How many business days have passed since the day."""
        return -(self.days or 0)


@login_required
@require_safe
def due_list(request: HttpRequest) -> HttpResponse:
    """List what is due, the most urgent first, and the person's drafts."""
    user, now = authenticated(request), clock.now()
    whose = given(request, "whose")
    whose = whose if whose in WHOSE else WHOSE[0]
    rows = question.due_for(user, at=now) if whose == WHOSE[0] else question.due_in_departments_of(user)
    page = page_after(request, rows, question.ORDER, _position)
    context = {
        "lines": due_lines(page.rows),
        "more": page.more,
        "whose": whose,
        "drafts": question.drafts_of(user)[:100],
        "sees_more": bool(user.access.departments or user.access.manages),
    }
    return show(request, "due.html", context)


def _position(item: Any) -> list[Any]:
    return [item.falls_on.isoformat(), item.opened_at.isoformat(), item.pk]


def due_lines(items: Any) -> list[DueLine]:
    """Return open items with their texts in the reader's language and the business days that are left."""
    today = clock.now().astimezone(ORGANISATION_ZONE).date()
    works = business_days(*organisation_days())
    return [
        DueLine(
            item,
            item.text(language()),
            STATUSES.get(item.kind),
            _days_left(item.due_on, today, works),
            item.due_on == today,
        )
        for item in items
    ]


def _days_left(day: date | None, today: date, works: IsBusinessDay) -> int | None:
    return None if day is None else business_days_between(today, day, works)
