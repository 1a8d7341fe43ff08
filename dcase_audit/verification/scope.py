"""What belongs to a case.

Told from the log, so that rows which are gone are in it, and from the tables, so that rows which no event tells of are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from dcase_audit.trail import capture
from dcase_audit.trail.statements import rows


class Under(NamedTuple):
    """A table whose rows are in scope with the row of ``parent`` that ``column`` names."""

    column: str
    parent: str


# Rows of these tables are in scope whichever case it is: without them nobody could tell who was entitled to what, when.
ALWAYS = frozenset(
    {
        "accounts_delegation",
        "accounts_membership",
        "accounts_party",
        "accounts_pastname",
        "accounts_user",
        "calendars_calendar",
        "calendars_holiday",
        "drills_signerkey",
        "evidence_kind",
    }
)
# In the order in which their rows are looked for: a table's parents come before it.
UNDER = {
    "cases_node": Under("case_id", "cases_case"),
    "cases_nodetext": Under("node_id", "cases_node"),
    "cases_criterion": Under("node_id", "cases_node"),
    "cases_link": Under("case_id", "cases_case"),
    "cases_edition": Under("case_id", "cases_case"),
    "cases_consent": Under("case_id", "cases_case"),
    "cases_statuschange": Under("case_id", "cases_case"),
    "evidence_support": Under("case_id", "cases_case"),
    "evidence_targetperiod": Under("node_id", "cases_node"),
    "evidence_targetremedy": Under("node_id", "cases_node"),
    "evidence_revision": Under("artefact_id", "evidence_artefact"),
    "evidence_decision": Under("revision_id", "evidence_revision"),
    "evidence_revisionfile": Under("revision_id", "evidence_revision"),
    "evidence_retentionextension": Under("revision_id", "evidence_revision"),
    "evidence_legalhold": Under("artefact_id", "evidence_artefact"),
    "evidence_holdrelease": Under("hold_id", "evidence_legalhold"),
    "evidence_gap": Under("artefact_id", "evidence_artefact"),
    "evidence_subjectversion": Under("subject_id", "evidence_subject"),
    "drills_drill": Under("artefact_id", "evidence_artefact"),
    "drills_occurrence": Under("drill_id", "drills_drill"),
    "drills_drillresult": Under("drill_id", "drills_drill"),
    "drills_checkitem": Under("result_id", "drills_drillresult"),
    "drills_signoff": Under("result_id", "drills_drillresult"),
    "drills_finding": Under("drill_id", "drills_drill"),
    "drills_correctiveaction": Under("finding_id", "drills_finding"),
    "drills_refusedupload": Under("drill_id", "drills_drill"),
    "drills_monitor": Under("artefact_id", "evidence_artefact"),
    "drills_monitorbatch": Under("monitor_id", "drills_monitor"),
    "drills_unreadalert": Under("monitor_id", "drills_monitor"),
    "drills_plannedwindow": Under("monitor_id", "drills_monitor"),
    "drills_acceptancerule": Under("drill_id", "drills_drill"),
    "drills_incomingwebhook": Under("monitor_id", "drills_monitor"),
    "drills_targetfeed": Under("monitor_id", "drills_monitor"),
}
# The same of tables whose parents are pointed at, and so known last.
UNDER_POINTED_AT = {"evidence_disposal": Under("file_id", "evidence_storedfile")}
# Rows that others in scope point at: their table, and the table and column that point.
POINTED_AT = (
    ("evidence_artefact", "evidence_support", "artefact_id"),
    ("evidence_storedfile", "evidence_revisionfile", "file_id"),
    ("evidence_storedfile", "drills_drillresult", "raw_id"),
    ("drills_scenario", "drills_drill", "scenario_id"),
)
# What the application says is about a row of these tables.
NOUNS = {
    "artefact": "evidence_artefact",
    "case": "cases_case",
    "corrective_action": "drills_correctiveaction",
    "drill": "drills_drill",
    "drill_result": "drills_drillresult",
    "file": "evidence_storedfile",
    "finding": "drills_finding",
    "hold": "evidence_legalhold",
    "monitor": "drills_monitor",
    "node": "cases_node",
    "occurrence": "drills_occurrence",
    "remedy": "evidence_targetremedy",
    "revision": "evidence_revision",
    "rule": "drills_acceptancerule",
    "subject": "evidence_subject",
    "support": "evidence_support",
    "window": "drills_plannedwindow",
}

# Of these everybody is told who sees a case: which log it is, and whose turn it was to sign.
ABOUT_THE_LOG = ("log", "log_key")

# Fields that no third party is shown: where somebody sat.
CLOSED = frozenset({"context.address", "db.client_address"})

VALUES = """
SELECT split_part(l.object, '/', 2), d.texts[array_position(d.names, %(name)s)]
FROM trail.log l JOIN trail.disclosure d USING (seq)
WHERE l.source = 'row' AND l.kind <> 'shape' AND l.object LIKE %(objects)s AND l.seq < %(size)s
UNION SELECT {key}::text, to_jsonb({column})::text FROM {table}
"""


@dataclass
class Scope:
    """Which objects are in scope: all of ``whole`` tables, and the given keys of others."""

    whole: frozenset[str] = ALWAYS
    keys: dict[str, set[str]] = field(default_factory=dict)

    def holds(self, object: str) -> bool:
        """Tell whether a leaf's ``object`` is in scope."""
        table, slash, key = object.partition("/")
        if slash:
            return table in self.whole or key in self.keys.get(table, ())
        noun, colon, key = object.partition(":")
        if colon:
            return noun in ABOUT_THE_LOG or key in self.keys.get(NOUNS.get(noun, ""), ())
        return table in self.whole or table in self.keys

    @property
    def tables(self) -> list[str]:
        return sorted(self.whole | set(self.keys))


def scope_of(cases: Iterable[int], *, size: int) -> Scope:
    """Return what the first ``size`` events of the log say belongs to the cases."""
    scope = Scope(keys={"cases_case": {str(case) for case in cases}})
    # Supports name the artefacts, and these all that hangs on them: so the supports are looked at first.
    _add_under(scope, "evidence_support", UNDER["evidence_support"], size)
    _add_pointed_at(scope, POINTED_AT[:1], size)
    for table, under in UNDER.items():
        _add_under(scope, table, under, size)
        if table == "cases_criterion":
            _add_subjects(scope, size)
    _add_pointed_at(scope, POINTED_AT[1:], size)
    for table, under in UNDER_POINTED_AT.items():
        _add_under(scope, table, under, size)
    return scope


def _add_under(scope: Scope, table: str, under: Under, size: int) -> None:
    column, parent = under
    parents = scope.keys.get(parent, set())
    scope.keys[table] = {key for key, value in _values(table, column, size) if value in parents}


def _add_pointed_at(scope: Scope, pointers: Iterable[tuple[str, str, str]], size: int) -> None:
    for table, pointing, column in pointers:
        mine = scope.keys.get(pointing, set())
        found = {value for key, value in _values(pointing, column, size) if key in mine and value not in (None, "null")}
        scope.keys.setdefault(table, set()).update(found)


def _add_subjects(scope: Scope, size: int) -> None:
    """Add the configuration items that the cases' criteria name."""
    criteria = scope.keys["cases_criterion"]
    named = {
        subject
        for key, subjects in _values("cases_criterion", "subjects", size)
        if key in criteria
        for subject in json.loads(subjects or "[]") or []
    }
    found = {key for key, name in _values("evidence_subject", "key", size) if json.loads(name or "null") in named}
    scope.keys["evidence_subject"] = found


def _values(table: str, column: str, size: int) -> list[tuple[str, str]]:
    """Return (key, text of the column) as every event of the table said, and as its rows are now."""
    query = VALUES.format(key=capture.captured()[table].key, column=column, table=table)
    found = rows(query, {"objects": f"{table}/%", "name": f"row.{column}", "size": size})
    return [(key, value) for key, value in found]
