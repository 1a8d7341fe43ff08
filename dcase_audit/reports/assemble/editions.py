"""The changes of the period by which editions made it easier for a node to stand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast

from dcase_audit.cases import models
from dcase_audit.reports.assemble.argument import target_of
from dcase_audit.reports.assemble.names import Names
from dcase_audit.reports.contents import Consent, Loosening, Target
from dcase_audit.reports.contents.editions import Change

OF_KINDS = frozenset({"kinds", "kinds_any"})
# Goals of other cases are not named: whoever reads the report need not see these cases.
ELSEWHERE = "points_at"


def loosened_of(case: models.Case, names: Names, *, since: datetime, until: datetime) -> tuple[Loosening, ...]:
    """Return what the editions published from ``since`` to ``until`` loosened, the first edition first."""
    editions = case.editions.filter(published_at__gte=since, published_at__lte=until).exclude(loosened=[])
    found = list(editions.defer("document").order_by("number"))
    given = _consents(case, {edition.sha256 for edition in found}, names)
    return tuple(
        Loosening(
            edition=edition.number,
            published_at=edition.published_at,
            node=record["node"],
            change=cast(Change, record["what"]),
            before=() if record["what"] == ELSEWHERE else _values(record["what"], record["before"], names),
            after=() if record["what"] == ELSEWHERE else _values(record["what"], record["after"], names),
            consents=tuple(given.get(edition.sha256, ())),
        )
        for edition in found
        for record in edition.loosened
    )


def _consents(case: models.Case, drafts: Iterable[str], names: Names) -> dict[str, list[Consent]]:
    """Return who consented to each edition, by its SHA-256: a draft keeps its own when it is published."""
    rows = models.Consent.objects.filter(case=case, draft_sha256__in=drafts).select_related("party")
    given: dict[str, list[Consent]] = {}
    for row in rows.order_by("at", "pk"):
        consent = Consent(party=names.party(row.party.key), by=names.person(row.by_id), at=row.at)
        given.setdefault(row.draft_sha256, []).append(consent)
    return given


def _values(what: str, value: Any, names: Names) -> tuple[str | Target, ...]:
    """Return a value of the record as one or several; nothing for none."""
    items = value if isinstance(value, list) else [] if value in (None, "") else [value]
    return tuple(_value(what, item, names) for item in items)


def _value(what: str, item: Any, names: Names) -> str | Target:
    if isinstance(item, dict):
        return target_of(item)
    return names.kind(item) if what in OF_KINDS else str(item)
