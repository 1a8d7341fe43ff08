from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

if TYPE_CHECKING:
    from dcase_audit.accounts.models import User
    from dcase_audit.notices.models import Notice, OpenItem


class OpenItemQuerySet(models.QuerySet["OpenItem"]):
    def visible_to(self, user: User) -> Self:
        """Keep items of the user's departments, and what the user was told of; for management what came up to it."""
        from dcase_audit.notices.models import NoticeItem

        access = user.access
        told = Exists(NoticeItem.objects.filter(item=OuterRef("pk"), notice__recipient=user))
        own = Q(party__in=list(access.departments)) | Q(owner=user) | told
        return self.filter(own | Q(step=2) if access.manages else own)

    def open(self) -> Self:
        """Keep items that still hold."""
        return self.filter(closed_at=None)

    def to_remind(self, *, at: datetime) -> Self:
        """Keep open items whose next reminder or escalation has come."""
        return self.open().filter(next_at__lte=at)


class NoticeQuerySet(models.QuerySet["Notice"]):
    def visible_to(self, user: User) -> Self:
        """Keep the user's own: nobody reads another's inbox."""
        return self.filter(recipient=user)
