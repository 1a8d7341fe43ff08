"""What a fault came to: what was acknowledged, what is there, and which promise was not kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bench.table import Row


@dataclass(frozen=True)
class Outcome:
    """``acked`` maps each mark to the number it was given, ``stored`` to the numbers that are there under it.

    ``broken`` says, one sentence each, what the fault's own invariant names and was not kept.
    """

    fault: str
    acked: Mapping[str, int]
    stored: Mapping[str, Sequence[int]]
    broken: Sequence[str] = ()
    beside: str = ""
    target: str = field(default="0 lost, 0 doubled")

    @property
    def lost(self) -> list[str]:
        """What was acknowledged and is not there under the number that was given."""
        return [mark for mark, number in self.acked.items() if number not in self.stored.get(mark, [])]

    @property
    def doubled(self) -> list[str]:
        return [mark for mark, numbers in self.stored.items() if len(numbers) > 1]

    @property
    def unasked(self) -> list[str]:
        """What is there and was acknowledged to nobody."""
        return [mark for mark in self.stored if mark not in self.acked]

    @property
    def sound(self) -> bool:
        return not (self.lost or self.doubled or self.unasked or self.broken)

    def row(self) -> Row:
        counts = f"{len(self.acked)} acknowledged, {len(self.stored)} stored"
        said = "; ".join([counts, *([self.beside] if self.beside else []), *self.broken])
        figure = f"{len(self.lost)} lost, {len(self.doubled)} doubled"
        if self.unasked:
            figure += f", {len(self.unasked)} not acknowledged"
        return Row(f"faults: {self.fault}", figure, self.target, self.sound, said)


def missed(fault: str, why: str) -> Row:
    """Return the row of a fault that cannot be caused on this machine, which counts as missed."""
    return Row(f"faults: {fault}", "not measured", "0 lost, 0 doubled", False, why)
