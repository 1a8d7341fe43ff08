"""Send status changes on: in the order of a case's changes, at least once, each with the number that it keeps."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Greatest
from django.utils.crypto import get_random_string

from dcase_audit.accounts.models import User
from dcase_audit.cases.models import Case, StatusChange
from dcase_audit.cases.words import Status
from dcase_audit.jobs.services import enqueue_many
from dcase_audit.moments import say
from dcase_audit.trail.events import record
from dcase_audit.webhooks import sending
from dcase_audit.webhooks.models import Progress, Webhook

log = logging.getLogger(__name__)

DELIVER = "webhooks.deliver"
# Changes in one message.
MOST = 100


@transaction.atomic
def add(*, case: Case, name: str, url: str, actor: User | None, at: datetime) -> Webhook:
    """Add a webhook that is sent what changes from now on; the secret is new.

    Raises:
        AddressRefused: ``url`` is none that anything is sent to.
    """
    host = sending.checked(url).hostname
    webhook = Webhook.objects.create(
        case=case, name=name, url=url, nonce=get_random_string(64), created_at=at, created_by=actor
    )
    last = StatusChange.objects.filter(case=case).aggregate(last=Max("pk"))["last"]
    Progress.objects.create(webhook=webhook, change_id=last or 0)
    record("webhook.added", f"webhook:{webhook.pk}", case=case.slug, host=host)
    return webhook


@transaction.atomic
def stop(webhook: Webhook, *, at: datetime, why: str) -> bool:
    """Send it nothing any more; tell whether it was not stopped already."""
    stopped = bool(Webhook.objects.filter(pk=webhook.pk, stopped_at=None).update(stopped_at=at))
    if stopped:
        record("webhook.stopped", f"webhook:{webhook.pk}", why=why)
    return stopped


def announce(case_id: int) -> None:
    """Have what changed in the case sent to whoever wants it; a worker does it."""
    last = StatusChange.objects.filter(case=case_id).aggregate(last=Max("pk"))["last"]
    waiting = Webhook.objects.filter(case=case_id, stopped_at=None, progress__change_id__lt=last or 0)
    jobs = [
        (f"{DELIVER}:{pk}:{last}", {"webhook_id": pk}) for pk in waiting.order_by("pk").values_list("pk", flat=True)
    ]
    enqueue_many(DELIVER, jobs)


def deliver(webhook_id: int) -> None:
    """Send what a webhook was not answered for yet. Two at once send some of it twice, in the same order.

    Raises:
        Unanswered: the receiver did not take it; what it took before stays taken.
        AddressRefused: its name leads into a network that nothing is sent to.
    """
    webhook = Webhook.objects.select_related("case", "progress").get(pk=webhook_id)
    while webhook.stopped_at is None and (changes := _waiting(webhook)):
        try:
            sending.send(webhook.url, webhook.secrets(), message(webhook, changes))
        except sending.Gone:
            stop(webhook, at=datetime.now(UTC), why="the receiver answered 410")
            return
        except (sending.Unanswered, sending.AddressRefused) as problem:
            Progress.objects.filter(pk=webhook.pk).update(problem=str(problem)[:500])
            raise
        Progress.objects.filter(pk=webhook.pk).update(
            change_id=Greatest("change_id", changes[-1].pk), answered_at=datetime.now(UTC), problem=""
        )
        webhook = Webhook.objects.select_related("case", "progress").get(pk=webhook_id)


def message(webhook: Webhook, changes: Sequence[StatusChange]) -> sending.Message:
    """Return what is sent of these changes: numbers and statuses, and where to read why; no names, no texts."""
    case = webhook.case.slug
    body = {
        "type": "case.status_changed",
        "timestamp": say(changes[-1].recorded_at),
        "data": {
            "case": case,
            "href": f"/api/v1/cases/{case}/changes",
            "changes": [
                {
                    "id": change.pk,
                    "node": change.node.judged_key,
                    "before": None if change.before is None else Status(change.before).word,
                    "after": Status(change.after).word,
                    "stands": Status(change.after).stands,
                    "effective_at": say(change.effective_at),
                    "recorded_at": say(change.recorded_at),
                }
                for change in changes
            ],
        },
    }
    return sending.Message(f"{case}.{changes[0].pk}.{changes[-1].pk}", json.dumps(body).encode())


def _waiting(webhook: Webhook) -> list[StatusChange]:
    """Return the next changes. The lock under which a case is settled gives its numbers the order of its commits."""
    found = StatusChange.objects.filter(case=webhook.case_id, pk__gt=webhook.progress.change_id)
    return list(found.select_related("node").order_by("pk")[:MOST])
