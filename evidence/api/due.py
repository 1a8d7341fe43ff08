"""What is due for the asker."""

from __future__ import annotations

from datetime import date
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from dcase_audit import api_pagination, clock
from dcase_audit.api_pagination import page_of, paging
from dcase_audit.api_schema import PAGING, described, parameter
from dcase_audit.api_views import ApiView
from dcase_audit.moments import say
from dcase_audit.notices.models import OpenItem
from evidence import due
from evidence.api.shapes import DueShape
from evidence.api.showing import JSON, revision_href, username
from evidence.models import Revision

MOST_DRAFTS = 100
MINE, DEPARTMENT = "me", "department"


class DueView(ApiView):
    """The work list."""

    parameters = api_pagination.PARAMETERS | {"whose"}

    @described(
        "What is due for you, the most urgent first",
        {200: DueShape},
        parameters=[
            *PAGING,
            parameter("whose", "`me`, or everything open that you see.", enum=[MINE, DEPARTMENT], default=MINE),
        ],
        tag="due",
    )
    def get(self, request: Request) -> Response:
        page = paging(self, known=clock.now())
        everything = self.choice("whose", (MINE, DEPARTMENT)) == DEPARTMENT
        rows = due.due_in_departments_of(self.user) if everything else due.due_for(self.user, at=page.known)
        found = list(page_of(rows, due.ORDER, page))
        response = page.answer(found, _position, lambda items: [shown_item(item) for item in items])
        response.data["drafts"] = [shown_draft(draft) for draft in due.drafts_of(self.user)[:MOST_DRAFTS]]
        return response


def _position(item: Any) -> list[Any]:
    falls_on: date = item.falls_on
    return [falls_on.isoformat(), say(item.opened_at), item.pk]


def shown_item(item: OpenItem) -> JSON:
    return {
        "key": item.key,
        "kind": item.kind,
        "text": {"ja": item.text_ja, "en": item.text_en},
        "href": item.href,
        "party": item.party.key,
        "owner": username(item.owner),
        "due_on": item.due_on.isoformat() if item.due_on else None,
        "opened_at": say(item.opened_at),
        "step": item.step,
    }


def shown_draft(revision: Revision) -> JSON:
    return {
        "id": revision.pk,
        "href": revision_href(revision.pk),
        "artefact": revision.artefact.key,
        "number": revision.number,
        "created_at": say(revision.created_at),
    }
