"""Signed messages to a monitor, from senders that cannot show a token of ours.

The scheme is that of the Standard Webhooks specification 1.0 (https://www.standardwebhooks.com), by which our own
webhooks are signed: HMAC-SHA256 over ``id.timestamp.body``.
"""

from __future__ import annotations

import hmac
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response

from dcase_audit import clock
from dcase_audit.accounts.authentication import token_access, touch
from dcase_audit.accounts.models import ApiToken, User
from dcase_audit.api_schema import described, header
from dcase_audit.webhooks import sending
from drills.api.monitor_shapes import BatchReceiptShape, RepeatShape
from drills.api.monitors import LISTED, REFUSED, WEBHOOK, ReceivingView
from drills.models import IncomingWebhook, Monitor
from drills.monitors import alertmanager, native
from drills.monitors.events import Read

WINDOW = timedelta(minutes=5)
# A full stop would leave open where the id ends in what is signed.
ID = re.compile(r"[!-\-/-~]{1,200}")
TIMESTAMP = re.compile(r"[0-9]{1,12}")
MOST_SIGNATURES = 10
WRONG = "The message is not signed by this webhook's secret, or the webhook was stopped."
HEADERS = [
    header("webhook-id", "The same for the same message, however often it is sent.", required=True),
    header("webhook-timestamp", "Seconds since 1970: when it was sent.", required=True),
    header("webhook-signature", "`v1,` and base64; several with spaces between.", required=True),
]


class SignatureAuthentication(BaseAuthentication):
    """The headers of Standard Webhooks. Whatever is wrong with them is a 401; nothing is read for who has none."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken]:
        """Return the account and the token by which the webhook acts."""
        id, timestamp, signatures = (
            request.headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature")
        )
        if not (ID.fullmatch(id) and TIMESTAMP.fullmatch(timestamp) and signatures):
            raise AuthenticationFailed("the headers webhook-id, webhook-timestamp and webhook-signature are expected")
        now = datetime.now(UTC)
        if abs(now.timestamp() - int(timestamp)) > WINDOW.total_seconds():
            raise AuthenticationFailed("the message was sent more than five minutes ago, or its clock is wrong")
        webhook = _webhook(request, now)
        message = sending.Message(id, request._request.body)
        if webhook is None or not _is_signed(webhook, message, int(timestamp), signatures):
            raise AuthenticationFailed(WRONG)
        token = webhook.token
        token.user.__dict__["_access"] = token_access(token)
        request._request.api_token = token  # type: ignore[attr-defined]
        touch(token, at=now)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Webhook-Signature realm="dcase-audit"'


def _webhook(request: Request, now: datetime) -> IncomingWebhook | None:
    named: dict[str, Any] = request.parser_context["kwargs"]
    rows = IncomingWebhook.objects.select_related("token__user", "token__department", "monitor")
    found = rows.filter(pk=named["pk"], monitor__key=named["key"]).first()
    return found if found is not None and found.token.is_valid(at=now) else None


def _is_signed(webhook: IncomingWebhook, message: sending.Message, timestamp: int, signatures: str) -> bool:
    given = [each.encode() for each in signatures.split(" ")[:MOST_SIGNATURES]]
    right = [sending.signature(secret, message, timestamp).encode() for secret in webhook.secrets()]
    return any(hmac.compare_digest(one, other) for one in given for other in right)


class MonitorWebhookView(ReceivingView):
    """Signed messages; a message that comes again under its id is answered as before."""

    authentication_classes = [SignatureAuthentication]

    @described(
        "Receive a signed message",
        {200: RepeatShape, 201: BatchReceiptShape},
        problems=REFUSED,
        request={native.LIST: {"oneOf": [LISTED, WEBHOOK]}},
        parameters=HEADERS,
        description="Events, or an Alertmanager webhook, as was set up; signed as Standard Webhooks 1.0 has it.",
        tag="monitors",
    )
    def post(self, request: Request, key: str, pk: int) -> Response:
        webhook = IncomingWebhook.objects.get(pk=pk)
        self.format = webhook.format
        self.repeats_are_heard = webhook.format == IncomingWebhook.Format.ALERTMANAGER
        self.repeat_key = request.headers["webhook-id"]

        def read(monitor: Monitor, body: bytes) -> Read:
            at = clock.now()
            if webhook.format == IncomingWebhook.Format.NATIVE:
                return native.parse(body, media_type=native.LIST, bands=monitor.bands, received_at=at)
            return alertmanager.parse(
                body,
                heartbeats=monitor.heartbeat_alerts,
                component_label=monitor.component_label,
                received_at=at,
            )

        return self.receive(key, read)


class _Signatures(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Signed messages."""

    target_class = "drills.api.incoming.SignatureAuthentication"
    name = "signature"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "webhook-signature",
            "description": "HMAC-SHA256 over `id.timestamp.body`, as Standard Webhooks 1.0 has it.",
        }
