"""Attacks on a bundle: what each changes, the checks that refute it, and the record that is named first."""

from tests.trail.attacks import on_the_database, on_the_file, on_the_signatures
from tests.trail.attacks.registry import ATTACKS

__all__ = ["ATTACKS", "on_the_database", "on_the_file", "on_the_signatures"]
