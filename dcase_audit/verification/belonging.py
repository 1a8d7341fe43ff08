"""Which entries of the log belong to what: each entry tells of a row, and the row, or one that it names, is seen.

A row that is gone still says in its last event what it belonged to, so the events are asked and not the tables.
``scope`` answers the same for a whole bundle at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.db import models
from django.db.models import F, Func, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast

from dcase_audit.accounts.models import User
from dcase_audit.cases.models import Case, Criterion, Link, Node, NodeText
from dcase_audit.reports.models import AccountabilityReport
from dcase_audit.verification.scope import ABOUT_THE_LOG, ALWAYS, NOUNS, POINTED_AT, UNDER, UNDER_POINTED_AT
from drills.models import (
    AcceptanceRule,
    CorrectiveAction,
    Drill,
    DrillResult,
    Finding,
    Monitor,
    Occurrence,
    PlannedWindow,
    Scenario,
)
from evidence.models import (
    Artefact,
    Decision,
    Disposal,
    HoldRelease,
    LegalHold,
    RetentionExtension,
    Revision,
    RevisionFile,
    StoredFile,
    Subject,
    Support,
    TargetRemedy,
)

Rows = QuerySet[Any]

# What the administrator keeps, beside what everybody sees who sees a case.
KEPT = ("accounts_engagement/", "accounts_apitoken/", "user:", "token:", "signer_key:", "job:")
SHAPED = sorted(ALWAYS | set(UNDER) | set(UNDER_POINTED_AT) | set(NOUNS.values()) | {table for table, *_ in POINTED_AT})


class Said(Func):
    """What an entry says of a column, as JSON text; null where it says nothing."""

    output_field = TextField()

    def __init__(self, column: str, **extra: Any) -> None:
        super().__init__(F("disclosure__texts"), F("disclosure__names"), Value(f"row.{column}"), **extra)

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, tuple[Any, ...]]:  # type: ignore[override]
        (texts, _), (names, _), (name, given) = (compiler.compile(part) for part in self.source_expressions)
        return f"({texts})[array_position({names}, {name})]", tuple(given)


class KeyOf(Func):
    """The key within an entry's object: 17 of ``evidence_revision/17`` and of ``revision:17``."""

    output_field = TextField()
    template = "split_part(translate(%(expressions)s, ':', '/'), '/', 2)"


NAMED = ("artefact", "case", "drill", "file", "finding", "hold", "monitor", "node", "result", "revision", "subject")
COLUMNS: dict[str, Any] = {f"its_{column}": Said(f"{column}_id") for column in NAMED} | {"its_key": KeyOf(F("object"))}


@dataclass(frozen=True)
class Whole:
    """Rows whose events are asked for; ``also`` says which others belong."""

    cases: Rows
    nodes: Rows
    artefacts: Rows
    supports: Rows
    revisions: Rows
    holds: Rows
    files: Rows
    subjects: Rows
    drills: Rows
    occurrences: Rows
    results: Rows
    monitors: Rows
    reports: Rows
    also: Q

    def told(self) -> Q:
        """Keep the events of these rows and of those that name them."""
        remedies = TargetRemedy.objects.filter(node__in=self.nodes)
        windows = PlannedWindow.objects.filter(monitor__in=self.monitors)
        acceptance = AcceptanceRule.objects.filter(drill__in=self.drills)
        findings = Finding.objects.filter(drill__in=self.drills)
        actions = CorrectiveAction.objects.filter(finding__in=findings)
        scenarios = Scenario.objects.filter(pk__in=self.drills.values("scenario"))
        rules = [
            _objects(("cases_case/", "case:"), its_key=self.cases),
            _objects(
                ("cases_node/", "cases_link/", "cases_edition/", "cases_consent/", "cases_statuschange/"),
                its_case=self.cases,
            ),
            _objects(("node:",), its_key=self.nodes),
            _objects(
                ("cases_nodetext/", "cases_criterion/", "evidence_targetperiod/", "evidence_targetremedy/"),
                its_node=self.nodes,
            ),
            _objects(("remedy:",), its_key=remedies),
            _objects(("evidence_artefact/", "artefact:"), its_key=self.artefacts),
            _objects(("evidence_gap/",), its_artefact=self.artefacts),
            _objects(("evidence_support/", "support:"), its_key=self.supports),
            _objects(("evidence_revision/", "revision:"), its_key=self.revisions),
            _objects(
                ("evidence_decision/", "evidence_revisionfile/", "evidence_retentionextension/"),
                its_revision=self.revisions,
            ),
            _objects(("evidence_legalhold/", "hold:"), its_key=self.holds),
            _objects(("evidence_holdrelease/",), its_hold=self.holds),
            _objects(("evidence_storedfile/", "file:"), its_key=self.files),
            _objects(("evidence_disposal/",), its_file=self.files),
            _objects(("evidence_subject/", "subject:"), its_key=self.subjects),
            _objects(("evidence_subjectversion/",), its_subject=self.subjects),
            _objects(("drills_drill/", "drill:"), its_key=self.drills),
            _objects(
                (
                    "drills_occurrence/",
                    "drills_drillresult/",
                    "drills_refusedupload/",
                    "drills_acceptancerule/",
                    "drills_finding/",
                ),
                its_drill=self.drills,
            ),
            _objects(("rule:",), its_key=acceptance),
            _objects(("occurrence:",), its_key=self.occurrences),
            _objects(("drill_result:",), its_key=self.results),
            _objects(("drills_checkitem/", "drills_signoff/"), its_result=self.results),
            _objects(("finding:",), its_key=findings),
            _objects(("drills_correctiveaction/",), its_finding=findings),
            _objects(("corrective_action:",), its_key=actions),
            _objects(("drills_scenario/",), its_key=scenarios),
            _objects(("drills_monitor/", "monitor:"), its_key=self.monitors),
            _objects(
                (
                    "drills_monitorbatch/",
                    "drills_unreadalert/",
                    "drills_plannedwindow/",
                    "drills_incomingwebhook/",
                    "drills_targetfeed/",
                ),
                its_monitor=self.monitors,
            ),
            _objects(("window:",), its_key=windows),
            _objects(("report:",), its_key=self.reports),
        ]
        return reduce(or_, rules, self.also)


def to_reader(user: User) -> Q:
    """Keep the events of rows that the user sees."""
    cases, artefacts = Case.objects.visible_to(user), Artefact.objects.visible_to(user)
    results = DrillResult.objects.visible_to(user)
    return Whole(
        cases=cases,
        nodes=Node.objects.visible_to(user),
        artefacts=artefacts,
        supports=Support.objects.filter(artefact__in=artefacts, case__in=cases),
        revisions=Revision.objects.visible_to(user),
        holds=LegalHold.objects.visible_to(user),
        files=StoredFile.objects.filter(
            Q(pk__in=StoredFile.objects.visible_to(user).values("pk")) | Q(pk__in=results.values("raw"))
        ),
        subjects=Subject.objects.visible_to(user),
        drills=Drill.objects.visible_to(user),
        occurrences=Occurrence.objects.visible_to(user),
        results=results,
        monitors=Monitor.objects.visible_to(user),
        reports=AccountabilityReport.objects.visible_to(user),
        also=_of_everybody(user, sees_a_case=cases.exists()),
    ).told()


def _of_everybody(user: User, *, sees_a_case: bool) -> Q:
    """Keep what belongs to no case: who was entitled to what, for whoever sees a case; the own logins; tokens."""
    access = user.access
    kept = Q(object=f"user:{access.user_id}")
    if sees_a_case:
        kept |= Q(kind="shape", object__in=SHAPED) | _objects(f"{noun}:" for noun in ABOUT_THE_LOG)
    if sees_a_case or access.is_administrator:
        kept |= _objects(f"{table}/" for table in sorted(ALWAYS))
    return kept | _objects(KEPT) if access.is_administrator else kept


def to_case(case: Case) -> Q:
    """Keep the events of a case, whoever sees them: its argument, and the evidence that ever supported it."""
    supports = Support.objects.filter(case=case)
    artefacts = Artefact.objects.filter(pk__in=supports.values("artefact"))
    revisions, drills = Revision.objects.filter(artefact__in=artefacts), Drill.objects.filter(artefact__in=artefacts)
    results = DrillResult.objects.filter(drill__in=drills)
    named = case.nodes.filter(criteria__subjects__contains=[models.OuterRef("key")])
    return Whole(
        cases=Case.objects.filter(pk=case.pk),
        nodes=Node.objects.filter(case=case),
        artefacts=artefacts,
        supports=supports,
        revisions=revisions,
        holds=LegalHold.objects.filter(artefact__in=artefacts),
        files=StoredFile.objects.filter(Q(uses__revision__in=revisions) | Q(pk__in=results.values("raw"))),
        subjects=Subject.objects.filter(models.Exists(named)),
        drills=drills,
        occurrences=Occurrence.objects.filter(drill__in=drills),
        results=results,
        monitors=Monitor.objects.filter(artefact__in=artefacts),
        reports=AccountabilityReport.objects.filter(case=case),
        also=Q(pk__in=[]),
    ).told()


def _objects(prefixes: Iterable[str], **among: Rows) -> Q:
    """Keep events whose object begins like this and, of ``column=rows``, whose column names one of the rows."""
    kept = reduce(or_, (Q(object__startswith=prefix) for prefix in prefixes))
    for column, rows in among.items():
        kept &= Q(**{f"{column}__in": rows.order_by().values(as_text=Cast("pk", TextField()))})
    return kept


def names_of(prefix: str, rows: Rows) -> Rows:
    """Return the names under which the log knows these rows: ``evidence_revision/17``."""
    number = Cast("pk", TextField())
    return rows.order_by().values(in_the_log=models.functions.Concat(Value(prefix), number, output_field=TextField()))


def of_artefact(artefact: int) -> list[Rows]:
    """Return the names of an artefact and of all that hangs on it."""
    itself, supports = Artefact.objects.filter(pk=artefact), Support.objects.filter(artefact=artefact)
    holds = LegalHold.objects.filter(artefact=artefact)
    named: dict[str, Rows] = {"evidence_artefact/": itself, "artefact:": itself}
    named |= {"evidence_support/": supports, "support:": supports}
    named |= _named_by(holds)
    return [names_of(prefix, rows) for prefix, rows in named.items()] + of_revisions(
        Revision.objects.filter(artefact=artefact)
    )


def of_revisions(revisions: QuerySet[Revision]) -> list[Rows]:
    """Return the names of revisions, of their files, of what was decided about them and of what keeps them."""
    uses = RevisionFile.objects.filter(revision__in=revisions)
    files = StoredFile.objects.filter(uses__revision__in=revisions)
    named: dict[str, Rows] = {"evidence_revision/": revisions, "revision:": revisions}
    named |= {"evidence_decision/": Decision.objects.filter(revision__in=revisions), "evidence_revisionfile/": uses}
    named |= {"evidence_retentionextension/": RetentionExtension.objects.filter(revision__in=revisions)}
    named |= {"evidence_disposal/": Disposal.objects.filter(file__in=files), "file:": files}
    named |= _named_by(LegalHold.objects.filter(revision__in=revisions))
    return [names_of(prefix, rows) for prefix, rows in named.items()]


def _named_by(holds: Rows) -> dict[str, Rows]:
    releases = HoldRelease.objects.filter(hold__in=holds)
    return {"evidence_legalhold/": holds, "hold:": holds, "evidence_holdrelease/": releases}


def of_node(node: int) -> list[Rows]:
    """Return the names of a node, its texts and criteria, its links down, and what supports it."""
    itself, supports = Node.objects.filter(pk=node), Support.objects.filter(node=node)
    named: dict[str, Rows] = {
        "cases_node/": itself,
        "node:": itself,
        "cases_nodetext/": NodeText.objects.filter(node=node),
    }
    named |= {"cases_criterion/": Criterion.objects.filter(node=node), "cases_link/": Link.objects.filter(source=node)}
    named |= {"evidence_support/": supports, "support:": supports}
    return [names_of(prefix, rows) for prefix, rows in named.items()]
