from __future__ import annotations

from datetime import datetime
from typing import cast

from dcase_audit.cases import graph
from dcase_audit.cases.models import Case, Edition
from dcase_audit.cases.status import RULES_VERSION
from dcase_audit.errors import NotFound
from dcase_audit.reports.assemble.argument import (
    forecast_of,
    labels_of,
    links_of,
    nodes_of,
    parties_of,
    reading_notes_of,
)
from dcase_audit.reports.assemble.artefacts import artefacts_of, gaps_of
from dcase_audit.reports.assemble.drills import drills_of, refused_of
from dcase_audit.reports.assemble.editions import loosened_of
from dcase_audit.reports.assemble.names import Names
from dcase_audit.reports.assemble.targets import measured_targets_of
from dcase_audit.reports.contents import Checkpoint, Header, Language, ReportContents, Witness
from dcase_audit.reports.models import AccountabilityReport
from dcase_audit.trail.covering import Covering
from evidence.asof import case_status, edition_at


class NoEdition(NotFound):
    """No edition of the case was in force at the moment asked for (404)."""

    slug = "no-edition"
    title = "No edition of the case was in force then"


def contents_of(report: AccountabilityReport, covering: Covering) -> ReportContents:
    """Return what an ordered report says; ``covering`` covers all that was committed by now."""
    return contents(
        report.case,
        at=report.at,
        known=report.known,
        language=cast(Language, report.language),
        report_id=f"{report.case.slug}-{report.pk}",
        made_at=report.ordered_at,
        covering=covering,
    )


def contents(
    case: Case,
    *,
    at: datetime,
    known: datetime,
    language: Language,
    report_id: str,
    made_at: datetime,
    covering: Covering,
) -> ReportContents:
    """Return the report of ``case`` at ``at``, as far as recorded by ``known``.

    Raises:
        NoEdition: no edition was in force then (404).
    """
    edition = edition_at(case, at=min(at, known))
    if edition is None:
        raise NoEdition
    argument = graph.load(case, edition=edition.number)
    status = case_status(case, at=at, known=known)
    names = Names(language, at.astimezone(case.zone).date())
    artefacts, leaves = artefacts_of(case, status, names, at=at, known=known)
    by_key = {artefact.key: artefact for artefact in artefacts}
    drills = drills_of([artefact.key for artefact in artefacts], names, period=(_year_before(case, at), known))
    nodes = nodes_of(argument, status, names, by_key)
    return ReportContents(
        header=_header(case, edition, names, at, known, report_id, made_at, covering, issuer=_issuer(argument, names)),
        parties=parties_of(argument, names),
        nodes=nodes,
        links=links_of(argument, nodes),
        forecast=forecast_of(case, at, by_key),
        artefacts=artefacts,
        gaps=gaps_of(artefacts, leaves, status, known=known),
        loosened=loosened_of(case, names, since=_year_before(case, at), until=min(at, known)),
        refused_uploads=refused_of([drill.key for drill in drills], names, period=(_year_before(case, at), known)),
        drills=drills,
        reading_notes=reading_notes_of(argument, language),
        labels=labels_of(argument, language),
        targets=measured_targets_of(argument, status, names, period=(_year_before(case, at), known)),
    )


def _header(
    case: Case,
    edition: Edition,
    names: Names,
    at: datetime,
    known: datetime,
    report_id: str,
    made_at: datetime,
    covering: Covering,
    issuer: str,
) -> Header:
    return Header(
        report_id=report_id,
        language=names.language,
        case_slug=case.slug,
        case_title=case.title(names.language),
        edition_number=edition.number,
        edition_sha256=edition.sha256,
        edition_published_at=edition.published_at,
        at=at,
        known=known,
        period_from=_year_before(case, at),
        made_at=made_at,
        timezone=case.timezone,
        issuer=issuer,
        rules_version=RULES_VERSION,
        limits_are_assumptions=case.limits_are_assumptions,
        demo=case.is_demo,
        checkpoint=_checkpoint(covering),
    )


def _checkpoint(covering: Covering) -> Checkpoint:
    note = covering.note.decode()
    _, size, root = note.splitlines()[:3]
    witnesses = tuple(
        Witness(name=found.name, independent=found.is_independent, at=found.at) for found in covering.cosigners()
    )
    return Checkpoint(size=int(size), root=root, note=note, witnesses=witnesses)


def _issuer(argument: graph.Graph, names: Names) -> str:
    """Return who answers for the first goal: the report is theirs."""
    top = next((node for node in argument.nodes if node.accountable), None)
    return names.party(top.accountable) if top else ""


def _year_before(case: Case, at: datetime) -> datetime:
    local = at.astimezone(case.zone)
    day = 28 if (local.month, local.day) == (2, 29) else local.day
    return local.replace(year=local.year - 1, day=day)
