"""HTML to PDF bytes by WeasyPrint, with our fonts and without a single fetch."""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version
from typing import Any, NoReturn

from dcase_audit.errors import AuditError
from dcase_audit.reports.render import conformance
from dcase_audit.reports.render.fonts import only_our_fonts
from dcase_audit.reports.render.manifest import FILE_NAME
from dcase_audit.reports.render.speed import cached_page_references, collecting_once, lean_html


class PdfUnavailable(AuditError):
    """This machine lacks what PDF files are made with (503)."""

    status = 503
    slug = "pdf-unavailable"
    title = (
        "PDF files cannot be made on this machine; to install what is missing:"
        " apt-get install --no-install-recommends libpangoft2-1.0-0 libharfbuzz-subset0"
    )


class ForbiddenFetch(Exception):
    """The document asked for something outside itself: a bug, since a report is whole in itself."""


def weasyprint() -> Any:
    """Return WeasyPrint, loaded when the first report is made.

    Raises:
        PdfUnavailable: Pango is missing (503).
    """
    try:
        with only_our_fonts():
            import weasyprint
    except OSError as error:
        raise PdfUnavailable from error
    return weasyprint


def versions() -> list[tuple[str, str]]:
    """Return the components whose versions decide the bytes.

    Raises:
        PdfUnavailable: Pango is missing (503).
    """
    weasyprint()
    from weasyprint.text.ffi import harfbuzz_subset, pango

    number = pango.pango_version()
    return [
        *((name, version(package)) for name, package in (("WeasyPrint", "weasyprint"), ("pydyf", "pydyf"))),
        ("Pango", f"{number // 10000}.{number // 100 % 100}.{number % 100}"),
        ("HarfBuzz subset", "libharfbuzz-subset" if harfbuzz_subset else "fontTools " + version("fonttools")),
        ("BudouX", version("budoux")),
        ("zlib", zlib.ZLIB_RUNTIME_VERSION),
    ]


def write(document: str, *, manifest: bytes, made_at: datetime, description: str, labels: Mapping[str, str]) -> bytes:
    """Return ``document`` as PDF/A-3a and PDF/UA-1 with the manifest attached; the same input gives the same bytes.

    ``made_at`` (UTC) is the date of the attachment, ``labels`` say in words where links lead.

    Raises:
        PdfUnavailable: Pango is missing (503).
        ForbiddenFetch: the document refers to something outside itself.
    """
    engine = weasyprint()
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import FatalURLFetchingError

    with only_our_fonts():
        fonts = FontConfiguration()
    attachment = engine.Attachment(
        string=manifest,
        name=FILE_NAME,
        description=description,
        created=made_at,
        modified=made_at,
        relationship="Data",
    )
    html = lean_html()(string=document, url_fetcher=_no_fetch(), media_type="print")
    try:
        with collecting_once():
            laid_out = html.render(font_config=fonts, pdf_variant=conformance.VARIANT)
        conformance.identify_as_accessible(laid_out.metadata)
        with collecting_once(), cached_page_references(), warnings.catch_warnings():
            # WeasyPrint leaves the closing of its colour profile to the interpreter.
            warnings.simplefilter("ignore", ResourceWarning)
            written: bytes = laid_out.write_pdf(
                pdf_variant=conformance.VARIANT,
                attachments=[attachment],
                finisher=lambda _, pdf: conformance.finish(pdf, labels),
            )
    except FatalURLFetchingError as error:
        raise ForbiddenFetch(str(error)) from error
    return written


def _no_fetch() -> Any:
    """Return a fetcher that stops the rendering: the fonts are fontconfig's and the style is in the document."""
    from weasyprint.urls import FatalURLFetchingError, URLFetcher

    class NoFetch(URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: object = None) -> NoReturn:
            raise FatalURLFetchingError(f"the report asked for {url[:200]}")

    return NoFetch(allowed_protocols=())
