"""Sampled bundles made by hand, as an honest operator would give them away; naive, and with nothing of the verifier."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.trail.bundles import Bundle, World, sha256

TABLES = (
    "accounts_user",
    "evidence_artefact",
    "evidence_revision",
    "evidence_decision",
    "evidence_storedfile",
    "evidence_revisionfile",
    "cases_case",
    "cases_edition",
)
NOT_DRAWN = "not drawn: ask for it where it is wanted / 標本に抽出されていません。求めがあれば渡します"
# The decisions of ``sampled_world`` that its sample is drawn from, and those of them that are drawn.
POPULATION = ["2", "4", "6", "8", "10"]
DRAWN = ["4", "10"]


def sampled_world() -> World:
    """Return a world in which five revisions are accepted, a sample of two is ordered, and a sixth one is accepted."""
    world = World(6)
    for table in TABLES:
        world.shape(table)
    world.edition("exchange", '{"case":"exchange","edition":1,"format":"dcase-edition/1","nodes":[]}', id=1)
    world.insert("accounts_user", id=5, username="ken", name_ja="山田 健", name_en="Ken Yamada")
    world.insert("evidence_artefact", id=3, key="night-recovery", title_ja="夜間復旧手順", title_en="Night recovery")
    for number in range(1, 6):
        accept(world, number)
    world.update("evidence_artefact/3", title_en="The night rule")
    world.publish()
    world.say("bundle.sampled", "case:1", count=2)
    world.publish()
    accept(world, 6)
    return world


def accept(world: World, number: int) -> None:
    """Have a revision submitted and accepted; the second one is confidential, the fifth is accepted by a rule."""
    revision = 20 + number
    world.insert("evidence_revision", id=revision, artefact_id=3, number=number)
    content = f"procedure {number}\n".encode()
    world.store(content, id=number, revision=revision, withheld="confidential" if number == 2 else "")
    said: dict[str, Any] = {"revision_id": revision, "at": f"2026-03-0{number}T09:00:00+00:00"}
    world.insert("evidence_decision", id=2 * number - 1, kind="submitted", by_id=4, by_rule="", **said)
    by: dict[str, Any] = {"by_id": None, "by_rule": "drills"} if number == 5 else {"by_id": 5, "by_rule": ""}
    world.insert("evidence_decision", id=2 * number, kind="accepted", **by, **said)


def order_of(world: World) -> int:
    """Return the number of the first event that orders a sample."""
    return next(event.seq for event in world.events if event.kind == "bundle.sampled")


def draw(bundle: Bundle, size: int, keys: Sequence[str], count: int) -> list[str]:
    """Return the keys that the root of a checkpoint draws, word for word as docs/verification.md section 2 has it."""
    root = base64.b64decode(bundle.checkpoint(size).split("\n")[2])
    digests = {sha256(b"dcase-audit/sample/v1" + b"\x00" + root + key.encode("ascii")): key for key in keys}
    return sorted((digests[digest] for digest in sorted(digests)[:count]), key=int)


def sampled(
    world: World,
    *,
    count: int = 2,
    order: int | None = None,
    size: int | None = None,
    keys: Sequence[str] | None = None,
    state: Mapping[str, dict[str, str]] | None = None,
    **others: Any,
) -> Bundle:
    """Return the bundle of everything but the files that were not drawn; ``size``: by which checkpoint they were.

    ``keys``: from which decisions; ``state``: the rows that are shown.
    """
    bundle = world.bundle(state=state, **others)
    order = order_of(world) if order is None else order
    size = min(each for each in bundle.times if each > order) if size is None else size
    begun = {event.object: event.seq for event in reversed(world.events) if event.source == "row"}
    if keys is None:
        keys = [
            row["id"]
            for named, row in (world.rows if state is None else state).items()
            if named.startswith("evidence_decision/") and row["kind"] == '"accepted"' and begun[named] < order
        ]
    drawn = draw(bundle, size, keys, count)
    bundle.header["sample"] = {
        "table": "evidence_decision",
        "order": order,
        "checkpoint": size,
        "count": count,
        "population": len(keys),
        "drawn": drawn,
    }
    revisions = {world.rows[f"evidence_decision/{key}"]["revision_id"] for key in drawn}
    for named, row in world.rows.items():
        if named.startswith("evidence_revisionfile/") and row["revision_id"] not in revisions:
            digest = json.loads(world.rows[f"evidence_storedfile/{row['file_id']}"]["sha256"])
            if bundle.files.pop(digest, None) is not None:
                bundle.withheld.append({"sha256": digest, "reason": NOT_DRAWN})
    return bundle
