"""``__in`` with one array: a statement has at most 65,535 parameters, and one text however many values it is given."""

from __future__ import annotations

import re
from typing import Any

from django.db.models import Field
from django.db.models.fields.related import ForeignObject
from django.db.models.fields.related_lookups import RelatedIn
from django.db.models.lookups import In

LISTED = re.compile(r" IN \(%s(?:, %s)*\)\Z")
# Of these PostgreSQL compares a column with an array as it does with a list.
PLAIN = (int, str)


class _Array:
    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """Return ``IN (...)`` of plain values as ``= ANY(array)``; whatever else it is, as Django writes it."""
        sql, params = self.as_sql(compiler, connection)  # type: ignore[attr-defined]
        listed = LISTED.search(sql)
        if listed is None:
            return sql, params
        count = listed.group().count("%s")
        before, values = list(params)[:-count], list(params)[-count:]
        if not all(isinstance(value, PLAIN) for value in values):
            return sql, params
        return f"{sql[: listed.start()]} = ANY(%s)", [*before, values]


class InArray(_Array, In):
    """``In`` for the columns of a table."""


class RelatedInArray(_Array, RelatedIn):
    """``In`` for what a foreign key leads to."""


def install() -> None:
    """Have every field look values up so."""
    Field.register_lookup(InArray)
    ForeignObject.register_lookup(RelatedInArray)
