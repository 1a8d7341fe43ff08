"""Attacks on a bundle: what each changes, the checks that refute it, and the record that is named first."""

from tests.trail.attacks import by_the_holder, by_the_operator, by_the_signer
from tests.trail.attacks.registry import ATTACKS

__all__ = ["ATTACKS", "by_the_holder", "by_the_operator", "by_the_signer"]
