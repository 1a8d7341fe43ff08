"""How an attack on a bundle is noted, and what attacks have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.trail.bundles import (
    LOG,
    Bundle,
    Signer,
    World,
)

Attack = Callable[[World], "Bundle | bytes"]
Noted = dict[str, tuple[Attack, list[str], dict[str, Any]]]
ATTACKS: Noted = {}


def noting(attacks: Noted) -> Callable[..., Callable[[Attack], Attack]]:
    """Return what notes an attack among ``attacks``: the checks that refute it, and what is named first."""

    def attack(*checks: str, **bad: Any) -> Callable[[Attack], Attack]:
        def keep(function: Attack) -> Attack:
            attacks[function.__name__] = function, list(checks), bad
            return function

        return keep

    return attack


attack = noting(ATTACKS)


def file_of(attack: Attack, world: World) -> bytes:
    """Return the bundle that the attack makes of the world, as a file."""
    made = attack(world)
    return made if isinstance(made, bytes) else made.zip()


PROCEDURE = "62c345be0a8a308e01c1d60cb60b00369aa781a640367dc8761aedd60e1e94d7"
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
