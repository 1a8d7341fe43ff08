"""Reading the targets of contexts and what was measured of them: one query where there are none, else three."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from dcase_audit.calendars.durations import Duration, parse
from dcase_audit.cases.arguments import IN_FORCE, MEASURABLE, OF_EDITION
from dcase_audit.trail.statements import rows
from evidence.facts import Measured, Remedy, Target, TargetFacts

ALWAYS = "24x7"
MONTH = Duration(months=1)
TARGETS = """
SELECT n.id, k.timezone, t.attributes->'targets' FROM cases_node n JOIN cases_case k ON k.id = n.case_id
JOIN cases_nodetext t ON t.node_id = n.id AND {rule}
WHERE n.id = ANY(%(nodes)s) AND n.kind = 'context' AND {measurable}
"""
MEASURED = """
SELECT node_id, service, source, calendar, "from", until, as_of, required_ms, down_ms, unknown_ms, ahead_ms,
       resolution_ms, recorded_at
FROM evidence_targetperiod WHERE node_id = ANY(%s) ORDER BY id
"""
REMEDIES = """
SELECT node_id, "from", until, closed_at FROM evidence_targetremedy
WHERE node_id = ANY(%s) AND closed_at IS NOT NULL ORDER BY id
"""


def facts_of_targets(nodes: Iterable[int], *, edition: int | None = None) -> dict[int, TargetFacts]:
    """Return what is known of those of the nodes that are measurable contexts."""
    rule = (IN_FORCE if edition is None else OF_EDITION).format("t")
    query = TARGETS.format(rule=rule, measurable=MEASURABLE.format("t"))
    contexts = rows(query, {"nodes": list(nodes), "edition": edition})
    if not contexts:
        return {}
    wanted = [node for node, _, _ in contexts]
    measured: dict[int, list[Measured]] = {}
    for node, *row in rows(MEASURED, [wanted]):
        measured.setdefault(node, []).append(Measured(*row))
    remedies: dict[int, list[Remedy]] = {}
    for node, *row in rows(REMEDIES, [wanted]):
        remedies.setdefault(node, []).append(Remedy(*row))
    return {
        node: TargetFacts(
            ZoneInfo(timezone),
            tuple(targets_of(targets)),
            tuple(measured.get(node, ())),
            tuple(remedies.get(node, ())),
        )
        for node, timezone, targets in contexts
    }


def targets_of(targets: Iterable[Mapping[str, Any]]) -> Iterator[Target]:
    """Yield the limits of availability among the targets of a context. A period left out is a month, a calendar always,

    services the one that has no name; an operator other than "at least" and "more than" sets no limit of this kind.
    """
    for target in targets:
        if target["measure"] == "availability" and target["op"] in (">=", ">"):
            yield Target(
                Fraction(str(target["value"])),
                parse(target["period"]) if "period" in target else MONTH,
                target.get("calendar", ALWAYS),
                tuple(target.get("services", ("",))),
                above=target["op"] == ">",
            )
