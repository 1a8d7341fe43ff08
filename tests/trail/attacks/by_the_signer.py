"""What whoever holds the log's key tries, but no witness; and what is done to the container."""

from __future__ import annotations

from dataclasses import replace

from tests.trail.attacks.registry import FORGER, attack, replaced
from tests.trail.bundles import (
    WITNESS,
    Bundle,
    Signer,
    World,
    packed,
)


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
