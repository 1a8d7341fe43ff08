"""Rows by their names: the log has numbers alone, and a reader is told the names of what the reader may see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import models
from django.urls import reverse

from dcase_audit.accounts.models import Party, User
from dcase_audit.cases.dates import language
from dcase_audit.cases.models import Case, Node
from dcase_audit.verification.scope import NOUNS, UNDER, UNDER_POINTED_AT
from dcase_audit.verification.words import field_of, model_of
from drills.models import Drill, Monitor, Scenario
from evidence.models import Artefact, Kind, LegalHold, Revision, StoredFile, Subject

Rows = models.QuerySet[Any]

SEEN_BY_ALL = (User, Party, Kind)
DOORS: dict[type[models.Model], Callable[[User], Rows]] = {
    Case: lambda user: Case.objects.visible_to(user),
    Node: lambda user: Node.objects.visible_to(user).select_related("case"),
    Artefact: lambda user: Artefact.objects.visible_to(user),
    Revision: lambda user: Revision.objects.visible_to(user).select_related("artefact"),
    LegalHold: lambda user: LegalHold.objects.visible_to(user).select_related("artefact"),
    Drill: lambda user: Drill.objects.visible_to(user),
    Scenario: lambda user: Scenario.objects.filter(pk__in=Drill.objects.visible_to(user).values("scenario")),
    Monitor: lambda user: Monitor.objects.visible_to(user),
    StoredFile: lambda user: StoredFile.objects.visible_to(user),
    Subject: lambda user: Subject.objects.visible_to(user),
}
# By which of its columns a row is named, where its own number says nothing.
BY = {table: under.column for table, under in (UNDER | UNDER_POINTED_AT).items()} | {
    "evidence_legalhold": "id",
    "cases_link": "source_id",
    "cases_node": "id",
    "cases_statuschange": "node_id",
    "evidence_revision": "id",
    "evidence_support": "artefact_id",
    "drills_drill": "id",
    "drills_monitor": "id",
    "accounts_membership": "user_id",
    "accounts_delegation": "principal_id",
    "accounts_engagement": "user_id",
}


class Names:
    """Collects rows, and finds those of one model in one query."""

    def __init__(self, user: User) -> None:
        self._user = user
        self._wanted: dict[type[models.Model], set[int]] = {}
        self._found: dict[type[models.Model], dict[int, Any]] = {}

    def want(self, model: type[models.Model] | None, key: object) -> None:
        """Say that the row will be asked for."""
        if model is not None and isinstance(key, int) and (model in DOORS or model in SEEN_BY_ALL):
            self._wanted.setdefault(model, set()).add(key)

    def get(self, model: type[models.Model] | None, key: object) -> Any:
        """Return the row; None where there is none, or none for this reader."""
        if model not in self._wanted or not isinstance(key, int):
            return None
        if model not in self._found:
            rows = DOORS[model](self._user) if model in DOORS else model._default_manager.all()
            self._found[model] = rows.in_bulk(self._wanted[model])
        return self._found[model].get(key)


def subject_of(object: str, said: dict[str, Any]) -> tuple[type[models.Model] | None, object]:
    """Return the model and the key of the row by which an object is named; ``said`` are the columns' values."""
    table, slash, key = object.partition("/")
    if not slash:
        noun, _, key = object.partition(":")
        model = User if noun == "user" else model_of(NOUNS.get(noun, ""))
        return model, int(key) if key.isdigit() else None
    column = BY.get(table, "id")
    if column == "id":
        return model_of(table), int(key) if key.isdigit() else None
    field = field_of(table, column)
    return (field.related_model if field is not None else None), said.get(column)


def name_of(row: Any) -> str:
    """Say what a row is called."""
    if isinstance(row, Revision):
        return f"{row.artefact.title(language())} r{row.number}"
    if isinstance(row, LegalHold):
        return row.artefact.title(language())
    return f"{row.sha256[:12]}…" if isinstance(row, StoredFile) else str(row)


def page_of(row: Any) -> str:
    """Return the address of a row's page; empty where it has none."""
    if isinstance(row, Case):
        return reverse("case", args=[row.slug])
    if isinstance(row, Node):
        return reverse("node", args=[row.case.slug, row.key])
    if isinstance(row, Artefact):
        return reverse("artefact", args=[row.key])
    if isinstance(row, Revision):
        return f"{reverse('artefact', args=[row.artefact.key])}#r{row.number}"
    if isinstance(row, LegalHold):
        return f"{reverse('holds')}#h{row.pk}"
    return reverse("drill", args=[row.key]) if isinstance(row, Drill) else ""
