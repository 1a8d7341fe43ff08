from __future__ import annotations

from celery import shared_task
from django.db import connection, transaction

from dcase_audit import clock
from dcase_audit.notices import services


@shared_task(name="notices.remind")
@transaction.atomic
def remind() -> None:
    """Tell people what is due; where another beat's tick is at it, leave it to that one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended('notices.remind', 0))")
        if not cursor.fetchone()[0]:
            return
    services.remind(at=clock.now())
