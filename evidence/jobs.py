from __future__ import annotations

from dcase_audit import clock
from dcase_audit.jobs.registry import register
from evidence import telling


@register("evidence.tell", queue="notify", attempts=20)
def tell(case_id: int) -> None:
    telling.tell(case_id, at=clock.now())
