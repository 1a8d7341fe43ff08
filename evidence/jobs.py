from __future__ import annotations

from dcase_audit import clock
from dcase_audit.jobs.registry import register
from dcase_audit.webhooks import services as webhooks
from evidence import telling
from evidence.models import Disposal
from evidence.services import disposal, locking


@register("evidence.tell", queue="notify", attempts=20)
def tell(case_id: int) -> None:
    telling.tell(case_id, at=clock.now())
    webhooks.announce(case_id)


@register(disposal.REMOVE, queue="ingest")
def remove_file(disposal_id: int) -> None:
    disposal.remove(Disposal.objects.select_related("file").get(pk=disposal_id), at=clock.now())


@register(locking.LOCK, queue="ingest", attempts=20)
def lock_files(artefact_id: int, is_released: bool) -> None:
    locking.lock_files(artefact_id, is_released=is_released)
