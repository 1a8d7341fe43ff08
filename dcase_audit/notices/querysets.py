from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, models
from django.db.models import Case, DateField, F, Q, Value, When
from django.db.models.functions import TruncDate

if TYPE_CHECKING:
    from dcase_audit.accounts.models import User
    from dcase_audit.notices.models import Notice, OpenItem

BY_URGENCY = ("falls_on", "opened_at", "pk")
NO_DAY = date(9999, 12, 31)
# Kinds of item that say that a goal has lost its support.
HAS_HAPPENED = ("refuted", "missing", "expired", "stale")


class OpenItemQuerySet(models.QuerySet["OpenItem"]):
    def visible_to(self, user: User) -> Self:
        """Keep items of the user's departments, also of those that became one of them, and the user's own.

        Management sees what came up to it as well. Having been told of an item gives no right to it: people leave.
        """
        access = user.access
        departments = list(access.departments)
        merged = Q(party__successor__in=departments) | Q(party__successor__successor__in=departments)
        own = Q(party__in=departments) | merged | Q(owner=user)
        return self.filter(own | Q(step=2) if access.manages else own)

    def open(self) -> Self:
        """Keep items that still hold."""
        return self.filter(closed_at=None)

    def by_urgency(self) -> Self:
        """Put first what is most urgent, by ``falls_on``: the day by which it must be done.

        What has no day because it has happened already fell on the day it was opened; what merely waits comes last.
        """
        opened = TruncDate("opened_at", tzinfo=ZoneInfo(settings.TIME_ZONE))
        falls_on = Case(
            When(due_on__isnull=False, then=F("due_on")),
            When(kind__in=HAS_HAPPENED, then=opened),
            default=Value(NO_DAY),
            output_field=DateField(),
        )
        return self.annotate(falls_on=falls_on).order_by(*BY_URGENCY)

    def to_remind(self, *, at: datetime) -> Self:
        """Keep open items whose next reminder or escalation has come."""
        return self.open().filter(next_at__lte=at)

    def store(self, items: Iterable[OpenItem], columns: Sequence[str]) -> None:
        """Write the columns of all the items in one statement; ``bulk_update`` takes seconds for thousands."""
        rows = [{"id": item.pk} | {column: getattr(item, column) for column in columns} for item in items]
        assigned = ", ".join(f"{column} = new.{column}" for column in columns)
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE notices_openitem AS item SET {assigned}"
                " FROM jsonb_populate_recordset(NULL::notices_openitem, %s::jsonb) AS new WHERE item.id = new.id",
                [json.dumps(rows, default=str)],
            )


class NoticeQuerySet(models.QuerySet["Notice"]):
    def visible_to(self, user: User) -> Self:
        """Keep the user's own: nobody reads another's inbox."""
        return self.filter(recipient=user)
