"""The evidence: artefacts that support or supported the case, their revisions, files and decisions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import cast

from django.conf import settings

from dcase_audit.cases.models import Case
from dcase_audit.reports.assemble.keeping import disposal_of, held_since, retention_of
from dcase_audit.reports.assemble.names import Names
from dcase_audit.reports.contents import Artefact, Decision, File, Gap, Revision, SubjectVersion, Support
from dcase_audit.reports.contents.evidence import DecisionKind, FileRole, Standing, Verdict
from drills.models import AcceptanceRule
from evidence import models
from evidence.asof import CaseStatus
from evidence.facts import Revision as RevisionFact
from evidence.leaf_status import Leaf
from evidence.loading import artefact_facts, facts_of


def artefacts_of(
    case: Case, status: CaseStatus, names: Names, *, at: datetime, known: datetime
) -> tuple[tuple[Artefact, ...], list[Leaf]]:
    """Return the artefacts ever linked to the case by ``known``, and its leaves as the rules saw them."""
    ids = [view.id for view in status.nodes if view.status is not None]
    leaves = [Leaf(facts, known) for facts in facts_of(ids, at=at, edition=status.edition).values()]
    found = (
        models.Artefact.objects.filter(supports__case=case, supports__linked_at__lte=known)
        .distinct()
        .select_related("kind", "custodian")
        .prefetch_related(
            "supports__node",
            "revisions__files__file__disposals",
            "revisions__decisions",
            "revisions__drill_result__rule",
            "revisions__corrects",
            "revisions__extensions",
            "holds__release",
        )
        .order_by("key")
    )
    return tuple(_artefact(case, row, leaves, names, at, known) for row in found), leaves


def _artefact(
    case: Case, row: models.Artefact, leaves: list[Leaf], names: Names, at: datetime, known: datetime
) -> Artefact:
    mine = [leaf for leaf in leaves if any(support.artefact == row.pk for support in leaf.supports)]
    mine = mine or [Leaf(artefact_facts(row.pk, row.review_interval, settings.TIME_ZONE), known)]
    submitted = [r for r in row.revisions.all() if r.submitted_at is not None and r.submitted_at <= known]
    return Artefact(
        key=row.key,
        title=row.title(names.language),
        kind=names.kind(row.kind.key),
        owner=names.person(row.owner_id),
        custodian=names.party(row.custodian.key),
        supports=tuple(
            _support(link, known) for link in row.supports.all() if link.case_id == case.pk and link.linked_at <= known
        ),
        revisions=tuple(
            _revision(r, mine, list(row.holds.all()), names, at, known)
            for r in sorted(submitted, key=lambda r: r.number)
        ),
    )


def _support(link: models.Support, known: datetime) -> Support:
    unlinked = link.unlinked_at if link.unlinked_at is not None and link.unlinked_at <= known else None
    return Support(node=link.node.key, linked_at=link.linked_at, unlinked_at=unlinked, rationale=link.rationale)


def _revision(
    row: models.Revision,
    leaves: list[Leaf],
    holds: list[models.LegalHold],
    names: Names,
    at: datetime,
    known: datetime,
) -> Revision:
    decisions = sorted((d for d in row.decisions.all() if d.at <= known), key=lambda d: (d.at, d.pk))
    hidden = row.confidentiality == models.Revision.Confidentiality.CONFIDENTIAL
    result = getattr(row, "drill_result", None)
    rule = result.rule if result is not None else None
    assert row.submitted_at is not None
    return Revision(
        number=row.number,
        verdict=cast(Verdict, row.verdict),
        standing=standing_of(row.pk, leaves, at),
        recorded_at=row.submitted_at,
        covers=tuple(row.covers),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        proves_from=row.proves_from,
        proves_until=row.proves_until,
        subjects=tuple(
            SubjectVersion(subject=key, version=value["version"] or value.get("digest", "")[:12])
            for key, value in sorted(row.subjects.items())
        ),
        files=tuple(_file(use, hidden, names, known) for use in row.files.all()),
        decisions=tuple(_decision(decision, rule, names) for decision in decisions),
        confidential_reason=row.confidential_reason if hidden else "",
        corrects=row.corrects.number if row.corrects else None,
        retention=retention_of(row, names, known),
        held_since=held_since(row, holds, known),
    )


def _file(use: models.RevisionFile, hidden: bool, names: Names, known: datetime) -> File:
    return File(
        sha256=use.file.sha256,
        size=use.file.size,
        media_type=use.file.media_type,
        name="" if hidden else use.name,
        role=cast(FileRole, use.role),
        source_url="" if hidden else use.source_url,
        fetched_at=use.fetched_at,
        disposal=disposal_of(use.file, names, known),
    )


def _decision(row: models.Decision, rule: AcceptanceRule | None, names: Names) -> Decision:
    is_by_rule = rule is not None and row.by_rule == rule.name
    return Decision(
        kind=cast(DecisionKind, row.kind),
        by=names.person(row.by_id),
        at=row.at,
        by_rule=row.by_rule,
        rule_published_by=names.person(rule.published_by_id) if rule is not None and is_by_rule else "",
        rule_published_at=rule.published_at if rule is not None and is_by_rule else None,
        effective_at=row.effective_at if row.effective_at != row.at else None,
        reason=row.reason,
    )


def standing_of(revision: int, leaves: list[Leaf], at: datetime) -> Standing:
    """Return what a submitted revision counts for at ``at``: the best of what it counts for on its leaves."""
    found = [_on_leaf(fact, leaf, at) for leaf in leaves for fact in _all(leaf) if fact.id == revision]
    best: tuple[Standing, ...] = ("refuting", "in_force", "upcoming")
    return next((standing for standing in best if standing in found), found[0] if found else "ended")


def _all(leaf: Leaf) -> Iterable[RevisionFact]:
    return (fact for facts in leaf.revisions.values() for fact in facts)


def _on_leaf(fact: RevisionFact, leaf: Leaf, at: datetime) -> Standing:
    taken = _taken_back(fact, leaf, at)
    if taken is not None:
        return taken
    if fact.verdict == "refutes":
        return "answered" if leaf.answered_at(fact, at) is not None else "refuting"
    if fact.verdict == "inconclusive":
        return "inconclusive"
    if fact.accepted_at is None or fact.accepted_at > min(at, leaf.known):
        return "waiting"
    parts = [
        part for period in leaf.periods(fact.artefact, None) for part in period.parts if part.revision.id == fact.id
    ]
    if any(part.start <= at < part.end for part in parts):
        return "in_force"
    if any(part.start > at for part in parts):
        return "upcoming"
    return "superseded" if not parts or parts[-1].bound == "superseded" else "ended"


def _taken_back(fact: RevisionFact, leaf: Leaf, at: datetime) -> Standing | None:
    by = min(at, leaf.known)
    moments: tuple[tuple[Standing, datetime | None], ...] = (
        ("annulled", fact.annulled_at),
        ("voided", fact.voided_at),
        ("withdrawn", fact.withdrawn_from or fact.withdrawn_at),
        ("returned", fact.returned_at),
    )
    return next((standing for standing, moment in moments if moment is not None and moment <= by), None)


def gaps_of(
    artefacts: tuple[Artefact, ...], leaves: list[Leaf], status: CaseStatus, *, known: datetime
) -> tuple[Gap, ...]:
    """Return the silences of monitors, and the time for which a revision was accepted too late."""
    silent = models.Gap.objects.filter(artefact__key__in=[a.key for a in artefacts], recorded_at__lte=known)
    gaps = [
        Gap(
            artefact=gap.artefact.key,
            start=gap.start,
            until=gap.until if gap.until is not None and gap.until <= known else None,
            recorded_at=gap.recorded_at,
        )
        for gap in silent.select_related("artefact")
    ]
    late = {
        (reason["artefact"], reason["revision"], reason["gap_from"], reason["gap_until"])
        for view in status.nodes
        for reason in view.because
        if reason.get("reason") == "accepted_late"
    }
    for artefact, revision, start, until in sorted(late):
        accepted = datetime.fromisoformat(until)
        gaps.append(
            Gap(
                artefact=artefact,
                start=datetime.fromisoformat(start),
                until=accepted,
                recorded_at=accepted,
                accepted_late=revision,
            )
        )
    return tuple(sorted(gaps, key=lambda gap: (gap.start, gap.artefact)))
