"""Contents to HTML: one template, rendered by an engine of its own, so that nothing outside can change a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from django.template import Context, Engine
from django.utils.safestring import SafeString

from dcase_audit.cases.presentation import STATUS_STYLES, kind_word, status_word
from dcase_audit.reports.contents import ReportContents
from dcase_audit.reports.render import sections
from dcase_audit.reports.render.characters import Unprintable
from dcase_audit.reports.render.drills import drill_sections
from dcase_audit.reports.render.structure import PAGE, TEXT_WIDTH, StructurePage, diagram_legend, diagram_pages
from dcase_audit.reports.words import Wording, exact, status_meanings, terms

TEMPLATES = Path(__file__).resolve().parents[3] / "templates"
SECTIONS = ("summary", "structure", "goals", "exceptions", "register", "drills", "responsibilities", "check")


class MissingValue(str):
    """Fails where a template names a value that does not exist: a blank in a report would pass for an answer."""

    __slots__ = ()

    def __mod__(self, name: object) -> str:
        raise LookupError(f"the report's template names {name}, which does not exist")


@cache
def _engine() -> Engine:
    return Engine(
        dirs=[str(TEMPLATES)],
        builtins=["dcase_audit.reports.render.tags"],
        string_if_invalid=MissingValue("%s"),
    )


@dataclass(frozen=True)
class Document:
    """The report as HTML that refers to nothing outside itself, and what each link's target is called."""

    html: str
    labels: dict[str, str]


def compose(
    contents: ReportContents,
    *,
    manifest_sha256: str,
    unprintable: Sequence[Unprintable] = (),
    versions: Sequence[tuple[str, str]] = (),
) -> Document:
    """Return the report as one HTML document."""
    header = contents.header
    wording = Wording(header.language, ZoneInfo(header.timezone), contents.labels)
    other = "en" if header.language == "ja" else "ja"
    key = diagram_legend(header.language, PAGE[0])
    pages = diagram_pages(contents, wording, key.height)
    values = {
        "contents": contents,
        "header": header,
        "wording": wording,
        "zone": {"zone": header.timezone, "abbreviation": wording.times.abbreviation(header.at)},
        "style": SafeString((TEMPLATES / "reports" / "report.css").read_text(encoding="utf-8")),
        "status_styles": [(status.word, style) for status, style in STATUS_STYLES.items()],
        "made_at": exact(header.made_at.replace(microsecond=0)),
        "manifest_sha256": manifest_sha256,
        "section_names": SECTIONS,
        "artefact_titles": {artefact.key: artefact.title for artefact in contents.artefacts},
        "drill_titles": {drill.key: drill.title for drill in contents.drills},
        "status_rows": sections.status_rows(contents),
        "standing_leaves": sum(leaf.stands for leaf in contents.leaves),
        "falls": sections.falls(contents),
        "figure_rows": sections.in_two_columns(sections.figures(contents, wording)),
        "diagram_pages": pages,
        "legend": key,
        "legends": [(language, diagram_legend(language, TEXT_WIDTH)) for language in (header.language, other)],
        "node_sections": sections.node_sections(contents, wording),
        "loosened_rows": sections.loosened_rows(contents),
        "register_counts": sections.register_counts(contents),
        "drill_figures": sections.drill_figures(contents),
        "drill_sections": drill_sections(contents),
        "party_rows": sections.party_rows(contents),
        "terms": [(term, term.meaning(header.language)) for term in terms()],
        "other_language": other,
        "statuses": [
            (status, status_word(status, other), meaning)
            for status, meaning in status_meanings(header.language).items()
        ],
        "versions": versions,
        "characters": sections.by_character(list(unprintable)),
    }
    # The words come from ``wording`` alone: the language and zone of the request must not reach the page.
    context = Context(values, use_l10n=False, use_tz=False)
    text = _engine().get_template("reports/report.html").render(context)
    return Document(text, _labels(contents, wording, pages))


def _labels(contents: ReportContents, wording: Wording, pages: Sequence[StructurePage]) -> dict[str, str]:
    """Return what a link to each anchor says to those who hear it."""
    labels = {name: wording.say(name) for name in (*SECTIONS, "appendix")}
    for node in contents.nodes:
        title = f"{kind_word(node.kind, wording.language)} {node.key}: {node.statement}"
        labels |= {f"node-{node.key}": title, f"row-{node.key}": title}
    for artefact in contents.artefacts:
        labels[f"artefact-{artefact.key}"] = f"{artefact.key}: {artefact.title}"
    for drill in contents.drills:
        labels[f"drill-{drill.key}"] = f"{drill.key}: {drill.title}"
    for page in pages:
        labels[f"diagram-{page.number}"] = wording.say(
            "structure.page", page=page.number, pages=len(pages), key=page.root.key
        )
    return labels
