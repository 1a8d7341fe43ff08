"""What whoever may write to the database tries, past triggers and all, and an operator before anything is signed."""

from __future__ import annotations

from datetime import timedelta

from tests.trail.attacks.registry import attack, drop
from tests.trail.bundles import (
    Bundle,
    World,
    texts,
)


@attack("state", seq=18, object="evidence_revision/17")
def row_changed_past_the_triggers(world: World) -> Bundle:
    world.past_the_capture("evidence_revision/17", title_en="Something else")
    return world.bundle()


@attack("chains", seq=23, object="evidence_revision/17")
def row_changed_past_the_triggers_and_then_properly(world: World) -> Bundle:
    world.past_the_capture("evidence_revision/17", title_en="Something else")
    world.update("evidence_revision/17", title_ja="正")
    return world.bundle()


@attack("state", seq=20, object="evidence_revision/9")
def row_missing(world: World) -> Bundle:
    del world.rows["evidence_revision/9"]
    return world.bundle()


@attack("state", seq=20, object="evidence_revision/9")
def table_missing(world: World) -> Bundle:
    bundle = world.bundle()
    for seq in (9, 15, 16, 18, 19, 21):
        bundle.disclosures = [each for each in bundle.disclosures if each["seq"] != seq]
    del bundle.tables["evidence_revision"], bundle.state["evidence_revision"]
    return bundle


@attack("state", object="evidence_revision/99")
def row_that_no_event_made(world: World) -> Bundle:
    world.rows["evidence_revision/99"] = texts(id=99, title_ja="", title_en="", covers=[])
    return world.bundle()


@attack("state", seq=23, object="evidence_revision/9")
def row_that_was_deleted(world: World) -> Bundle:
    row = world.rows["evidence_revision/9"]
    world.delete("evidence_revision/9")
    world.rows["evidence_revision/9"] = row
    return world.bundle()


@attack("state", seq=21, object="evidence_revision/18")
def row_whose_last_event_is_not_disclosed(world: World) -> Bundle:
    return world.bundle(undisclosed=[21])


@attack("state", seq=21, object="evidence_revision/18")
def row_whose_last_event_is_closed(world: World) -> Bundle:
    return world.bundle(closed={21: [name for name in world.events[21].fields if name.startswith("row.")]})


@attack("state", seq=21, object="evidence_revision/18")
def open_column_changed_beside_a_closed_one(world: World) -> Bundle:
    world.past_the_capture("evidence_revision/18", title_en="Something else")
    return world.bundle(closed={21: ["row.title_ja"]})


@attack("state", seq=18, object="evidence_revision/17")
def row_whose_last_event_is_not_disclosed_after_one_that_is_closed_in_part(world: World) -> Bundle:
    return world.bundle(closed={16: ["row.title_en"]}, undisclosed=[18])


@attack("state", seq=20, object="evidence_revision/9")
def changed_row_before_a_line_that_is_none(world: World) -> Bundle:
    bundle = world.bundle()
    rows = bundle.state["evidence_revision"]
    rows[0] = rows[0].replace("One", "Two")
    rows[-1] = "nonsense"
    return bundle


@attack("state")
def rows_out_of_order(world: World) -> Bundle:
    bundle = world.bundle()
    bundle.state["evidence_revision"].reverse()
    return bundle


# An operator who drops, reorders or invents events before they are signed, all keys and the witness included.


@attack("chains", seq=17, object="evidence_revision/17")
def row_event_dropped(world: World) -> Bundle:
    return drop(world, 16).bundle()


@attack("chains", seq=20, object="evidence_revision/18")
def delete_dropped(world: World) -> Bundle:
    return drop(world, 19).bundle()


@attack("chains", seq=18, object="evidence_revision/18")
def insert_dropped(world: World) -> Bundle:
    return drop(world, 15).bundle()


@attack("state", seq=16, object="evidence_revision/17")
def last_row_event_dropped(world: World) -> Bundle:
    return drop(world, 18).bundle()


@attack("records", seq=17, object="evidence_revision/17")
def row_event_dropped_from_the_log(world: World) -> Bundle:
    return drop(world, 16, versions=False).bundle()


@attack("records", seq=10, object="revision:17")
def transaction_out_of_order(world: World) -> Bundle:
    world.events[9].id, world.events[10].id = world.events[10].id, world.events[9].id
    return world.bundle()


@attack("times", seq=16, object="evidence_revision/17")
def event_of_the_future(world: World) -> Bundle:
    world.events[16].at += timedelta(minutes=6)
    return world.bundle()


@attack("chains", seq=23, object="evidence_revision/50")
def row_taken_over_without_a_shape(world: World) -> Bundle:
    row = world.rows["evidence_revision/50"] = texts(id=50, title_ja="", title_en="", covers=[])
    world.event("row", "baseline", "evidence_revision/50", {f"row.{name}": text for name, text in row.items()})
    return world.bundle()


@attack("disclosures", seq=19, object="evidence_revision/18")
def deleted_row_shown_as_another(world: World) -> Bundle:
    world.events[19].fields["row.title_en"] = '"Something else"'
    return world.bundle()


@attack("disclosures", seq=20, object="evidence_revision/9")
def key_of_another_object(world: World) -> Bundle:
    world.events[20].fields["row.id"] = "10"
    return world.bundle()


@attack("disclosures", seq=20, object="evidence_revision/9")
def text_that_is_no_json(world: World) -> Bundle:
    world.events[20].fields["row.title_en"] = '"One'
    return world.bundle()


@attack("disclosures", seq=20, object="evidence_revision/9")
def text_with_a_doubled_key(world: World) -> Bundle:
    world.events[20].fields["row.covers"] = '{"a": 1, "a": 2}'
    return world.bundle()


@attack("disclosures", seq=22)
def field_of_another_kind(world: World) -> Bundle:
    event = world.events[22]
    event.fields["row.id"], event.salts["row.id"] = "1", bytes(16)
    return world.bundle()


@attack("records", seq=12)
def leaf_that_is_not_canonical(world: World) -> Bundle:
    bundle = world.bundle()
    bundle.leaves[12] = bundle.leaves[12].replace(b'","', b'", "', 1)
    return bundle


@attack("records", seq=12)
def leaf_with_a_doubled_key(world: World) -> Bundle:
    bundle = world.bundle()
    bundle.leaves[12] = bundle.leaves[12].replace(b'"v":1', b'"v":1,"v":1')
    return bundle


@attack("records", seq=12)
def leaf_with_a_number_beyond_2_to_the_53(world: World) -> Bundle:
    world.events[12].id = 2**53
    return world.bundle()


@attack("records", seq=12)
def leaf_of_an_impossible_day(world: World) -> Bundle:
    bundle = world.bundle()
    bundle.leaves[12] = bundle.leaves[12].replace(b"2026-04-01", b"2026-02-30")
    return bundle
