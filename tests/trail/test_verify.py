"""What a third party finds out with ``verify.py``: a bundle that is whole, and one attack at a time."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.trail.authorities import Stamper
from tests.trail.bundles import (
    DEMO_WITNESS,
    LOG,
    SECOND_WITNESS,
    WITNESS,
    Bundle,
    Signer,
    World,
    packed,
    policy,
    small_world,
    stamped,
    texts,
)
from tests.trail.verifier import Outcome, run, run_here

BOTH = policy(("w1", WITNESS), ("w2", SECOND_WITNESS), groups=["group both all w1 w2"], quorum="both")
FORGER = Signer(LOG.name, 1, b"forger")


def seq_of(world: World, object: str, version: int) -> int:
    """Return the number of an object's event."""
    return next(event.seq for event in world.events if (event.object, event.version) == (object, version))


def replaced(bundle: Bundle, member: str, old: bytes, new: bytes) -> Bundle:
    """Exchange bytes of a member after everything was signed."""
    data = bundle.members()[member]
    assert old in data
    bundle.changed[member] = data.replace(old, new, 1)
    return bundle


# --- A bundle that is whole -----------------------------------------------------------------------------------------


def test_a_bundle_is_verified_and_the_report_says_what_was_not_checked() -> None:
    outcome = run(small_world().bundle().zip())

    assert outcome.status == 0 and outcome.report["verdict"] == "verified"
    left = [each["check"] for each in outcome.report["checks"] if each["outcome"] != "ok"]
    assert left == ["known_checkpoints", "timestamps"]
    assert outcome.report["log"]["complete_up_to"] == len(small_world().events)
    assert outcome.report["log"]["witnessed_at"] == "2026-04-01T09:00:21Z"
    assert outcome.report["tables"]["evidence_revision"] == {"live": 3, "disclosed": 3}
    assert outcome.report["counts"]["withheld_files"] == 1


def test_a_file_that_was_disposed_of_is_said_to_be_and_not_missed() -> None:
    world = small_world()
    world.dispose(PROCEDURE, id=1, file=3)

    outcome = run(world.bundle().zip())

    assert outcome.status == 0
    assert outcome.report["counts"]["disposed_files"] == 1
    assert outcome.report["disposed"] == [
        {
            "sha256": PROCEDURE,
            "at": "2026-04-01T09:00:30+00:00",
            "basis": "law",
            "text_ja": "法令",
            "text_en": "A law",
        }
    ]
    assert "0 files; 1 are withheld; 1 were disposed of" in outcome.says("files")


def test_nothing_rests_on_what_is_closed_of_a_disposal() -> None:
    world = small_world()
    world.dispose(PROCEDURE, id=1, file=3)
    seq = seq_of(world, "evidence_disposal/1", 1)

    outcome = run_here(world.bundle(closed={seq: ["row.stopped_at"]}).zip())

    assert outcome.status == 0
    assert "stopped_at of evidence_disposal/1" in outcome.says("files")


def test_a_log_without_events_is_verified() -> None:
    assert run(World().bundle().zip()).status == 0


def test_a_log_of_several_tiles_is_verified_by_several_processes() -> None:
    world = World()
    for key in range(1, 601):
        world.insert("evidence_revision", id=key)
        if key in (255, 256, 257, 300, 512):
            world.publish()

    outcome = run(world.bundle().zip(), more=["--jobs", "2"])

    assert outcome.status == 0
    assert "those of 5 earlier checkpoints; 6 in all are witnessed" in outcome.says("leaves")


def test_a_demo_witness_is_said_to_be_the_operators_own() -> None:
    bundle = small_world().bundle(witnesses=[DEMO_WITNESS])

    (witness,) = run(bundle.zip(), policy=policy(("demo", DEMO_WITNESS))).report["log"]["witnesses"]

    assert witness["independent"] is False
    assert witness["remark"] == "operated by the same host (demo): NOT independent"


def test_without_a_witness_the_policy_decides_and_the_report_says_so() -> None:
    outcome = run_here(small_world().bundle(witnesses=[]).zip(), policy=policy(quorum="none"))

    assert outcome.status == 0
    assert "nobody but the operator" in outcome.says("checkpoint")
    assert outcome.outcome("times") == "not checked"
    assert outcome.report["log"]["witnessed_at"] is None


def test_events_of_a_set_clock_are_counted() -> None:
    world = small_world()
    world.context["clock"] = "2025-01-01T00:00:00+00:00"
    world.say("drill.ended", "drill:1")

    assert run_here(world.bundle().zip()).report["counts"]["set_clock"] == 1


def test_an_event_that_was_recorded_late_is_counted_and_not_refuted() -> None:
    world = small_world()
    world.say("drill.ended", "drill:1")
    world.events[-1].at -= timedelta(minutes=6)

    outcome = run_here(world.bundle().zip())

    assert outcome.status == 0
    assert outcome.report["counts"]["recorded_late"] == 1
    assert outcome.report["log"]["first_recorded_late"] == world.events[-1].seq


def test_the_state_may_be_older_than_the_log() -> None:
    world = small_world()
    size, rows = len(world.events), {named: dict(row) for named, row in world.rows.items()}
    world.update("evidence_revision/17", title_en="later")
    world.delete("evidence_revision/9")

    assert run_here(world.bundle(state_size=size, state=rows).zip()).status == 0
    assert run_here(world.bundle(state_size=size).zip()).refuted == ["state"]


def test_a_redacted_field_is_said_to_be_closed_and_the_rest_still_verifies() -> None:
    world = small_world()
    seq = seq_of(world, "evidence_revision/18", 3)

    outcome = run(world.bundle(closed={seq: ["row.title_ja", "context.actor"]}).zip())

    assert outcome.status == 0
    assert outcome.report["counts"]["closed_fields"] == 2
    assert "1 only in their open columns" in outcome.says("state")


@pytest.mark.parametrize(
    ("object", "column", "check"),
    [
        ("cases_edition/1", "sha256", "cases"),
        ("cases_case/1", "slug", "cases"),
        ("evidence_storedfile/3", "size", "files"),
        ("evidence_revisionfile/4", "file_id", "files"),
    ],
)
def test_a_check_that_rests_on_a_closed_column_is_not_made(object: str, column: str, check: str) -> None:
    """Nothing proves what the state shows in such a column, so that a forged document could be held against it."""
    world = small_world()

    outcome = run_here(world.bundle(closed={seq_of(world, object, 1): [f"row.{column}"]}).zip())

    assert (outcome.status, outcome.outcome(check)) == (0, "not checked")
    assert f"{column} of {object}" in outcome.says(check)


def test_a_change_after_a_closed_row_is_counted_as_not_checked() -> None:
    world = small_world()
    seq = seq_of(world, "evidence_revision/17", 1)

    outcome = run_here(world.bundle(closed={seq: ["row.title_ja"]}).zip())

    assert outcome.status == 0
    assert outcome.report["counts"]["not_chained"] == 1


def test_rows_are_taken_over_again_after_a_change_of_shape() -> None:
    world = small_world()
    for row in world.rows.values():
        row["added"] = '""'
    world.shape("evidence_revision")

    outcome = run_here(world.bundle(state={k: v for k, v in world.rows.items() if k.startswith("evidence_rev")}).zip())

    assert outcome.outcome("chains") == "ok"
    assert outcome.report["counts"]["rebased"] == 3


def test_known_checkpoints_are_prefixes() -> None:
    bundle = small_world().bundle()

    outcome = run(bundle.zip(), known=[bundle.checkpoint(), bundle.checkpoint(min(bundle.times))])

    assert outcome.status == 0
    assert outcome.outcome("known_checkpoints") == "ok"


# --- Attacks: what each changes, the checks that refute it, and the record or checkpoint that is named first --------

Attack = Callable[[World], "Bundle | bytes"]
ATTACKS: dict[str, tuple[Attack, list[str], dict[str, Any]]] = {}


def attack(*checks: str, **bad: Any) -> Callable[[Attack], Attack]:
    def keep(function: Attack) -> Attack:
        ATTACKS[function.__name__] = function, list(checks), bad
        return function

    return keep


# Whoever holds the file, without any key.


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


PROCEDURE = "62c345be0a8a308e01c1d60cb60b00369aa781a640367dc8761aedd60e1e94d7"


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


# Whoever may write to the database, past triggers and all.


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


# Whoever holds the log's key, but no witness.


@attack("checkpoint", "leaves", "chains", seq=16, object="evidence_revision/17")
def history_signed_anew_without_the_witness(world: World) -> Bundle:
    honest = world.bundle()
    world.events[9].fields["row.title_en"] = '"Another rule"'
    forked = world.bundle(witnesses=[Signer(WITNESS.name, 4, b"not the witness")])
    forked.changed["checkpoints/000000000011"] = honest.checkpoint(11).encode()
    return forked


@attack("checkpoint", "chains", "state")
def history_signed_anew_throughout(world: World) -> Bundle:
    world.events[9].fields["row.title_en"] = '"Another rule"'
    world.past_the_capture("evidence_revision/17", title_en="Another rule")
    return world.bundle(witnesses=[])


@attack("checkpoint", checkpoint=23)
def signed_by_another_log_key(world: World) -> Bundle:
    bundle = world.bundle(log=FORGER)
    for size in (11, 18):
        bundle.changed[f"checkpoints/{size:012d}"] = world.bundle().checkpoint(size).encode()
    return bundle


@attack("leaves", checkpoint=11)
def earlier_checkpoint_by_another_key(world: World) -> Bundle:
    bundle = world.bundle()
    bundle.changed["checkpoints/000000000011"] = world.bundle(log=FORGER).checkpoint(11).encode()
    return bundle


@attack("leaves", checkpoint=23)
def second_checkpoint_of_the_same_size(world: World) -> Bundle:
    """The log signed two histories of one size: whoever shows both refutes it."""
    bundle = world.bundle()
    world.events[9].salts = {name: bytes(16) for name in world.events[9].fields}
    bundle.changed["checkpoints/000000000023"] = world.bundle().checkpoint().encode()
    return bundle


@attack("leaves", checkpoint=11)
def earlier_checkpoint_under_another_size(world: World) -> Bundle:
    bundle = world.bundle()
    bundle.changed["checkpoints/000000000011"] = bundle.checkpoint(18).encode()
    return bundle


@attack("checkpoint", checkpoint=23)
def bad_cosignature(world: World) -> Bundle:
    bundle = world.bundle()
    text, gap, signatures = bundle.checkpoint().rpartition("\n\n")
    other = bundle.checkpoint(18).splitlines()[-1]
    bundle.changed["checkpoint"] = f"{text}{gap}{signatures.splitlines()[0]}\n{other}\n".encode()
    return bundle


@attack("checkpoint", checkpoint=23)
def checkpoint_of_another_origin(world: World) -> Bundle:
    other = replace(world.bundle(), origin="elsewhere.example/log")
    bundle = world.bundle()
    bundle.changed["checkpoint"] = other.checkpoint().encode()
    return bundle


@attack("checkpoint", "leaves", checkpoint=11)
def log_that_the_policy_does_not_know(world: World) -> Bundle:
    bundle = world.bundle(log=Signer("elsewhere.example/log", 1, b"log"))
    bundle.origin = "elsewhere.example/log"
    return bundle


# The container.


@attack("container")
def doubled_member(world: World) -> bytes:
    return packed(world.bundle().members(), more=["disclosures.jsonl"])


@attack("container")
def member_that_does_not_belong(world: World) -> bytes:
    return packed({**world.bundle().members(), "verify.py": b""})


@attack("container")
def trailing_bytes(world: World) -> bytes:
    return world.bundle().zip() + b"\x00"


@attack("container")
def leading_bytes(world: World) -> bytes:
    return b"\x00" + world.bundle().zip()


@attack("container")
def doubled_key_in_the_header(world: World) -> Bundle:
    return replaced(world.bundle(), "bundle.json", b'"size": 23', b'"size": 23, "size": 23')


@attack("disclosures")
def doubled_key_in_a_disclosure(world: World) -> Bundle:
    return replaced(world.bundle(), "disclosures.jsonl", b'{"seq": 9', b'{"seq": 9, "seq": 9')


@attack("disclosures")
def last_line_cut_off(world: World) -> Bundle:
    bundle = world.bundle()
    bundle.changed["disclosures.jsonl"] = bundle.members()["disclosures.jsonl"][:-1]
    return bundle


@attack("container")
def timestamp_of_a_later_checkpoint(world: World) -> Bundle:
    bundle = world.bundle()
    bundle.changed["timestamps/000000000099.tsr"] = b""
    return bundle


@attack("timestamps", checkpoint=5)
def timestamp_of_no_checkpoint(world: World) -> Bundle:
    bundle = world.bundle()
    bundle.changed["timestamps/000000000005.tsr"] = b""
    return bundle


def resized(bundle: Bundle, size: int) -> Bundle:
    """Have the header tell the size of what is left."""
    bundle.header["state_size"] = size
    return bundle


def as_published(bundle: Bundle, honest: Bundle) -> Bundle:
    """Keep the checkpoints that were signed; there is no key to sign others."""
    for size in honest.times:
        name = "checkpoint" if size == 23 else f"checkpoints/{size:012d}"
        bundle.changed[name] = honest.checkpoint(size).encode()
    bundle.times = {**honest.times, len(bundle.leaves): honest.times[23]}
    return bundle


def drop(world: World, seq: int, *, versions: bool = True) -> World:
    """Take an event out before the log is written; ``versions``: nothing of it is left in the numbering."""
    gone = world.events.pop(seq)
    for event in world.events[seq:]:
        event.seq -= 1
        event.version -= versions and event.object == gone.object
    world.checkpoints.clear()
    return world


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_refuted_and_its_place_is_named(name: str) -> None:
    function, checks, bad = ATTACKS[name]
    honest = run_here(small_world().bundle().zip())
    made = function(small_world())

    outcome = run(made if isinstance(made, bytes) else made.zip())

    assert honest.status == 0
    assert outcome.status == 1
    assert outcome.refuted == checks
    assert {key: outcome.bad[key] for key in bad} == bad


# --- What the policy and the verifier's own checkpoints decide ------------------------------------------------------


def test_without_a_policy_nothing_is_verified() -> None:
    outcome = run(small_world().bundle().zip(), policy=None)

    assert outcome.status == 2
    assert outcome.report["problem"] == "no policy: name your own with --policy"


def test_a_quorum_that_is_missing_refutes() -> None:
    alone, together = small_world().bundle(), small_world().bundle(witnesses=[WITNESS, SECOND_WITNESS])

    assert run(together.zip(), policy=BOTH).status == 0
    assert run(alone.zip(), policy=BOTH).refuted == ["checkpoint"]


def test_one_bad_cosignature_refutes_though_the_others_would_be_enough() -> None:
    either = policy(("w1", WITNESS), ("w2", SECOND_WITNESS), groups=["group one any w1 w2"], quorum="one")
    bundle = small_world().bundle(witnesses=[WITNESS, SECOND_WITNESS])
    bad = bundle.checkpoint().replace(bundle.checkpoint().splitlines()[-1], bundle.checkpoint(18).splitlines()[-1])

    assert run_here(bundle.zip(), policy=either).status == 0
    bundle.changed["checkpoint"] = bad.encode()
    assert run_here(bundle.zip(), policy=either).refuted == ["checkpoint"]


def test_an_old_bundle_is_refuted_by_a_later_checkpoint_that_is_known() -> None:
    world = small_world()
    old = world.bundle()
    world.say("drill.ended", "drill:1")

    outcome = run(old.zip(), known=[world.bundle().checkpoint()])

    assert (outcome.status, outcome.refuted) == (1, ["known_checkpoints"])
    assert outcome.bad["checkpoint"] == 24
    assert run_here(old.zip(), known=[old.checkpoint()]).status == 0


@pytest.mark.parametrize("size", [11, 23])
def test_another_history_is_refuted_by_one_checkpoint_that_is_known(size: int) -> None:
    honest, world = small_world().bundle(), small_world()
    world.events[5].salts = {name: bytes(16) for name in world.events[5].fields}

    forked = world.bundle()

    assert run_here(forked.zip()).status == 0
    assert run_here(forked.zip(), known=[honest.checkpoint(size)]).refuted == ["known_checkpoints"]


# --- Time stamps and editions ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stamper(tmp_path_factory: pytest.TempPathFactory) -> Stamper:
    return Stamper(tmp_path_factory.mktemp("tsa"))


@pytest.fixture(scope="module")
def other_stamper(tmp_path_factory: pytest.TempPathFactory) -> Stamper:
    return Stamper(tmp_path_factory.mktemp("other"), chain=True)


@pytest.mark.openssl
def test_time_stamps_are_checked_by_openssl_where_certificates_are_given(stamper: Stamper) -> None:
    bundle = small_world().bundle()
    certificates = ["--tsa-certificates", str(stamper.root)]

    bundle.changed["timestamps/000000000023.tsr"] = stamper.over(stamped(bundle.checkpoint(23)))
    good, unchecked = run(bundle.zip(), more=certificates), run(bundle.zip())
    bundle.changed["timestamps/000000000023.tsr"] = stamper.over(bundle.checkpoint().encode())
    bad = run(bundle.zip(), more=certificates)

    assert (good.status, good.outcome("timestamps")) == (0, "ok")
    assert good.report["log"]["timestamped_at"] > "2026"
    assert (unchecked.status, unchecked.outcome("timestamps")) == (0, "not checked")
    assert unchecked.report["counts"]["timestamps"] == 1
    assert (bad.refuted, bad.bad["checkpoint"]) == (["timestamps"], 23)


@pytest.mark.openssl
def test_time_stamps_of_several_authorities_are_told_apart(stamper: Stamper, other_stamper: Stamper) -> None:
    bundle = small_world().bundle()
    bundle.changed["timestamps/000000000011.tsr"] = stamper.over(stamped(bundle.checkpoint(11)))
    bundle.changed["timestamps/000000000023.tsr"] = stamper.over(stamped(bundle.checkpoint(23)))
    bundle.changed["timestamps/000000000023-2.tsr"] = other_stamper.over(stamped(bundle.checkpoint(23)))
    both = stamper.home / "both.pem"
    both.write_bytes(stamper.root.read_bytes() + other_stamper.root.read_bytes())

    def trusting(path: Path) -> Outcome:
        return run(bundle.zip(), more=["--tsa-certificates", str(path)])

    assert trusting(both).says("timestamps").startswith("3, the last of 20")
    assert "2, the last of" in trusting(stamper.root).says("timestamps")
    assert "1 by authorities that your certificates do not cover" in trusting(stamper.root).says("timestamps")
    assert trusting(stamper.root).outcome("timestamps") == "ok"
    bundle.changed["timestamps/000000000023-2.tsr"] = other_stamper.over(b"something else")
    assert trusting(both).refuted == ["timestamps"]


@pytest.mark.openssl
def test_a_time_stamp_of_an_unknown_authority_proves_nothing(stamper: Stamper, other_stamper: Stamper) -> None:
    bundle = small_world().bundle()
    bundle.changed["timestamps/000000000023.tsr"] = other_stamper.over(stamped(bundle.checkpoint(23)))

    outcome = run(bundle.zip(), more=["--tsa-certificates", str(stamper.root)])

    assert (outcome.status, outcome.outcome("timestamps")) == (0, "not checked")
    assert "timestamped_at" not in outcome.report["log"]


def test_a_bundle_about_an_earlier_moment_has_the_edition_of_that_moment() -> None:
    def at(moment: str) -> Outcome:
        world = small_world()
        published_at = "2026-05-01T09:00:00+09:00"
        world.insert("cases_edition", id=2, case_id=1, number=2, sha256="00", published_at=published_at)
        bundle = world.bundle()
        bundle.header["at"] = moment
        return run_here(bundle.zip())

    assert at("2026-04-30T23:59:59.9Z").status == 0
    assert at("2026-05-01T00:00:00Z").refuted == ["cases"]
    assert at("2026-04-01T09:00:00Z").refuted == ["cases"]


# --- Receipts -------------------------------------------------------------------------------------------------------


def test_a_receipt_shows_what_was_recorded() -> None:
    world = small_world()

    outcome = run(world.receipt(9).text())

    assert outcome.status == 0
    assert outcome.report["receipt"]["leaf"]["object"] == "evidence_revision/17"
    assert outcome.report["receipt"]["fields"]["row.title_ja"] == '"夜間復旧手順"'


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 255, 256, 257])
def test_receipts_of_every_place_in_the_tree_verify(size: int) -> None:
    world = World()
    for key in range(size):
        world.say("drill.ended", f"drill:{key}")

    for seq in {0, size // 2, size - 1}:
        assert run_here(world.receipt(seq).text()).status == 0


def forged_leaf(world: World) -> str:
    receipt = world.receipt(9)
    receipt.extra["leaf"] = receipt.extra["leaf"].replace("revision/17", "revision/18")
    return receipt.text()


def forged_field(world: World) -> str:
    receipt = world.receipt(9)
    receipt.extra["fields"][-1][2] = '"昼間復旧手順"'
    return receipt.text()


def other_index(world: World) -> str:
    return world.receipt(9).text().replace("\nindex 9\n", "\nindex 8\n")


def shorter_proof(world: World) -> str:
    lines = world.receipt(9).text().split("\n")
    return "\n".join(lines[:3] + lines[4:])


def longer_proof(world: World) -> str:
    lines = world.receipt(9).text().split("\n")
    return "\n".join(lines[:4] + lines[3:])


def no_witness(world: World) -> str:
    return world.receipt(9, witnesses=[]).text()


def another_log_key(world: World) -> str:
    return world.receipt(9, log=FORGER).text()


def more_in_extra(world: World) -> str:
    receipt = world.receipt(9)
    receipt.extra["more"] = 1
    return receipt.text()


def trailing_line(world: World) -> str:
    return world.receipt(9).text() + "\n"


def recorded_after_it_was_witnessed(world: World) -> str:
    world.events[9].at += timedelta(hours=1)
    return world.receipt(9).text()


FORGED = [
    (forged_leaf, ["inclusion"]),
    (forged_field, ["fields"]),
    (other_index, ["inclusion"]),
    (shorter_proof, ["inclusion"]),
    (longer_proof, ["inclusion"]),
    (no_witness, ["checkpoint"]),
    (another_log_key, ["checkpoint"]),
    (recorded_after_it_was_witnessed, ["times"]),
    (more_in_extra, ["container"]),
    (trailing_line, ["container"]),
]


@pytest.mark.parametrize(("forge", "checks"), FORGED, ids=[forge.__name__ for forge, _ in FORGED])
def test_a_forged_receipt_is_refuted(forge: Callable[[World], str], checks: list[str]) -> None:
    outcome = run(forge(small_world()))

    assert (outcome.status, outcome.refuted) == (1, checks)


def test_a_receipt_of_another_history_is_refuted_by_the_checkpoint_of_its_size() -> None:
    world = small_world()
    world.events[5].salts = {name: bytes(16) for name in world.events[5].fields}

    outcome = run_here(world.receipt(9).text(), known=[small_world().bundle().checkpoint()])

    assert outcome.refuted == ["known_checkpoints"]


def test_a_receipt_is_not_held_against_a_checkpoint_of_another_size() -> None:
    world = small_world()

    outcome = run_here(world.receipt(9).text(), known=[world.bundle().checkpoint(18)])

    assert outcome.outcome("known_checkpoints") == "not checked"


def test_a_receipt_without_what_was_recorded_is_no_use() -> None:
    lines = small_world().receipt(9).text().split("\n")

    assert run_here("\n".join([lines[0], *lines[2:]])).status == 2
