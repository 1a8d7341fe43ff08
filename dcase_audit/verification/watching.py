"""Tell those who can act that the log is behind: until a checkpoint covers it, an event rests on our word alone."""

from __future__ import annotations

from datetime import UTC, datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from dcase_audit.accounts.models import Membership, Party, User
from dcase_audit.notices.models import OpenItem
from dcase_audit.notices.services import close_item, open_item
from dcase_audit.trail import delay

LATE = "log-late"


@transaction.atomic
def watch(*, at: datetime) -> None:
    """Open an item for each administrator while the log is late, and close it when it has caught up."""
    waited = delay.waiting()
    told = OpenItem.objects.open().filter(kind=LATE)
    if waited is None or not delay.is_late(waited):
        for item in told:
            close_item(key=item.key, at=at)
    elif not told.exists():
        _tell(datetime.now(UTC) - waited, at)


def _tell(since: datetime, at: datetime) -> None:
    shown = timezone.localtime(since).strftime("%Y-%m-%d %H:%M")
    for person in User.objects.filter(is_administrator=True, is_active=True, kind=User.Kind.PERSON).order_by("pk"):
        party = _party_of(person, at)
        if party is None:
            continue
        open_item(
            key=f"{LATE}:{person.pk}",
            kind=LATE,
            text_ja=f"監査ログが{shown}から遅れています。{settings.TRAIL_MERGE_DELAY}秒以内に署名され証人の連署を受けるはずの記録が、まだ受けていません",
            text_en=f"The audit log has been late since {shown}: entries are to be signed and witnessed within "
            f"{settings.TRAIL_MERGE_DELAY} seconds and are not",
            href="/trail/",
            party=party,
            owner=person,
            at=at,
        )


def _party_of(person: User, at: datetime) -> Party | None:
    """Return where the item goes on to when the administrator does nothing: the own department, else management's."""
    roles = Membership.objects.in_force(at=at).select_related("party").order_by("pk")
    found = roles.filter(user=person).first() or roles.filter(role=Membership.Role.MANAGEMENT).first()
    return found.party if found else None
