from __future__ import annotations

from dcase_audit import clock
from dcase_audit.jobs.registry import register
from evidence import telling
from evidence.models import Disposal
from evidence.services import disposal


@register("evidence.tell", queue="notify", attempts=20)
def tell(case_id: int) -> None:
    telling.tell(case_id, at=clock.now())


@register(disposal.REMOVE, queue="ingest")
def remove_file(disposal_id: int) -> None:
    disposal.remove(Disposal.objects.select_related("file").get(pk=disposal_id), at=clock.now())
