"""Drill results as OSCAL observations."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils import translation

from dcase_audit.cases.presentation import Words
from dcase_audit.moments import say
from dcase_audit.reports.oscal.standing import Order, supporting
from dcase_audit.reports.oscal.words import JSON, identity, line, prop, resource
from drills.models import CheckItem, DrillResult


def visible_results(order: Order) -> QuerySet[DrillResult]:
    """Return the drill results of the case's evidence that the user may see, received by the moment, in order."""
    rows = DrillResult.objects.visible_to(order.user).filter(received_at__lte=order.at)
    rows = rows.filter(revision__artefact__in=supporting(order).values("artefact"))
    rows = rows.select_related("drill", "raw", "revision__artefact").prefetch_related("check_items")
    return rows.order_by("received_at", "pk")


def observation(row: DrillResult, language: str) -> JSON:
    """Return what was seen in one drill: its checks, the verdict that follows, the file as it was received."""
    with translation.override(language):
        checks = [_check(item) for item in row.check_items.all()]
    title = f"{row.drill.title(language)} #{row.pk}"
    found = {
        "uuid": identity(f"/drill-results/{row.pk}"),
        "title": line(title, row.drill.key),
        "description": "\n".join([title, *checks]),
        "props": [
            prop("drill", row.drill.key),
            prop("verdict", row.verdict),
            prop("received", say(row.received_at)),
            prop("revision", str(row.revision_id)),
        ],
        "methods": ["TEST"],
        "types": ["control-objective"],
        "relevant-evidence": [
            {
                "href": f"#{identity(f'/api/v1/drill-results/{row.pk}/raw')}",
                "description": Words("受領したままの記録", "The record as it was received").into(language),
            }
        ],
        "collected": say(row.held_or_received_at),
    }
    if row.revision.valid_until is not None:
        found["expires"] = say(row.revision.valid_until)
    return found


def _check(item: CheckItem) -> str:
    return f"{item.number}. {item.text}: {item.get_outcome_display()}"


def raw_of(row: DrillResult) -> JSON:
    """Return the record as it was received, for the back matter."""
    path = f"/api/v1/drill-results/{row.pk}/raw"
    return resource(path, title=path, sha256=row.raw.sha256, media_type=row.raw.media_type)
