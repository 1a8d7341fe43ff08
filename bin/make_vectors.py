"""Write docs/vectors: small bundles, receipts and policies with the answer that each has to get.

For whoever writes a second verifier. Run it from the project's root when a format changes: ``.venv/bin/python
bin/make_vectors.py``. All keys and salts come from fixed seeds and nothing is compressed, so the same bytes come out
everywhere. The expected answers are those of the tests' table of attacks, not what ``verify.py`` says.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
VECTORS = ROOT / "docs" / "vectors"
sys.path.insert(0, str(ROOT))

from tests.trail.attacks import ATTACKS  # noqa: E402
from tests.trail.attacks.registry import PROCEDURE, file_of  # noqa: E402
from tests.trail.bundles import DEMO_WITNESS, POLICY, World, policy, small_world  # noqa: E402
from tests.trail.samples import sampled, sampled_world  # noqa: E402
from tests.trail.test_verify import BOTH  # noqa: E402
from tests.trail.test_verify_keys import (  # noqa: E402
    ANY_SIZE,
    KEY_ATTACKS,
    SIZES,
    announced_world,
    rotated_world,
)
from tests.trail.test_verify_receipts import FORGED  # noqa: E402
from tests.trail.test_verify_sample import SAMPLE_ATTACKS, SEED, without_the_first_root  # noqa: E402

POLICIES = {
    "policy": POLICY,
    "policy-both": BOTH,
    "policy-demo": policy(("demo", DEMO_WITNESS)),
    "policy-sizes": SIZES,
    "policy-two-keys": ANY_SIZE,
}
# Made once: no authority makes a response twice (tests/trail/authorities.py).
TIME_STAMPS = ROOT / "tests" / "trail" / "data"
CERTIFICATES = "tsa-roots.pem"
SHOWN = [
    "edited_leaf",
    "edited_leaf_of_an_earlier_checkpoint",
    "edited_root_of_fields",
    "edited_disclosure",
    "altered_commitment_of_a_closed_field",
    "deleted_leaf",
    "inserted_leaf",
    "reordered_leaves",
    "truncated_tail",
    "swapped_file",
    "file_left_out",
    "disposed_of_and_there",
    "disposed_of_and_withheld",
    "file_left_out_whose_disposal_was_stopped",
    "disposal_that_no_event_tells_of",
    "edited_case",
    "row_changed_past_the_triggers",
    "row_changed_past_the_triggers_and_then_properly",
    "row_missing",
    "row_whose_last_event_is_not_disclosed",
    "open_column_changed_beside_a_closed_one",
    "row_event_dropped",
    "row_event_dropped_from_the_log",
    "transaction_out_of_order",
    "event_of_the_future",
    "row_taken_over_without_a_shape",
    "leaf_that_is_not_canonical",
    "history_signed_anew_without_the_witness",
    "bad_cosignature",
    "checkpoint_of_another_origin",
    "log_that_the_policy_does_not_know",
    "doubled_member",
    "trailing_bytes",
    "doubled_key_in_a_disclosure",
]
SHOWN_OF_SAMPLES = [
    "wrong_draw",
    "wrong_population",
    "population_with_what_came_after_the_order",
    "wrong_checkpoint",
    "checkpoint_that_is_none",
    "order_missing",
    "order_that_is_not_disclosed",
    "order_of_another_case",
    "order_of_another_number",
    "drawn_file_left_out",
    "decision_deleted_after_it_was_drawn",
    "header_whose_draw_does_not_ascend",
]


def vectors() -> Iterator[tuple[dict[str, Any], bytes]]:
    """Yield each vector with the bytes of its input."""
    world = small_world()
    whole = world.bundle()
    yield good("whole.zip"), whole.zip()
    yield good("empty_log.zip"), World().bundle().zip()
    yield good("several_tiles.zip"), several_tiles().bundle().zip()
    closed = world.bundle(closed={21: ["row.title_ja", "context.actor"]})
    yield good("redacted.zip"), closed.zip()
    disposed = small_world()
    disposed.dispose(PROCEDURE, id=1, file=3)
    yield good("disposed.zip"), disposed.bundle().zip()
    yield good("witness_of_the_same_host.zip", policy="policy-demo"), world.bundle(witnesses=[DEMO_WITNESS]).zip()
    yield bad("quorum_missing.zip", ["checkpoint"], {"checkpoint": 23}, policy="policy-both"), whole.zip()
    later = small_world()
    later.say("drill.ended", "drill:1")
    (VECTORS / "known-later").write_text(later.bundle().checkpoint())
    (VECTORS / "known-same").write_text(whole.checkpoint())
    yield good("known.zip", known=["known-same"]), whole.zip()
    yield bad("old.zip", ["known_checkpoints"], {"checkpoint": 24}, known=["known-later"]), whole.zip()
    for name in SHOWN:
        attack, checks, first_bad = ATTACKS[name]
        yield bad(f"{name}.zip", checks, first_bad), file_of(attack, small_world())
    yield from key_vectors()
    yield from sample_vectors()
    yield from time_stamp_vectors()
    yield good("receipt.tlog-proof"), world.receipt(9).text().encode()
    for forge, checks in FORGED:
        yield bad(f"receipt_{forge.__name__}.tlog-proof", checks, {}), forge(small_world()).encode()
    yield {"input": "nonsense.zip", "policy": "policy", "known": [], "status": 2}, b"no bundle\n"


def key_vectors() -> Iterator[tuple[dict[str, Any], bytes]]:
    """Yield logs whose key was changed, and what must not pass for one."""
    both, changed = announced_world().bundle().zip(), rotated_world().bundle().zip()
    yield good("key_announced.zip"), both
    yield good("key_announced_for_sizes.zip", policy="policy-sizes"), both
    yield good("key_changed.zip", policy="policy-sizes"), changed
    yield good("key_changed_for_any_size.zip", policy="policy-two-keys"), changed
    yield bad("key_changed_for_an_old_policy.zip", ["checkpoint", "leaves"], {"checkpoint": 26}), changed
    names = {text: name for name, text in POLICIES.items()}
    for name, (attack, trusted, checks, first_bad) in KEY_ATTACKS.items():
        yield bad(f"key_{name}.zip", checks, first_bad, policy=names[trusted]), attack().zip()
    receipt = rotated_world().receipt
    old, new = (receipt(9, log=term.signer).text().encode() for term in rotated_world().terms)
    yield good("receipt_new_key.tlog-proof", policy="policy-sizes"), new
    yield bad("receipt_key_of_other_sizes.tlog-proof", ["checkpoint"], {}, policy="policy-sizes"), old


def sample_vectors() -> Iterator[tuple[dict[str, Any], bytes]]:
    """Yield sampled bundles, and what must not pass for a sample."""
    yield good("sample.zip"), sampled(sampled_world()).zip()
    (number,) = (event.seq for event in sampled_world().events if event.object == "accounts_user/5")
    names = ["row.username", "row.name_ja", "row.name_en"]
    yield good("sample_accepted_by_a_closed_name.zip"), sampled(sampled_world(), closed={number: names}).zip()
    for name in SHOWN_OF_SAMPLES:
        attack, checks, first_bad = SAMPLE_ATTACKS[name]
        yield bad(f"sample_{name}.zip", checks, first_bad), file_of(attack, sampled_world())
    chosen, honest = without_the_first_root()
    (VECTORS / "known-left-out").write_text(honest.checkpoint(SEED))
    named = {"checkpoint": chosen.header["sample"]["checkpoint"]}
    yield good("sample_by_a_later_checkpoint.zip"), chosen.zip()
    yield bad("sample_by_a_known_checkpoint_left_out.zip", ["sample"], named, known=["known-left-out"]), chosen.zip()


def time_stamp_vectors() -> Iterator[tuple[dict[str, Any], bytes]]:
    """Yield bundles with RFC 3161 responses; with ``certificates`` they are for verifiers that read these."""
    stamped, wrong = small_world().bundle(), small_world().bundle()
    stamped.changed["timestamps/000000000023.tsr"] = (TIME_STAMPS / "time_stamp.tsr").read_bytes()
    other = (TIME_STAMPS / "time_stamp_over_something_else.tsr").read_bytes()
    wrong.changed["timestamps/000000000023-2.tsr"] = other
    yield good("time_stamp_unchecked.zip"), stamped.zip()
    checked = {"certificates": CERTIFICATES}
    yield good("time_stamp.zip") | checked, stamped.zip()
    refuted = bad("time_stamp_over_something_else.zip", ["timestamps"], {"checkpoint": 23})
    yield refuted | checked, wrong.zip()
    stray = small_world().bundle()
    stray.changed["timestamps/000000000017.tsr"] = other
    yield bad("time_stamp_of_no_checkpoint.zip", ["timestamps"], {"checkpoint": 17}), stray.zip()


def good(name: str, *, policy: str = "policy", known: list[str] | None = None) -> dict[str, Any]:
    return {"input": name, "policy": policy, "known": known or [], "status": 0}


def bad(name: str, checks: list[str], first_bad: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a vector that exactly these checks refute; ``first_bad``: what has to be named."""
    return {**good(name, **more), "status": 1, "refuted": checks, "first_bad": first_bad}


def several_tiles() -> World:
    """Return a log of three tiles, the last of them not full, with checkpoints around the ends of tiles."""
    world = World()
    for key in range(1, 521):
        world.context = {"actor": "user:1"}
        world.say("drill.ended", f"drill:{key}")
        if key in (1, 2, 255, 256, 257, 511, 512):
            world.publish()
    return world


def main() -> None:
    global VECTORS
    if len(sys.argv) > 1:
        VECTORS = Path(sys.argv[1])
    shutil.rmtree(VECTORS, ignore_errors=True)
    VECTORS.mkdir(parents=True)
    for name, text in POLICIES.items():
        (VECTORS / name).write_text(text)
    (VECTORS / CERTIFICATES).write_bytes((TIME_STAMPS / CERTIFICATES).read_bytes())
    table = []
    for vector, data in vectors():
        table.append(vector)
        (VECTORS / vector["input"]).write_bytes(data)
    (VECTORS / "vectors.json").write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
