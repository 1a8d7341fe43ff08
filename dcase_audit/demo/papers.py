"""Rules, definitions and criteria: documents that people write, review, hand in, accept or return."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from dcase_audit.demo.exchange import Event, Exchange, File
from dcase_audit.demo.year import Year
from evidence import services as evidence

FILES = Path(__file__).resolve().parent / "files"


class Paper(NamedTuple):
    """One revision of a document and what became of it.

    ``reviewed_at`` is when its owner last found it right: its age counts from there. Without ``decided_at`` it waits.
    ``returned_for`` is why the approver gave it back.
    """

    artefact: str
    by: str
    document: str
    covers: tuple[str, ...]
    reviewed_at: datetime
    submitted_at: datetime
    decided_by: str = ""
    decided_at: datetime | None = None
    returned_for: str = ""
    subjects: tuple[str, ...] = ()
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    note: str = ""


def events(year: Year) -> Iterator[Event]:
    """Yield each paper's submission and the decision on it."""
    for paper in papers(year):
        yield from life(paper)


def life(paper: Paper) -> Iterator[Event]:
    """Yield what happens to one paper."""
    name = f"{paper.artefact} {paper.submitted_at}"

    def submit(exchange: Exchange, at: datetime) -> None:
        owner = exchange.person(paper.by)
        revision = evidence.add_revision(
            artefact=exchange.artefact(paper.artefact),
            actor=owner,
            at=at,
            files=exchange.files([shipped(paper.document)], at=at),
            covers=paper.covers,
            proves_until=paper.reviewed_at,
            valid_from=paper.valid_from,
            valid_until=paper.valid_until,
            subjects=exchange.versions(paper.subjects, at=at),
            note=paper.note,
        )
        evidence.submit(revision=revision, actor=owner, at=at)
        exchange.remember(name, revision)

    def decide(exchange: Exchange, at: datetime) -> None:
        revision, approver = exchange.recall(name), exchange.person(paper.decided_by)
        if paper.returned_for:
            evidence.return_revision(revision=revision, actor=approver, at=at, reason=paper.returned_for)
        else:
            evidence.accept(revision=revision, actor=approver, at=at)

    yield Event(paper.submitted_at, paper.by, submit)
    if paper.decided_at is not None:
        yield Event(paper.decided_at, paper.decided_by, decide)


def shipped(document: str) -> File:
    """Return the PDF that ``bin/make_demo_files.py`` made of the document."""
    return File(f"{document}.pdf", (FILES / f"{document}.pdf").read_bytes(), "application/pdf", language="ja")


def papers(year: Year) -> Iterator[Paper]:
    """Yield the year's papers, document by document."""
    yield from _recovery_rules(year)
    yield from _reporting_rules(year)
    yield from _roles(year)
    yield from _confirmation_procedures(year)
    yield from _selection_criteria(year)


def _recovery_rules(year: Year) -> Iterator[Paper]:
    """The night rule follows the manual's correction; the day rule ends with the fiscal year."""
    night = partial(
        Paper,
        "night-recovery-rule",
        "olga",
        covers=("recovery", "forced-switch", "halt-decision"),
        decided_by="ken",
        subjects=("failover-manual",),
    )
    yield night(
        document="night-recovery-6",
        reviewed_at=year.day(-380),
        submitted_at=year.opening(3, "10:10"),
        decided_at=year.after(year.opening(3, "10:10"), 2, "15:30"),
    )
    yield night(
        document="night-recovery-7",
        reviewed_at=year.office(-272, "00:00"),
        submitted_at=year.office(-272, "11:20"),
        decided_at=year.after(year.office(-272, "11:20"), 2, "09:40"),
        note="手引書第7版に合わせ、第4条（強制切替え）を改めた。",
    )
    yield night(
        document="night-recovery-7",
        reviewed_at=year.office(-150, "00:00"),
        submitted_at=year.office(-150, "14:00"),
        decided_at=year.after(year.office(-150, "14:00"), 3, "16:05"),
        note="定期見直し。変更なし。",
    )
    day = partial(
        Paper,
        "day-recovery-rule",
        "olga",
        "day-recovery-5",
        ("recovery", "forced-switch"),
        decided_by="ken",
        subjects=("failover-manual",),
    )
    yield day(
        reviewed_at=year.day(-380),
        submitted_at=year.opening(3, "10:40"),
        decided_at=year.after(year.opening(3, "10:40"), 2, "15:40"),
    )
    yield day(
        reviewed_at=year.office(-271, "00:00"),
        submitted_at=year.office(-271, "11:00"),
        decided_at=year.after(year.office(-271, "11:00"), 2, "10:00"),
        note="手引書第7版と照らし合わせた。変更なし。",
    )
    yield day(
        reviewed_at=year.office(-29, "00:00"),
        submitted_at=year.office(-29, "10:30"),
        decided_at=year.after(year.office(-29, "10:30"), 1, "13:15"),
        valid_from=year.day(-14),
        valid_until=year.fiscal_year_end(),
        note="定期見直し。年度末まで有効とする。",
    )


def _reporting_rules(year: Year) -> Iterator[Paper]:
    """The night rule lapsed and nobody noticed in time; the day rule's next edition waits for its approver."""
    submitted = year.opening(3, "09:50")
    yield Paper(
        "night-reporting-rule",
        "olga",
        "night-reporting-3",
        ("caller", "deputy", "unreachable", "time-limit"),
        reviewed_at=year.day(-389),
        submitted_at=submitted,
        decided_by="ken",
        decided_at=year.after(submitted, 3, "11:30"),
    )
    day = partial(Paper, "day-reporting-rule", "olga", covers=("reporter", "deputy", "time-limit"))
    yield day(
        document="day-reporting-2",
        reviewed_at=year.day(-385),
        submitted_at=year.opening(3, "10:05"),
        decided_by="ken",
        decided_at=year.after(submitted, 3, "11:40"),
    )
    yield day(
        document="day-reporting-3",
        reviewed_at=year.office(-7, "00:00"),
        submitted_at=year.office(-7, "09:30"),
        note="代理の順位、確認が食い違った場合の報告、5分の上限を加えた。",
    )


def _roles(year: Year) -> Iterator[Paper]:
    submitted = year.office(-338, "10:20")
    yield Paper(
        "role-definition",
        "olga",
        "roles-4",
        ("it-service", "it-development", "management", "operations-vendor"),
        reviewed_at=year.office(-338, "00:00"),
        submitted_at=submitted,
        decided_by="hana",
        decided_at=year.after(submitted, 2, "17:00"),
        subjects=("organisation-chart",),
    )


def _confirmation_procedures(year: Year) -> Iterator[Paper]:
    """The diagnosis tool changed after the failed night drill; the first new edition left the storage out."""
    paper = partial(Paper, "confirmation-procedures", "olga", decided_by="ken", subjects=("diagnosis-tool",))
    covers = ("server", "storage", "network-switch")
    yield paper(
        document="confirmation-8",
        covers=covers,
        reviewed_at=year.day(-379),
        submitted_at=year.opening(4, "13:00"),
        decided_at=year.after(year.opening(4, "13:00"), 3, "10:15"),
    )
    yield paper(
        document="confirmation-8",
        covers=covers,
        reviewed_at=year.office(-206, "00:00"),
        submitted_at=year.office(-206, "15:00"),
        decided_at=year.after(year.office(-206, "15:00"), 2, "10:45"),
        note="定期見直し。変更なし。",
    )
    yield paper(
        document="confirmation-9",
        covers=("server", "network-switch"),
        reviewed_at=year.office(-78, "00:00"),
        submitted_at=year.office(-78, "10:00"),
        decided_at=year.after(year.office(-78, "10:00"), 1, "14:30"),
        returned_for="ストレージの照合を実機で確かめていません。確かめてから、三つの機器をそろえて提出してください。",
    )
    yield paper(
        document="confirmation-9",
        covers=covers,
        reviewed_at=year.office(-67, "00:00"),
        submitted_at=year.office(-67, "09:20"),
        decided_at=year.after(year.office(-67, "09:20"), 1, "16:10"),
        note="ストレージの照合を実機で確かめた。",
    )


def _selection_criteria(year: Year) -> Iterator[Paper]:
    submitted = year.office(-40, "16:00")
    yield Paper(
        "selection-criteria",
        "bo",
        "selection-criteria-1",
        ("servers", "storage", "tested-in-every-setting"),
        reviewed_at=year.office(-40, "00:00"),
        submitted_at=submitted,
        decided_by="nao",
        decided_at=year.after(submitted, 3, "11:00"),
        returned_for="ネットワークスイッチの基準がありません。誤った切替わりで取引が止まった事例を踏まえて加えてください。",
    )
