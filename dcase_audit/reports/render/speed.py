"""What makes WeasyPrint slow and large on long reports, set aside for them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any


@contextmanager
def collecting_once() -> Iterator[None]:
    """Let the cycle collector run once at the end instead of over and over.

    It takes a sixth of the time when millions of living boxes are made, and finds little among them.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()
        gc.collect()


@contextmanager
def cached_page_references() -> Iterator[None]:
    """Build pydyf's list of page references once for each number of pages, not once for each tagged box.

    Without it the writing is quadratic in the pages: a twelfth of the time at 200 pages, a third at 1,000.
    """
    import pydyf  # type: ignore[import-untyped]

    original = pydyf.PDF.page_references

    def page_references(pdf: pydyf.PDF) -> tuple[bytes, ...]:
        cached: tuple[int, tuple[bytes, ...]] = pdf.__dict__.get("_references", (-1, ()))
        if cached[0] != len(pdf.pages["Kids"]):
            cached = pdf.__dict__["_references"] = (len(pdf.pages["Kids"]), original.fget(pdf))
        return cached[1]

    pydyf.PDF.page_references = property(page_references)
    try:
        yield
    finally:
        pydyf.PDF.page_references = original


@cache
def lean_html() -> Any:
    """Return WeasyPrint's HTML class with a default style that makes no pseudo-elements for every element.

    WeasyPrint has rules such as ``::footnote-call`` for the universal selector, hence six more computed styles for
    each element. We print no notes; without these rules a report of 190 pages takes a third less memory.
    """
    import weasyprint
    from weasyprint.css.counters import CounterStyle
    from weasyprint.html import UA

    kept = [line for line in UA.splitlines() if not line.startswith("::")]
    marker = "li::marker { font-variant-numeric: tabular-nums; white-space: pre; text-transform: none }"
    defaults = weasyprint.CSS(string="\n".join([*kept, marker]), counter_style=CounterStyle())

    class LeanHTML(weasyprint.HTML):  # type: ignore[misc]
        def _ua_stylesheets(self, forms: bool = False) -> list[Any]:
            return [defaults]

    return LeanHTML
