"""The pages that problem types resolve to, in both languages. Source: RFC 9457 section 4."""

from __future__ import annotations

from typing import NamedTuple

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dcase_audit.errors import AuditError
from dcase_audit.problem_words import JAPANESE


class ProblemType(NamedTuple):
    """One problem type: its statuses, its title in both languages, and what it means."""

    slug: str
    statuses: tuple[int, ...]
    title: str
    title_ja: str
    meaning: str


def problem_types() -> dict[str, ProblemType]:
    """Return every problem type that the loaded code can answer with, by slug."""
    by_slug: dict[str, list[type[AuditError]]] = {}
    waiting: list[type[AuditError]] = [AuditError]
    while waiting:
        kind = waiting.pop(0)
        waiting += kind.__subclasses__()
        by_slug.setdefault(kind.slug, []).append(kind)
    return {slug: _type(slug, kinds) for slug, kinds in sorted(by_slug.items())}


def _type(slug: str, kinds: list[type[AuditError]]) -> ProblemType:
    statuses = tuple(sorted({kind.status for kind in kinds}))
    meaning = " ".join((kinds[0].__doc__ or "").split("\n\n")[0].split())
    return ProblemType(slug, statuses, kinds[0].title, JAPANESE.get(slug, ""), meaning)


@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Explain one problem type."""
    found = problem_types().get(slug)
    if found is None:
        raise Http404
    return render(request, "problem.html", {"problem": found})
