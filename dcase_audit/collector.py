"""Python's cycle collector, set for processes that serve: what they load stays, and what they make is seldom cyclic."""

from __future__ import annotations

import gc

# Evaluating a case makes tens of thousands of small tuples that live for a moment; at Python's 700 the collector looks
# through them again and again, which takes as long as a third of the rules.
YOUNGEST = 20_000


def spare_what_is_loaded() -> None:
    """Take all that is loaded by now out of the collector's sight, and let it look less often; call it once."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNGEST, 20, 20)
