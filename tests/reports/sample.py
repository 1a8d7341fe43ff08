"""A report's contents for tests and for looking at pages: the reference case with a made-up year of evidence."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, get_args

import dcase_audit
from dcase_audit.cases.labels import in_language
from dcase_audit.cases.words import LinkKind, NodeKind, Status
from dcase_audit.reports.contents import (
    Checkpoint,
    Consent,
    Criterion,
    ForecastChange,
    Header,
    Label,
    Language,
    Link,
    Loosening,
    Node,
    Party,
    ReadingNote,
    Reason,
    ReportContents,
    Target,
    Witness,
)
from tests.reports.sample_drills import drills, refused_uploads
from tests.reports.sample_evidence import artefacts, gaps
from tests.reports.sample_words import AT, TOKYO, Pair, day, pick

REFERENCE_CASE = Path(dcase_audit.__file__).parent / "demo" / "case.json"
LANGUAGES: tuple[Language, ...] = get_args(Language)
SIZE, ROOT = 2_292, "q1Yx0mJ3nT8cV5bW7uZ2kL9eR4oH6sDfG0aPiQyNtEw="

KINDS = {
    "test-run": ("試験記録", "test run"),
    "monitor-log": ("監視ログ", "monitor log"),
    "role-definition": ("役割定義", "role definition"),
    "rule": ("規程・手順", "rule"),
    "drill-record": ("訓練記録", "drill record"),
    "selection-criteria": ("選定基準", "selection criteria"),
}

# Status, since when, until when, why.
LEAVES: dict[str, tuple[Status, datetime, datetime | None, tuple[Reason, ...]]] = {
    "E_1": (Status.SUPPORTED, day(2026, 2, 3), day(2027, 1, 18), ()),
    "M_1": (Status.SUPPORTED, day(2026, 6, 3, 2, 41), None, ()),
    "E_2": (Status.STALE, day(2026, 11, 12, 9, 30), None, (
        Reason(code="subject", subject="failover-setting", artefact="switch-over-tests", revision=2,
               before="4", after="5", at=day(2026, 11, 12, 9, 30)),)),
    "E_3": (Status.EXPIRING, day(2026, 11, 7), day(2026, 12, 22), (
        Reason(code="ends", artefact="organisation-roles", revision=3, at=day(2026, 12, 22)),)),
    "M_6": (Status.SUPPORTED, day(2025, 12, 1), None, ()),
    "M_18": (Status.SUPPORTED, day(2025, 12, 1), None, ()),
    "E_4": (Status.SUPPORTED, day(2026, 4, 1), day(2027, 1, 31), ()),
    "E_5": (Status.PENDING, day(2026, 11, 17, 18, 5), None, (
        Reason(code="waiting", artefact="report-rule-day", revision=1, party="it-service",
               at=day(2026, 11, 17, 18, 5)),)),
    "E_7": (Status.SUPPORTED, day(2026, 5, 1), day(2027, 3, 2), ()),
    "E_8": (Status.EXPIRED, day(2026, 11, 1), None, (
        Reason(code="validity", artefact="report-rule-night", revision=1, at=day(2026, 11, 1)),)),
    "E_9": (Status.EXPIRING, day(2026, 11, 20), day(2026, 12, 4), (
        Reason(code="ends", items=("night",), artefact="night-drill", revision=4, at=day(2026, 12, 4)),)),
    "E_10": (Status.SUPPORTED, day(2026, 7, 2), day(2027, 1, 1), ()),
    "E_11": (Status.MISSING, day(2025, 11, 21), None, (
        Reason(code="returned", items=("servers", "network-switches"), artefact="selection-criteria", revision=1,
               at=day(2026, 9, 30, 16, 20)),)),
    "E_12": (Status.SUPPORTED, day(2026, 6, 29), day(2027, 6, 13), ()),
    "G_21": (Status.UNDEVELOPED, day(2025, 11, 21), None, (Reason(code="undeveloped"),)),
}  # fmt: skip


@cache
def reference_case() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(REFERENCE_CASE.read_text(encoding="utf-8"))
    return found


def sample(language: Language) -> ReportContents:
    """Return the made-up report of the reference case in ``language``."""
    case = reference_case()
    return ReportContents(
        header=header(language),
        parties=tuple(
            Party(key=row["id"], name=row["name"][language], symbol=row["symbol"], holds=row["holds"][language])
            for row in case["departments"]
        ),
        nodes=nodes(language),
        links=tuple(
            Link(source=source, target=target, kind=LinkKind(kind.replace("-", "_")))
            for source, kind, target in case["links"]
        ),
        forecast=forecast(),
        artefacts=artefacts(language),
        gaps=gaps(),
        loosened=loosened(language),
        refused_uploads=refused_uploads(language),
        drills=drills(language),
        reading_notes=tuple(
            ReadingNote(text=case["labels"][text].get(language, text), language=language)
            for text in case["reading_notes"]
        ),
        labels=tuple(Label(key=key, text=text) for key, text in sorted(in_language(case["labels"], language).items())),
    )


def loosened(language: Language) -> tuple[Loosening, ...]:
    """Return what the sample's third edition made easier, and who agreed to it."""
    consents = (
        Consent(party=pick(language, ("ITサービス部", "IT Service")), by=pick(language, ("畑中 花", "Hana Hatanaka")),
                at=day(2026, 8, 28, 11)),
        Consent(party=pick(language, ("経営層", "Management")), by=pick(language, ("宮前 美樹", "Miki Miyamae")),
                at=day(2026, 8, 31, 16, 20)),
    )  # fmt: skip
    target = Target(measure="switch_over_confirmed", op="<=", value="PT10M")
    changes = [
        Loosening(edition=3, published_at=day(2026, 9, 1, 10), node="E_9", change="max_age", before=("P3M",),
                  after=("P100D",), consents=consents),
        Loosening(edition=3, published_at=day(2026, 9, 1, 10), node="E_9", change="targets", before=(target,),
                  after=(replace(target, value="PT15M"),), consents=consents),
        Loosening(edition=3, published_at=day(2026, 9, 1, 10), node="E_99", change="silence", before=("PT5M",)),
    ]  # fmt: skip
    return tuple(changes)


def header(language: Language) -> Header:
    return Header(
        report_id="R-2026-0042",
        language=language,
        case_slug="exchange-recurrence-prevention",
        case_title=reference_case()["title"][language],
        edition_number=3,
        edition_sha256="6b1f0e4ad1c2b7a4f6e9d8c7b6a5949392a1b0c9d8e7f6a5b4c3d2e1f0a9b8c7",
        edition_published_at=day(2026, 9, 1, 10),
        at=AT,
        known=AT + timedelta(minutes=4, seconds=12),
        period_from=day(2025, 11, 21),
        made_at=AT + timedelta(minutes=5, seconds=3),
        timezone=str(TOKYO),
        issuer=pick(language, ("日本証券取引所（架空）", "Example Stock Exchange (made up)")),
        rules_version=1,
        limits_are_assumptions=True,
        demo=True,
        checkpoint=Checkpoint(
            size=SIZE,
            root=ROOT,
            note=f"audit.example/trail\n{SIZE}\n{ROOT}\n\n\u2014 audit.example/trail sample\n",
            witnesses=(
                Witness(name="witness.example/w1", independent=True, at=AT + timedelta(minutes=5, seconds=1)),
                Witness(name="same-host.invalid/w0", independent=False, at=AT + timedelta(minutes=5, seconds=2)),
            ),
        ),
    )


def nodes(language: Language) -> tuple[Node, ...]:
    """Return the nodes in reading order, each with the status that the leaves give it."""
    case = reference_case()
    rows = {row["id"]: row for row in case["nodes"]}
    below: dict[str, list[str]] = {}
    for source, _, target in case["links"]:
        below.setdefault(source, []).append(target)
    supports = {target for _, kind, target in case["links"] if kind == "supported-by"}
    names = {row["id"]: row["name"][language] for row in case["departments"]}

    def fallen(key: str) -> list[str]:
        if key in LEAVES:
            return [] if LEAVES[key][0].stands else [key]
        return [leaf for child in below.get(key, []) for leaf in fallen(child)]

    def judged(key: str) -> dict[str, Any]:
        if key in LEAVES:
            status, since, until, because = LEAVES[key]
            because = tuple(replace(reason, party=names.get(reason.party, "")) for reason in because)
            return {"status": status.word, "since": since, "until": until, "because": because}
        if key not in supports and key != "G_100":
            return {}
        worst = min(statuses(key))
        since = max(found[1] for name, found in LEAVES.items() if found[0] == worst)
        because = tuple(Reason(code="leaf", node=leaf, status=LEAVES[leaf][0].word) for leaf in fallen(key))
        return {"status": worst.word, "since": since, "until": None, "because": because}

    def statuses(key: str) -> list[Status]:
        if key in LEAVES:
            return [LEAVES[key][0]]
        return [status for child in below.get(key, []) if child in supports for status in statuses(child)]

    def reading_order(key: str) -> list[str]:
        return [key, *(name for child in below.get(key, []) for name in reading_order(child))]

    return tuple(
        Node(
            key=key,
            kind=NodeKind(rows[key]["type"]),
            statement=rows[key]["statement"][language],
            accountable=names[rows[key]["accountable"]],
            custodian=names.get(rows[key].get("custodian", ""), ""),
            verifier=names.get(rows[key].get("verifier", ""), ""),
            undeveloped=rows[key].get("undeveloped", False),
            criterion=criterion(language, rows[key]["criterion"]) if "criterion" in rows[key] else None,
            **judged(key),
        )
        for key in reading_order("G_100")
    )


def criterion(language: Language, row: dict[str, Any]) -> Criterion:
    names: dict[str, Pair] = KINDS
    return Criterion(
        kinds=tuple(pick(language, names[kind]) for kind in row["kinds"]),
        minimum=row["minimum"],
        must_cover=tuple(row["must_cover"]),
        max_age=row.get("max_age", ""),
        warn_before=row.get("warn_before", ""),
        silence=row.get("silence", ""),
        calendar=row.get("calendar", ""),
        subjects=tuple(row.get("subjects", ())),
        refuted_when=row.get("refuted_when", ""),
        targets=tuple(
            Target(
                measure=target["measure"],
                op=target["op"],
                value=str(target["value"]),
                scope=target.get("class", ""),
                per_item=target.get("per") == "item",
            )
            for target in row.get("targets", ())
        ),
    )


def forecast() -> tuple[ForecastChange, ...]:
    def change(at: datetime, node: str, status: Status, *because: Reason) -> ForecastChange:
        return ForecastChange(at=at, node=node, status=status.word, because=because)

    def validity(artefact: str, revision: int, at: datetime, code: str = "validity") -> Reason:
        return Reason(code=code, artefact=artefact, revision=revision, at=at)

    return (
        change(day(2026, 12, 4), "E_9", Status.EXPIRED, validity("night-drill", 4, day(2026, 12, 4), "max_age")),
        change(day(2026, 12, 22), "E_3", Status.EXPIRED, validity("organisation-roles", 3, day(2026, 12, 22))),
        change(day(2027, 1, 1), "E_10", Status.EXPIRING),
        change(day(2027, 1, 18), "E_1", Status.EXPIRING),
        change(day(2027, 1, 31), "E_4", Status.EXPIRING),
        change(day(2027, 1, 31), "E_10", Status.EXPIRED, validity("check-procedures", 2, day(2027, 1, 31), "max_age")),
        change(day(2027, 2, 1), "E_1", Status.EXPIRED, validity("triple-check", 4, day(2027, 2, 1), "max_age")),
        change(day(2027, 4, 1), "E_4", Status.EXPIRED, validity("recovery-rule-day", 1, day(2027, 4, 1))),
    )
