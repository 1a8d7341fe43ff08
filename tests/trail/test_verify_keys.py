"""What a third party finds out about the log's keys: who may sign what, and what both keys have to state before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tests.trail.bundles import (
    LOG,
    POLICY,
    SECOND_KEY,
    THIRD_KEY,
    WITNESS,
    Bundle,
    Signer,
    Term,
    World,
    checkpoint_text,
    key_change,
    policy,
    small_world,
)
from tests.trail.verifier import run, run_here

FORGER = Signer(LOG.name, 1, b"forger")


def announced_world() -> World:
    """Return a log in which another key was announced: both sign from then on."""
    world = small_world()
    world.publish()
    world.announce(SECOND_KEY)
    world.publish()
    world.say("drill.ended", "drill:1")
    return world


def rotated_world() -> World:
    """Return a log whose key was changed, with checkpoints of the old key, of both, and of the new one."""
    world = announced_world()
    world.publish()
    world.retire()
    world.publish()
    world.say("drill.ended", "drill:2")
    return world


ANNOUNCED = 23
RETIRED = 25
LAST = 27
# The sizes that each key signs, as a careful verifier has them; and without any, as other tools read a policy.
SIZES = policy(("w1", WITNESS), logs=rotated_world().terms)
ANY_SIZE = policy(("w1", WITNESS), logs=[LOG, SECOND_KEY])
NEW_ALONE = policy(("w1", WITNESS), logs=[SECOND_KEY])

Attack = Callable[[], Bundle]
KEY_ATTACKS: dict[str, tuple[Attack, str, list[str], dict[str, Any]]] = {}


def attack(policy: str, *checks: str, **bad: Any) -> Callable[[Attack], Attack]:
    def keep(function: Attack) -> Attack:
        KEY_ATTACKS[function.__name__] = function, policy, list(checks), bad
        return function

    return keep


# A key signs what is not its to sign.


@attack(SIZES, "checkpoint", checkpoint=LAST)
def old_key_alone_after_its_last_size() -> Bundle:
    bundle = rotated_world().bundle()
    bundle.terms = [Term(LOG)]
    # Of the earlier checkpoints nothing is left that would tell as much.
    bundle.times = {LAST: bundle.times[LAST]}
    return bundle


@attack(ANY_SIZE, "keys", checkpoint=LAST)
def old_key_alone_after_it_was_retired() -> Bundle:
    """The policy gives the keys no sizes, as other tools read it: the log itself says whose turn it was."""
    return old_key_alone_after_its_last_size()


@attack(SIZES, "leaves", checkpoint=26)
def earlier_checkpoint_by_the_old_key_after_its_last_size() -> Bundle:
    bundle = rotated_world().bundle()
    bundle.changed["checkpoints/000000000026"] = by(bundle, 26, LOG)
    return bundle


@attack(SIZES, "leaves", checkpoint=18)
def new_key_alone_before_its_first_size() -> Bundle:
    bundle = rotated_world().bundle()
    bundle.changed["checkpoints/000000000018"] = by(bundle, 18, SECOND_KEY)
    return bundle


@attack(ANY_SIZE, "keys", checkpoint=18)
def new_key_alone_before_it_was_announced() -> Bundle:
    return new_key_alone_before_its_first_size()


@attack(SIZES, "keys", checkpoint=24)
def old_key_alone_while_both_sign() -> Bundle:
    bundle = rotated_world().bundle()
    bundle.changed["checkpoints/000000000024"] = by(bundle, 24, LOG)
    return bundle


@attack(SIZES, "keys", checkpoint=24)
def new_key_alone_while_both_sign() -> Bundle:
    bundle = rotated_world().bundle()
    bundle.changed["checkpoints/000000000024"] = by(bundle, 24, SECOND_KEY)
    return bundle


@attack(SIZES, "checkpoint", checkpoint=LAST)
def signed_by_an_unknown_key() -> Bundle:
    bundle = rotated_world().bundle()
    bundle.changed["checkpoint"] = by(bundle, LAST, FORGER)
    return bundle


@attack(ANY_SIZE, "keys", checkpoint=23)
def signed_by_an_unannounced_key() -> Bundle:
    """The verifier was talked into a key of which the log knows nothing."""
    bundle = small_world().bundle()
    bundle.log = SECOND_KEY
    bundle.changed["checkpoints/000000000018"] = by(bundle, 18, LOG)
    bundle.changed["checkpoints/000000000011"] = by(bundle, 11, LOG)
    return bundle


@attack(SIZES, "checkpoint", checkpoint=25)
def bad_signature_of_the_other_key() -> Bundle:
    bundle = announced_world().bundle()
    size = len(bundle.leaves)
    text = checkpoint_text(bundle.leaves)
    lines = LOG.sign(text) + SECOND_KEY.line(bytes(64)) + WITNESS.cosign(text, bundle.times[size])
    bundle.changed["checkpoint"] = f"{text}\n{lines}".encode()
    return bundle


def by(bundle: Bundle, size: int, *signers: Signer) -> bytes:
    """Return the checkpoint of a size as these keys sign it, and as the witness, who was told so, cosigns it."""
    text, at = checkpoint_text(bundle.leaves[:size]), bundle.times[size]
    return f"{text}\n{''.join(signer.sign(text) for signer in signers)}{WITNESS.cosign(text, at)}".encode()


# What the keys state of each other is not there, or not theirs. The events are in the log, and signed.


def stated(note: str, *, kind: str = "announced", about: Signer = SECOND_KEY) -> Bundle:
    """Return a log that has this in place of the announcement, and goes on as if it were one."""
    world = small_world()
    world.publish()
    world.say(f"trail.key_{kind}", f"log_key:{about.key_id.hex()}", note=note)
    world.terms.append(Term(SECOND_KEY, ANNOUNCED + 1))
    return world.bundle()


@attack(SIZES, "keys", seq=ANNOUNCED, object=f"log_key:{SECOND_KEY.key_id.hex()}")
def announcement_without_the_old_keys_signature() -> Bundle:
    return stated(key_change("announced", ANNOUNCED + 1, LOG, SECOND_KEY, signers=[SECOND_KEY]))


@attack(SIZES, "keys", seq=ANNOUNCED)
def announcement_without_the_new_keys_signature() -> Bundle:
    return stated(key_change("announced", ANNOUNCED + 1, LOG, SECOND_KEY, signers=[LOG]))


@attack(SIZES, "keys", seq=ANNOUNCED)
def announcement_signed_by_somebody_else() -> Bundle:
    signers = [FORGER, SECOND_KEY]
    return stated(key_change("announced", ANNOUNCED + 1, LOG, SECOND_KEY, signers=signers))


@attack(SIZES, "keys", seq=ANNOUNCED)
def announcement_whose_size_was_changed() -> Bundle:
    note = key_change("announced", ANNOUNCED + 100, LOG, SECOND_KEY)
    return stated(note.replace(f"announced {ANNOUNCED + 100}", f"announced {ANNOUNCED + 1}"))


@attack(SIZES, "keys", seq=ANNOUNCED)
def announcement_of_checkpoints_that_do_not_hold_it() -> Bundle:
    return stated(key_change("announced", ANNOUNCED, LOG, SECOND_KEY))


@attack(SIZES, "keys", seq=ANNOUNCED)
def announcement_of_another_key_than_its_event_says() -> Bundle:
    return stated(key_change("announced", ANNOUNCED + 1, LOG, SECOND_KEY), about=THIRD_KEY)


@attack(SIZES, "keys", seq=ANNOUNCED)
def announcement_that_is_called_a_retirement() -> Bundle:
    return stated(key_change("announced", ANNOUNCED + 1, LOG, SECOND_KEY), kind="retired")


@attack(SIZES, "keys", checkpoint=11)
def announcement_by_a_key_that_never_signed() -> Bundle:
    """Anybody can make a key that announces another; the checkpoints before it were signed by neither."""
    world = small_world()
    world.terms = [Term(THIRD_KEY)]
    world.publish()
    world.announce(SECOND_KEY)
    bundle = world.bundle()
    bundle.terms = [Term(LOG, 0, ANNOUNCED), Term(SECOND_KEY, ANNOUNCED + 1)]
    return bundle


@attack(SIZES, "keys", seq=ANNOUNCED)
def retirement_of_the_only_key() -> Bundle:
    note = key_change("retired", ANNOUNCED + 1, LOG, SECOND_KEY)
    return stated(note, kind="retired", about=LOG)


@attack(SIZES, "keys", seq=ANNOUNCED)
def announcement_that_is_no_statement() -> Bundle:
    return stated("a new key follows")


@attack(SIZES, "keys", seq=RETIRED)
def retirement_signed_by_the_new_key_alone() -> Bundle:
    world = announced_world()
    note = key_change("retired", RETIRED + 1, LOG, SECOND_KEY, signers=[SECOND_KEY])
    world.say("trail.key_retired", f"log_key:{LOG.key_id.hex()}", note=note)
    world.terms[0] = Term(LOG, 0, RETIRED)
    return world.bundle()


@attack(SIZES, "keys", seq=ANNOUNCED, object=f"log_key:{SECOND_KEY.key_id.hex()}")
def announcement_that_is_not_disclosed() -> Bundle:
    return rotated_world().bundle(undisclosed=[ANNOUNCED])


@attack(ANY_SIZE, "keys", seq=RETIRED, object=f"log_key:{LOG.key_id.hex()}")
def retirement_that_is_closed() -> Bundle:
    """So that the old key might go on."""
    bundle = rotated_world().bundle(closed={RETIRED: ["payload.note"]})
    bundle.terms = [Term(LOG), Term(SECOND_KEY, ANNOUNCED + 1)]
    return bundle


@pytest.mark.parametrize("name", KEY_ATTACKS)
def test_an_attack_on_keys_is_refuted_and_the_first_bad_one_named(name: str) -> None:
    attack, policy, checks, bad = KEY_ATTACKS[name]

    outcome = run(attack().zip(), policy=policy)

    assert (outcome.status, outcome.refuted) == (1, checks), outcome.report["checks"]
    assert {key: outcome.bad[key] for key in bad} == bad


@pytest.mark.parametrize("policy", [SIZES, ANY_SIZE])
def test_a_log_whose_key_was_changed_is_verified(policy: str) -> None:
    outcome = run(rotated_world().bundle().zip(), policy=policy)

    assert (outcome.status, outcome.outcome("keys")) == (0, "ok"), outcome.report["checks"]
    assert outcome.says("keys").startswith("2 keys, each announced by the one before it")
    assert outcome.report["log"]["keys"] == [
        {"id": LOG.key_id.hex(), "first": 0, "last": RETIRED, "in_policy": True},
        {"id": SECOND_KEY.key_id.hex(), "first": ANNOUNCED + 1, "last": None, "in_policy": True},
    ]


def test_a_log_with_one_key_says_so() -> None:
    outcome = run_here(small_world().bundle().zip())

    assert outcome.says("keys") == "one key signed every checkpoint that is here, and no event announces another"


def test_while_both_sign_an_old_policy_is_enough_and_is_told_of_the_new_key() -> None:
    outcome = run_here(announced_world().bundle().zip(), policy=POLICY)

    assert outcome.status == 0
    lacks = f"your policy lacks the key {SECOND_KEY.key_id.hex()}, which signs from size {ANNOUNCED + 1} on"
    assert lacks in outcome.says("keys")


def test_once_the_old_key_is_retired_an_old_policy_is_not_enough() -> None:
    outcome = run_here(rotated_world().bundle().zip(), policy=POLICY)

    assert outcome.refuted == ["checkpoint", "leaves"]
    assert outcome.says("checkpoint") == "its first signature is not by a key that the policy has for this log"


def test_a_policy_without_the_old_key_does_not_reach_back() -> None:
    assert run_here(rotated_world().bundle().zip(), policy=NEW_ALONE).refuted == ["leaves"]


def test_keys_follow_each_other_any_number_of_times() -> None:
    world = rotated_world()
    world.publish()
    world.announce(THIRD_KEY)
    world.publish()
    world.retire()
    sizes = policy(("w1", WITNESS), logs=world.terms)

    outcome = run_here(world.bundle().zip(), policy=sizes)

    assert outcome.status == 0
    assert outcome.says("keys").startswith("3 keys")


def test_a_key_does_not_come_back() -> None:
    world = rotated_world()
    world.announce(LOG)

    outcome = run_here(world.bundle().zip(), policy=ANY_SIZE)

    assert outcome.refuted == ["keys"]
    assert outcome.bad["seq"] == len(world.events) - 1
    assert "not the turn of its keys" in outcome.bad["why"]


def test_a_second_announcement_waits_for_the_old_key_to_end() -> None:
    world = announced_world()
    world.announce(THIRD_KEY)

    outcome = run_here(world.bundle().zip(), policy=ANY_SIZE)

    assert (outcome.refuted, outcome.bad["seq"]) == (["keys"], len(world.events) - 1)


def test_a_signature_of_the_retired_key_beside_the_new_ones_says_nothing() -> None:
    """Whoever has the old key could add it."""
    bundle = rotated_world().bundle()
    bundle.changed["checkpoint"] = by(bundle, LAST, SECOND_KEY, LOG)

    assert run_here(bundle.zip(), policy=SIZES).status == 0


def test_a_receipt_of_a_key_that_does_not_sign_its_size_is_refuted() -> None:
    world = rotated_world()

    assert run_here(world.receipt(9, log=SECOND_KEY).text(), policy=SIZES).status == 0
    outcome = run_here(world.receipt(9, log=LOG).text(), policy=SIZES)

    assert outcome.refuted == ["checkpoint"]
    assert outcome.says("checkpoint") == "it is not signed by a key that the policy has for checkpoints of its size"


def test_a_known_checkpoint_of_a_key_that_does_not_sign_its_size_is_no_use() -> None:
    bundle = rotated_world().bundle()
    forged = by(bundle, 26, LOG).decode()

    assert run_here(bundle.zip(), policy=SIZES, known=[bundle.checkpoint(26)]).status == 0
    assert run_here(bundle.zip(), policy=SIZES, known=[forged]).status == 2


def test_the_moments_of_the_worlds_are_those_that_the_attacks_name() -> None:
    assert isinstance(rotated_world().bundle().times[LAST], datetime)
    kinds = {event.kind: event.seq for event in rotated_world().events if event.kind.startswith("trail.")}
    assert kinds == {"trail.key_announced": ANNOUNCED, "trail.key_retired": RETIRED}
    assert sorted(rotated_world().bundle().times) == [11, 18, 23, 24, 25, 26, LAST]
