"""Write a graph in the format; what parses it again gets an equal graph."""

from __future__ import annotations

from datetime import time
from typing import Any

from dcase_audit.cases.graph import CalendarValue, CriterionValue, Graph, NodeValue, PartyValue


def export(graph: Graph) -> dict[str, Any]:
    """Return the file as plain JSON values. Fields that say nothing are left out."""
    file: dict[str, Any] = {
        "schema": "dcase-reference/1",
        "id": graph.slug,
        "title": _both(graph.title_ja, graph.title_en),
        "timezone": graph.timezone,
        "departments": [_party(party) for party in graph.parties.values()],
        "calendars": {key: _calendar(calendar) for key, calendar in graph.calendars.items()},
        "nodes": [_node(node) for node in graph.nodes],
        "links": [[link.source, link.kind.replace("_", "-"), link.target] for link in graph.links],
    }
    if graph.reading_notes:
        file["reading_notes"] = list(graph.reading_notes)
    if graph.limits_are_assumptions != bool(graph.reading_notes):
        file["limits_are_assumptions"] = graph.limits_are_assumptions
    if graph.labels:
        file["labels"] = {key: dict(texts) for key, texts in graph.labels.items()}
    return file


def criterion(value: CriterionValue) -> dict[str, Any]:
    """Return a criterion as the format has it."""
    fields = {
        "kinds": list(value.kinds),
        "minimum": value.minimum,
        "must_cover": list(value.must_cover),
        "max_age": value.max_age,
        "warn_before": value.warn_before,
        "silence": value.silence,
        "calendar": value.calendar,
        "subjects": list(value.subjects),
        "targets": [dict(target) for target in value.targets],
        "refuted_when": value.refuted_when,
    }
    return _without_blanks(fields)


def _node(node: NodeValue) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "id": node.key,
        "type": node.kind.value,
        "statement": _both(node.statement_ja, node.statement_en),
        "accountable": node.accountable,
        "custodian": node.custodian,
        "verifier": node.verifier,
        "undeveloped": node.undeveloped,
        **node.attributes,
    }
    if node.support_rule != "all":
        fields["support_rule"] = node.support_rule
    if node.points_at is not None:
        fields["points_at"] = {"case": node.points_at.case, "node": node.points_at.key}
    found = _without_blanks(fields)
    if node.criterion is not None:
        found["criterion"] = criterion(node.criterion)
    return found


def _party(party: PartyValue) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "id": party.key,
        "symbol": party.symbol,
        "name": _both(party.name_ja, party.name_en),
        "holds": _both(party.holds_ja, party.holds_en),
    }
    if party.kind != "department":
        fields["kind"] = party.kind
    return _without_blanks(fields)


def _calendar(calendar: CalendarValue) -> dict[str, Any]:
    if calendar.always or calendar.opens is None or calendar.closes is None:
        return {"always": True}
    days = {} if calendar.days == "every" else {"days": calendar.days}
    return {"from": _clock(calendar.opens), "until": _clock(calendar.closes), **days}


def _clock(moment: time) -> str:
    return moment.strftime("%H:%M")


def _both(ja: str, en: str) -> dict[str, str]:
    return _without_blanks({"ja": ja, "en": en})


def _without_blanks(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not False and value not in ("", [], {})}
