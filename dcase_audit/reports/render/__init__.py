"""Contents to PDF: the printable contents, their manifest, HTML, and WeasyPrint's bytes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from zoneinfo import ZoneInfo

from dcase_audit.reports.contents import ReportContents
from dcase_audit.reports.render import pdf
from dcase_audit.reports.render.characters import printable
from dcase_audit.reports.render.html import compose
from dcase_audit.reports.render.manifest import digest, manifest
from dcase_audit.reports.render.pdf import PdfUnavailable
from dcase_audit.reports.words import Wording

__all__ = ["PdfUnavailable", "manifest", "render"]


def ignore(percent: int) -> None:
    """Take no notice of progress."""


def render(contents: ReportContents, *, progress: Callable[[int], None] = ignore) -> bytes:
    """Return the unsigned report as PDF/A-3a and PDF/UA-1 bytes; equal contents give equal bytes.

    ``progress`` is called with per cents as the work goes on.

    Raises:
        PdfUnavailable: Pango is missing on this machine (503).
    """
    enclosed = manifest(contents)
    shown, unprintable = printable(contents)
    document = compose(shown, manifest_sha256=digest(enclosed), unprintable=unprintable, versions=pdf.versions())
    progress(10)
    wording = Wording(contents.header.language, ZoneInfo(contents.header.timezone))
    written = pdf.write(
        document.html,
        manifest=enclosed,
        made_at=contents.header.made_at.astimezone(UTC),
        description=wording.say("manifest"),
        labels=document.labels,
    )
    progress(100)
    return written
