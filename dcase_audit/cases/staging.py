"""Make the draft say what is wanted, over rows in force that stay as they are but for their mark."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dcase_audit.cases.models import Criterion, Editioned, Link, NodeText

BATCH = 1000
Subject = tuple[Any, ...]


@dataclass(frozen=True)
class Table:
    """A table of editioned rows: what a row is about (one in force and one in the draft at most), and what it says."""

    model: type[Editioned]
    about: tuple[str, ...]
    says: tuple[str, ...]

    def subject(self, row: Editioned) -> Subject:
        return tuple(getattr(row, name) for name in self.about)

    def same(self, row: Editioned, other: Editioned) -> bool:
        return all(getattr(row, name) == getattr(other, name) for name in self.says)


def _fields(model: type[Editioned], about: tuple[str, ...]) -> tuple[str, ...]:
    marks = {"id", "edition_from", "edition_until", "leaves_draft"}
    names = (column.attname for column in model._meta.concrete_fields)
    return tuple(name for name in names if name not in marks.union(about))


TEXTS = Table(NodeText, ("node_id",), _fields(NodeText, ("node_id",)))
CRITERIA = Table(Criterion, ("node_id",), _fields(Criterion, ("node_id",)))
LINKS = Table(Link, ("source_id", "target_id", "kind"), ("position",))


@dataclass
class _Plan:
    leave: list[int] = field(default_factory=list)
    stay: list[int] = field(default_factory=list)
    drop: list[int] = field(default_factory=list)
    change: list[Editioned] = field(default_factory=list)
    create: list[Editioned] = field(default_factory=list)


def stage(table: Table, rows: Iterable[Editioned], wanted: Mapping[Subject, Editioned | None]) -> bool:
    """Change the draft where ``wanted`` differs from it; tell whether anything did.

    ``rows`` are the present ones (not taken out by any edition) about the subjects in ``wanted``; None wants nothing
    said about a subject. What equals the row in force needs no row of the draft.
    """
    in_force: dict[Subject, Editioned] = {}
    drafts: dict[Subject, Editioned] = {}
    for row in rows:
        (drafts if row.edition_from is None else in_force)[table.subject(row)] = row
    plan = _Plan()
    for subject, new in wanted.items():
        _plan(plan, table, in_force.get(subject), drafts.get(subject), new)
    return _carry_out(plan, table)


def _plan(
    plan: _Plan, table: Table, in_force: Editioned | None, draft: Editioned | None, wanted: Editioned | None
) -> None:
    unchanged = in_force is not None and wanted is not None and table.same(in_force, wanted)
    if in_force is not None and in_force.leaves_draft == unchanged:
        (plan.stay if unchanged else plan.leave).append(in_force.pk)
    if draft is not None and (wanted is None or unchanged):
        plan.drop.append(draft.pk)
    elif draft is not None and wanted is not None and not table.same(draft, wanted):
        wanted.pk = draft.pk
        plan.change.append(wanted)
    elif draft is None and wanted is not None and not unchanged:
        plan.create.append(wanted)


def _carry_out(plan: _Plan, table: Table) -> bool:
    rows: Any = table.model._default_manager
    if plan.drop:
        rows.filter(pk__in=plan.drop).delete()
    if plan.leave:
        rows.filter(pk__in=plan.leave).update(leaves_draft=True)
    if plan.stay:
        rows.filter(pk__in=plan.stay).update(leaves_draft=False)
    if plan.change:
        rows.bulk_update(plan.change, table.says, batch_size=BATCH)
    rows.bulk_create(plan.create, batch_size=BATCH)
    return bool(plan.drop or plan.leave or plan.stay or plan.change or plan.create)
