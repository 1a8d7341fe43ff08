"""What whoever holds the file tries, without any key."""

from __future__ import annotations

import json
from dataclasses import replace

from tests.trail.attacks.registry import PROCEDURE, as_published, attack, replaced, resized
from tests.trail.bundles import (
    Bundle,
    World,
    small_world,
)


@attack("leaves", checkpoint=23)
def edited_leaf(world: World) -> Bundle:
    return replaced(world.bundle(), "tile/entries/000.p/23", b"09:00:17.000000Z", b"09:00:17.000001Z")


@attack("leaves", checkpoint=11)
def edited_leaf_of_an_earlier_checkpoint(world: World) -> Bundle:
    return replaced(world.bundle(), "tile/entries/000.p/23", b"09:00:03.000000Z", b"09:00:03.000001Z")


@attack("leaves", "disclosures", seq=16, object="evidence_revision/17")
def edited_root_of_fields(world: World) -> Bundle:
    fields = json.loads(world.leaves()[16])["fields"].encode()
    return replaced(world.bundle(), "tile/entries/000.p/23", fields, fields[::-1])


@attack("disclosures", seq=9, object="evidence_revision/17")
def edited_disclosure(world: World) -> Bundle:
    return replaced(world.bundle(), "disclosures.jsonl", "夜間復旧手順".encode(), "昼間復旧手順".encode())


@attack("disclosures", seq=21, object="evidence_revision/18")
def altered_commitment_of_a_closed_field(world: World) -> Bundle:
    bundle = world.bundle(closed={21: ["row.title_ja"]})
    commitment = world.events[21].commitment("row.title_ja").hex().encode()
    return replaced(bundle, "disclosures.jsonl", commitment, commitment[::-1])


@attack("disclosures", seq=10, object="revision:17")
def field_left_out(world: World) -> Bundle:
    bundle = world.bundle()
    bundle.disclosures[10]["fields"].pop()
    return bundle


@attack("disclosures", seq=11, object="evidence_storedfile/3")
def disclosure_of_another_event(world: World) -> Bundle:
    bundle = world.bundle()
    bundle.disclosures[11]["fields"] = bundle.disclosures[13]["fields"]
    return bundle


@attack("disclosures", seq=9)
def disclosure_twice(world: World) -> Bundle:
    bundle = world.bundle()
    bundle.disclosures.insert(10, bundle.disclosures[9])
    return bundle


@attack("checkpoint", "leaves", "records", seq=9)
def deleted_leaf(world: World) -> Bundle:
    bundle = world.bundle()
    bundle.changed["checkpoint"] = bundle.checkpoint().encode()
    bundle.leaves = bundle.leaves[:9] + bundle.leaves[10:]
    bundle.times[len(bundle.leaves)] = bundle.times[23]
    bundle.changed["checkpoints/000000000011"] = world.bundle().checkpoint(11).encode()
    bundle.changed["checkpoints/000000000018"] = world.bundle().checkpoint(18).encode()
    return resized(bundle, 22)


@attack("checkpoint", "leaves", "records", seq=10, object="evidence_revision/17")
def inserted_leaf(world: World) -> Bundle:
    honest = world.bundle()
    bundle = replace(honest, leaves=[*honest.leaves[:10], honest.leaves[9], *honest.leaves[10:]])
    return as_published(resized(bundle, 24), honest)


@attack("leaves", "records", seq=9, object="revision:17")
def reordered_leaves(world: World) -> Bundle:
    honest = world.bundle()
    swapped = [*honest.leaves[:9], honest.leaves[10], honest.leaves[9], *honest.leaves[11:]]
    return as_published(replace(honest, leaves=swapped), honest)


@attack("checkpoint", "leaves", "disclosures", checkpoint=23)
def truncated_tail(world: World) -> Bundle:
    honest = world.bundle()
    bundle = replace(honest, leaves=honest.leaves[:20], state_size=20)
    return as_published(resized(bundle, 20), honest)


@attack("container")
def missing_tile(world: World) -> Bundle:
    bundle = world.bundle()
    bundle.changed["tile/entries/000.p/23"] = None
    return bundle


@attack("container")
def tile_of_a_larger_log(world: World) -> Bundle:
    bundle = world.bundle()
    bundle.changed["tile/entries/001"] = b""
    return bundle


@attack("leaves", "records", seq=23)
def rest_in_a_tile(world: World) -> Bundle:
    bundle = world.bundle()
    bundle.changed["tile/entries/000.p/23"] = bundle.members()["tile/entries/000.p/23"] + b"\x00"
    return bundle


@attack("files", object="file 62c345be0a8a308e01c1d60cb60b00369aa781a640367dc8761aedd60e1e94d7")
def swapped_file(world: World) -> Bundle:
    bundle = world.bundle()
    (digest,) = bundle.files
    bundle.files[digest] = b"another procedure\n"
    return bundle


@attack("files", object="evidence_revision/17")
def file_left_out(world: World) -> Bundle:
    bundle = world.bundle()
    bundle.files.clear()
    return bundle


@attack("files")
def file_of_no_row(world: World) -> Bundle:
    bundle = world.bundle()
    bundle.files["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"] = b""
    return bundle


@attack("files")
def withheld_without_a_reason(world: World) -> Bundle:
    bundle = world.bundle()
    bundle.withheld[0]["reason"] = " "
    return bundle


@attack("files")
def withheld_and_there(world: World) -> Bundle:
    bundle = world.bundle()
    bundle.withheld.append({"sha256": next(iter(bundle.files)), "reason": "why not"})
    return bundle


@attack("files", object=f"file {PROCEDURE}")
def disposed_of_and_there(world: World) -> Bundle:
    there = dict(world.files)
    world.dispose(PROCEDURE, id=1, file=3)
    bundle = world.bundle()
    bundle.files = there
    return bundle


@attack("files", object="evidence_revision/17")
def file_left_out_whose_disposal_was_stopped(world: World) -> Bundle:
    world.dispose(PROCEDURE, id=1, file=3, stopped_at="2026-04-01T09:00:31+00:00")
    return world.bundle()


@attack("files", object="evidence_revision/17")
def file_left_out_that_was_received_anew(world: World) -> Bundle:
    world.dispose(PROCEDURE, id=1, file=3, restored_at="2026-04-01T09:00:31+00:00")
    return world.bundle()


@attack("files", object=f"file {PROCEDURE}")
def disposed_of_and_withheld(world: World) -> Bundle:
    world.dispose(PROCEDURE, id=1, file=3)
    bundle = world.bundle()
    bundle.withheld.append({"sha256": PROCEDURE, "reason": "why not"})
    return bundle


@attack("state", object="evidence_disposal/1")
def disposal_that_no_event_tells_of(world: World) -> Bundle:
    world.dispose(PROCEDURE, id=1, file=3)
    row = world.rows["evidence_disposal/1"]
    world = small_world()
    world.files.clear()
    world.rows["evidence_disposal/1"], world.keys["evidence_disposal"] = row, "id"
    return world.bundle()


@attack("cases", object="cases_case/1")
def edited_case(world: World) -> Bundle:
    return replaced(world.bundle(), "cases/exchange.json", b'"edition":1', b'"edition":2')
