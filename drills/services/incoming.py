"""Signed messages that come in: who may send them to a monitor, and until when."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from dcase_audit.accounts import authentication
from dcase_audit.accounts.models import ApiToken, User
from dcase_audit.errors import Invalid
from dcase_audit.trail.events import record
from drills.models import IncomingWebhook, Monitor


@transaction.atomic
def add_incoming_webhook(
    *, monitor: Monitor, name: str, account: User, format: str, expires_at: datetime, actor: User | None
) -> IncomingWebhook:
    """Add an address at which a monitor takes signed messages; its secret is shown by ``secrets``.

    It acts by a token of ``account`` for the monitor's department, whose own secret nobody ever learns; revoking that
    token stops it.

    Raises:
        Invalid: ``account`` is no machine's (422).
    """
    if account.kind != User.Kind.MACHINE:
        raise Invalid("The account of a machine is expected.", pointer="/account")
    token, _ = authentication.issue(
        user=account,
        name=name,
        scopes=[ApiToken.Scope.MONITORS],
        department=monitor.department,
        expires_at=expires_at,
        created_by=actor,
    )
    webhook = IncomingWebhook.objects.create(monitor=monitor, token=token, format=format)
    record("incoming_webhook.added", f"monitor:{monitor.pk}", webhook=webhook.pk, token=token.prefix, format=format)
    return webhook


@transaction.atomic
def stop_incoming_webhook(webhook: IncomingWebhook) -> bool:
    """Take nothing from it any more; tell whether it was not stopped already."""
    token = ApiToken.objects.select_for_update(no_key=True).get(pk=webhook.token_id)
    if token.revoked_at is not None:
        return False
    authentication.revoke(token)
    return True
