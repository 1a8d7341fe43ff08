from __future__ import annotations

from dcase_audit.jobs.registry import register
from dcase_audit.webhooks import services


@register(services.DELIVER, queue="notify", attempts=20)
def deliver(webhook_id: int) -> None:
    services.deliver(webhook_id)
