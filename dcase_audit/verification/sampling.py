"""A sample: which acceptances of a case a reader is given to examine, drawn so that nobody could choose them.

It is ordered first, by an event of the log; the root of the next witnessed checkpoint draws it then
(``docs/verification.md`` section 2).
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from django.db import transaction

from dcase_audit.cases.models import Case
from dcase_audit.errors import Invalid
from dcase_audit.trail.covering import awaited, covering
from dcase_audit.trail.events import record
from dcase_audit.trail.statements import rows
from evidence.models import Decision

TABLE = "evidence_decision"
ORDERED = "bundle.sampled"
MOST = 10_000
DRAW = b"dcase-audit/sample/v1\0"
# What both verifiers know a file by that was left out because its revision was not drawn.
NOT_DRAWN = "not drawn: ask for it where it is wanted / 標本に抽出されていません。求めがあれば渡します"
SIZE_REFUSED = f"A sample is of 1 to {MOST:,} acceptances."

State = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Order:
    """That a sample of ``count`` acceptances of a case is wanted, and the transaction that says so."""

    case: Case
    count: int
    xid: int


class Seed(NamedTuple):
    """The number of the event that orders a sample, and the checkpoint that draws it."""

    order: int
    size: int
    root: bytes


class Drawn(NamedTuple):
    """An acceptance that was drawn: ids, and what a reader looks for."""

    decision: int
    revision: int
    number: int
    artefact: str
    title: str
    by: str
    at: str

    def __str__(self) -> str:
        named = f"{self.artefact} r{self.number} (revision {self.revision}, decision {self.decision})"
        return f"{named}: {self.title}; {self.by}, {self.at}"


@dataclass(frozen=True)
class Sample:
    """What was drawn, from how many."""

    seed: Seed
    count: int
    population: int
    drawn: list[Drawn]

    def header(self) -> dict[str, Any]:
        """Return what the header of the bundle says of it."""
        return {
            "table": TABLE,
            "order": self.seed.order,
            "checkpoint": self.seed.size,
            "count": self.count,
            "population": self.population,
            "drawn": [str(each.decision) for each in self.drawn],
        }

    def left_out(self, state: State) -> set[int]:
        """Return the ids of the files that belong to revisions of which none was drawn."""
        revisions = {each.revision for each in self.drawn}
        parts = [(row["file_id"], row["revision_id"] in revisions) for row in _rows(state["evidence_revisionfile"])]
        return {file for file, _ in parts} - {file for file, is_drawn in parts if is_drawn}

    def lines(self) -> list[str]:
        """Return it in words: how it was drawn, and one acceptance a line."""
        head = (
            f"sample: {len(self.drawn):,} of {self.population:,} acceptances, drawn by the root of the checkpoint"
            f" of size {self.seed.size:,}, ordered before it by record {self.seed.order:,}"
        )
        return [head, *(f"  {each}" for each in self.drawn)]


def order(*, case: Case, count: int) -> Order:
    """Write down that a sample is wanted, before anybody can know which one it is going to be.

    Raises:
        Invalid: nobody can be given so many (422).
    """
    if not 1 <= count <= MOST:
        raise Invalid(SIZE_REFUSED, pointer="/sample")
    with transaction.atomic(durable=True):
        record(ORDERED, f"case:{case.pk}", count=count)
        ((xid,),) = rows("SELECT pg_current_xact_id()::text::bigint")
    return Order(case, count, xid)


def seed_of(order: Order) -> Seed:
    """Return what draws the sample, once it is witnessed.

    Raises:
        NotWitnessed: the sequencer or every witness is away or behind (503).
    """
    number = awaited(lambda: _number_of(order))
    checkpoint = covering(number + 1)
    return Seed(number, checkpoint.size, checkpoint.root)


def sample_of(seed: Seed, count: int, state: State) -> Sample:
    """Draw from the acceptances that the state shows and that were in the log before the order."""
    accepted = {row["id"]: row for row in _rows(state[TABLE]) if row["kind"] == Decision.Kind.ACCEPTED}
    population = accepted.keys() & _begun_before(seed.order)
    drawn = draw(seed.root, population, count)
    return Sample(seed, count, len(population), _described([accepted[key] for key in drawn], state))


def draw(root: bytes, keys: Iterable[int], count: int) -> list[int]:
    """Return the ``count`` keys of which a digest of root and key is smallest, in ascending order; all if fewer."""
    return sorted(heapq.nsmallest(count, keys, key=lambda key: sha256(DRAW + root + b"%d" % key).digest()))


def _number_of(order: Order) -> int | None:
    ((number,),) = rows(
        "SELECT max(seq) FROM trail.log WHERE xid = %s AND kind = %s AND object = %s",
        [order.xid, ORDERED, f"case:{order.case.pk}"],
    )
    return None if number is None else int(number)


def _begun_before(seq: int) -> set[int]:
    """Return the keys of decisions whose insert, or what they were taken over by, stands before an event."""
    found = rows(
        "SELECT split_part(object, '/', 2)::bigint FROM trail.log WHERE source = 'row' AND object LIKE %s"
        " AND (kind = 'insert' OR version = 1) GROUP BY object HAVING max(seq) < %s",
        [f"{TABLE}/%", seq],
    )
    return {key for (key,) in found}


def _described(decisions: list[dict[str, Any]], state: State) -> list[Drawn]:
    revisions = _among(state["evidence_revision"], {row["revision_id"] for row in decisions})
    artefacts = _among(state["evidence_artefact"], {row["artefact_id"] for row in revisions.values()})
    people = _among(state["accounts_user"], {row["by_id"] for row in decisions})
    found = []
    for row in decisions:
        revision = revisions[row["revision_id"]]
        artefact, person = artefacts[revision["artefact_id"]], people.get(row["by_id"])
        by = _both(person["name_ja"], person["name_en"]) or person["username"] if person else row["by_rule"] or "-"
        title = _both(artefact["title_ja"], artefact["title_en"])
        found.append(Drawn(row["id"], revision["id"], revision["number"], artefact["key"], title, by, row["at"]))
    return found


def _among(lines: Iterable[str], keys: set[int]) -> dict[int, dict[str, Any]]:
    return {row["id"]: row for row in _rows(lines) if row["id"] in keys}


def _rows(lines: Iterable[str]) -> Iterable[dict[str, Any]]:
    return (json.loads(line) for line in lines)


def _both(ja: str, en: str) -> str:
    return " / ".join(filter(None, (ja, en)))
