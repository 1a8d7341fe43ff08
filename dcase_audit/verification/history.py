"""Entries as pages tell them: who did what to which row, and how each column that changed read before and after."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.db import models
from django.db.models import Q
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from dcase_audit.accounts.models import User
from dcase_audit.cases.dates import day_text, language, moment_text
from dcase_audit.cases.presentation import status_word
from dcase_audit.cases.words import Status
from dcase_audit.verification.actors import Actors
from dcase_audit.verification.disclosing import Disclosing, is_sound, table_of
from dcase_audit.verification.models import Entry
from dcase_audit.verification.naming import Names, name_of, page_of, subject_of
from dcase_audit.verification.words import column_word, field_of, kind_word, table_word

ROW, PAYLOAD, CONTEXT = "row.", "payload.", "context."
LONGEST = 300
# What an insertion need not say.
NOTHING: tuple[Any, ...] = (None, "", [], {})

Values = dict[str, Any]


class Change(NamedTuple):
    """A column, and its value before and after in words; ``before`` is None where the row is new."""

    name: str
    before: str | None
    after: str


class Told(NamedTuple):
    """An entry in words. ``is_sound``: its fields are those that its leaf commits to."""

    entry: Entry
    who: str
    through: str
    kind: str
    noun: str
    name: str
    href: str
    changes: list[Change]
    hidden: int
    reason: str
    clock: datetime | None
    is_sound: bool

    @property
    def is_change(self) -> bool:
        """Tell whether a row was there before and is after."""
        return self.entry.kind == "update"


def told(entries: Sequence[Entry], user: User) -> list[Told]:
    """Tell entries that the user sees, in a number of queries that does not grow with theirs."""
    before = _before(entries)
    telling = _Telling(entries, before, user)
    return [telling.tell(entry) for entry in entries]


def _before(entries: Sequence[Entry]) -> dict[tuple[str, int], Entry]:
    """Return what each changed row was before, by object and version."""
    pairs = [Q(object=entry.object, version=entry.version - 1) for entry in entries if entry.kind == "update"]
    if not pairs:
        return {}
    found = Entry.objects.filter(reduce(or_, pairs)).select_related("disclosure")
    return {(entry.object, entry.version + 1): entry for entry in found}


class _Telling:
    """Entries with all that has to be looked up for them."""

    def __init__(self, entries: Sequence[Entry], before: dict[tuple[str, int], Entry], user: User) -> None:
        self._before = before
        self._disclosing = Disclosing([*entries, *before.values()], user)
        self._actors = Actors(entry.disclosure.actor for entry in entries)
        self._names = Names(user)
        for entry in [*entries, *before.values()]:
            said = self._disclosing.open(entry)
            columns = _members(said, ROW)
            self._names.want(*subject_of(entry.object, columns))
            for column, value in columns.items():
                self._names.want(_pointed_at(table_of(entry), column), value)

    def tell(self, entry: Entry) -> Told:
        said, actor = self._disclosing.open(entry), entry.disclosure.actor or ""
        account = self._actors.account(actor)
        row = self._names.get(*subject_of(entry.object, _members(said, ROW)))
        table, context = table_of(entry), _members(said, CONTEXT)
        changes, hidden = self._changes(entry, said)
        return Told(
            entry=entry,
            who=account.name(language()) if account is not None else actor,
            through=actor if account is not None and actor.startswith("token:") else "",
            kind=kind_word(entry.kind),
            noun=table_word(table) if table else "",
            name=name_of(row) if row is not None else entry.object.partition("/")[2] or entry.object,
            href=page_of(row) if row is not None else "",
            changes=changes,
            hidden=hidden,
            reason=str(context.get("reason") or ""),
            clock=_moment(context.get("clock")),
            is_sound=is_sound(entry),
        )

    def _changes(self, entry: Entry, said: Values) -> tuple[list[Change], int]:
        """Return what changed, and how many columns changed that are not shown."""
        if entry.source == "app":
            payload = _members(said, PAYLOAD)
            return [Change(key, None, _plain(value)) for key, value in payload.items() if value not in NOTHING], 0
        table, columns = table_of(entry), _members(said, ROW)
        earlier = self._before.get((entry.object, entry.version))
        if earlier is None or earlier.kind == "delete":
            return [
                Change(column_word(table, column), None, self._said(table, column, value))
                for column, value in columns.items()
                if column != "id" and value not in NOTHING
            ], 0
        were = _members(self._disclosing.open(earlier), ROW)
        changes = [
            Change(
                column_word(table, column),
                self._said(table, column, were.get(column)),
                self._said(table, column, value),
            )
            for column, value in columns.items()
            if were.get(column) != value or column not in were
        ]
        return changes, _hidden_changes(earlier, entry, self._disclosing.closed(entry))

    def _said(self, table: str, column: str, value: Any) -> str:
        """Say a column's value."""
        if value in NOTHING:
            return "–"
        field = field_of(table, column)
        row = self._names.get(_pointed_at(table, column), value)
        if row is not None:
            return name_of(row)
        if table == "cases_statuschange" and column in ("before", "after"):
            return status_word(Status(value), language())
        if field is not None and field.choices:
            return str(dict(field.flatchoices).get(value, value))
        if isinstance(field, models.DateTimeField) and (moment := _moment(value)) is not None:
            return moment_text(moment)
        if isinstance(field, models.DateField) and isinstance(value, str):
            return day_text(date.fromisoformat(value))
        return _plain(value)


def _hidden_changes(earlier: Entry, entry: Entry, closed: frozenset[str]) -> int:
    texts = [dict(zip(one.disclosure.names, one.disclosure.texts, strict=True)) for one in (earlier, entry)]
    return sum(
        texts[0].get(name) != texts[1].get(name)
        for name in texts[1]
        if name.startswith(ROW) and (name in closed or texts[1][name] is None)
    )


def _members(said: Values, prefix: str) -> Values:
    return {name.removeprefix(prefix): value for name, value in said.items() if name.startswith(prefix)}


def _pointed_at(table: str, column: str) -> type[models.Model] | None:
    field = field_of(table, column)
    return field.related_model if field is not None and field.is_relation else None


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        value = ("、" if language() == "ja" else ", ").join(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return Truncator(text).chars(LONGEST)
