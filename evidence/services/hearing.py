"""A monitor was heard: one cheap row, and a settle only where silence began or ended."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction

from dcase_audit.calendars.durations import parse_or_none
from dcase_audit.cases.models import Case, Criterion
from evidence.loading import elapsed
from evidence.models import Artefact, Gap, Hearing
from evidence.settling import settling

# Of a monitor that no leaf expects, a gap is recorded after a day: whoever counts on it has to know.
UNEXPECTED = timedelta(days=1)
HEARD_IN_TIME = """
UPDATE evidence_hearing h SET last_heard_at = greatest(last_heard_at, %(at)s)
WHERE h.artefact_id = %(artefact)s AND %(at)s - h.last_heard_at <= h.tolerance
  AND NOT EXISTS (SELECT 1 FROM evidence_gap g WHERE g.artefact_id = h.artefact_id AND g.until IS NULL)
RETURNING h.artefact_id
"""


def hear(*, artefact: Artefact, at: datetime) -> None:
    """Note that the monitor was heard at ``at``, our own moment of receipt.

    Within the shortest silence that its leaves allow, this is one UPDATE of one row. After a longer one the gap is
    recorded and closed, and the leaves are settled: stale from the true moment on, in force again from now on.
    """
    with connection.cursor() as cursor:
        cursor.execute(HEARD_IN_TIME, {"artefact": artefact.pk, "at": at})
        if cursor.fetchone() is not None:
            return
    _heard_after_silence(artefact, at)


@transaction.atomic
def _heard_after_silence(artefact: Artefact, at: datetime) -> None:
    with settling(at=at, cause=f"monitor.heard:{artefact.key}", artefacts=[artefact.pk]) as work:
        moment, tolerance = work.moment, _tolerance(artefact)
        hearing = Hearing.objects.filter(artefact=artefact).first()
        if hearing is None:
            Hearing.objects.create(artefact=artefact, first_heard_at=moment, last_heard_at=moment, tolerance=tolerance)
            return
        if moment <= hearing.last_heard_at:
            return
        closed = Gap.objects.filter(artefact=artefact, until=None).update(until=moment)
        if not closed and moment - hearing.last_heard_at > tolerance:
            Gap.objects.create(artefact=artefact, start=hearing.last_heard_at, until=moment, recorded_at=moment)
        hearing.last_heard_at, hearing.tolerance = moment, tolerance
        hearing.save(update_fields=["last_heard_at", "tolerance"])


def refresh_tolerances(case: Case) -> None:
    """Look closely from now on wherever an edition or a link of the case allows a shorter silence than before."""
    for hearing in Hearing.objects.filter(
        artefact__supports__case=case, artefact__supports__unlinked_at=None
    ).distinct():
        tolerance = _tolerance(hearing.artefact)
        if hearing.tolerance != tolerance:
            Hearing.objects.filter(pk=hearing.pk).update(tolerance=tolerance)


def _tolerance(artefact: Artefact) -> timedelta:
    """Return the shortest silence that a leaf of the artefact allows; counted time never runs faster than the clock."""
    leaves = artefact.supports.open().values("node")
    silences = (
        Criterion.objects.in_force().filter(node__in=leaves).exclude(silence="").values_list("silence", flat=True)
    )
    counted = (elapsed(parse_or_none(text)) for text in silences)
    return min((silence for silence in counted if silence is not None), default=UNEXPECTED)
