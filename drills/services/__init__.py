"""One function for each event of drills (planned, cancelled, ended; a result taken in, refused or signed; findings
and what is done about them), of rules and of monitors."""

from drills.planning import cancel
from drills.services.feeds import check_feed, feed_target, stop_feed
from drills.services.findings import add_action, close_action, open_finding, tell_overdue
from drills.services.incoming import add_incoming_webhook, stop_incoming_webhook
from drills.services.monitors import Received, create_monitor, receive
from drills.services.plans import create_drill, end_drill
from drills.services.rules import end_rule, propose_rule, publish_rule
from drills.services.signers import register_signer_key, revoke_signer_key
from drills.services.signing_off import AlreadySigned, AnotherRecord, NotIndependent, sign_off
from drills.services.uploads import (
    Attachment,
    DigestDiffers,
    Refused,
    Upload,
    record_refusal,
    record_refusals,
    record_result,
    record_results,
)
from drills.services.windows import TooLate, approve_window, plan_window

__all__ = [
    "AlreadySigned",
    "AnotherRecord",
    "Attachment",
    "DigestDiffers",
    "NotIndependent",
    "Received",
    "Refused",
    "TooLate",
    "Upload",
    "add_action",
    "add_incoming_webhook",
    "approve_window",
    "cancel",
    "check_feed",
    "close_action",
    "create_drill",
    "create_monitor",
    "end_drill",
    "end_rule",
    "feed_target",
    "open_finding",
    "plan_window",
    "propose_rule",
    "publish_rule",
    "receive",
    "record_refusal",
    "record_refusals",
    "record_result",
    "record_results",
    "register_signer_key",
    "revoke_signer_key",
    "sign_off",
    "stop_feed",
    "stop_incoming_webhook",
    "tell_overdue",
]
