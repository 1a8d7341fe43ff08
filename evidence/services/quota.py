"""How much a department may hand in a day, so that a tool gone wild does not fill the store for everybody."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from dcase_audit.errors import AuditError
from dcase_audit.trail.statements import rows
from evidence.models import HandedIn, StoredFile

TODAY = """
SELECT coalesce(sum(files), 0)::bigint, coalesce(sum(bytes), 0)::bigint FROM evidence_handedin
WHERE department_id = %s AND at BETWEEN %s AND %s
"""


class QuotaExceeded(AuditError):
    """The department has handed in as many files, or bytes, as it may in a day; it begins anew at midnight (429)."""

    status = 429
    slug = "quota-exceeded"
    title = "The department has handed in as much as it may in a day"

    def __init__(self, detail: str, *, again_after: timedelta) -> None:
        super().__init__(detail)
        self.headers = {"Retry-After": str(math.ceil(again_after.total_seconds()))}


def check_quota(department: int, sizes: Sequence[int], *, at: datetime) -> None:
    """Refuse files of these sizes if the department would have handed in too much on the organisation's day of ``at``.

    Asked before the bytes are stored. Uploads that are under way at the same moment do not see each other: by as many
    the limit may be passed.

    Raises:
        QuotaExceeded: (429).
    """
    zone = ZoneInfo(settings.TIME_ZONE)
    midnight = at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    [(files, size)] = rows(TODAY, [department, midnight, at])
    for limit, have, more, what in (
        (settings.QUOTA_FILES, files, len(sizes), "files"),
        (settings.QUOTA_BYTES, size, sum(sizes), "bytes"),
    ):
        if limit and have + more > limit:
            text = f"{have} {what} were handed in today and {more} are more: {limit} are taken a day."
            raise QuotaExceeded(text, again_after=midnight + timedelta(days=1) - at)


def hand_in(files: Iterable[tuple[int, StoredFile]], *, at: datetime) -> None:
    """Count each file towards the quota of the department (by id) that hands it in at ``at``."""
    sizes: dict[int, list[int]] = defaultdict(list)
    for department, file in files:
        sizes[department].append(file.size)
    HandedIn.objects.bulk_create(
        HandedIn(department_id=department, at=at, files=len(some), bytes=sum(some))
        for department, some in sorted(sizes.items())
    )
