"""Keep the demo's monitors alive while somebody looks at it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from evidence.models import Artefact
from evidence.services import hear


def monitors() -> Iterable[Artefact]:
    """Return the monitors that support a leaf of a demo."""
    linked = Artefact.objects.filter(kind__for_monitors=True, supports__unlinked_at=None, supports__case__is_demo=True)
    return linked.distinct().order_by("pk")


def feed(*, at: datetime) -> int:
    """Let every monitor of a demo be heard at ``at``; return how many there are."""
    found = list(monitors())
    for artefact in found:
        hear(artefact=artefact, at=at)
    return len(found)
