"""What drills keep: plans, occurrences, results and acceptance rules; monitors, what they sent, the outages."""

from drills.models.drills import CheckItem, Drill, DrillResult, Occurrence, RefusedUpload, Scenario, SignerKey
from drills.models.findings import CorrectiveAction, Finding, SignOff
from drills.models.monitors import (
    IncomingWebhook,
    Monitor,
    MonitorBatch,
    MonitorEvent,
    Outage,
    PlannedWindow,
    UnreadAlert,
)
from drills.models.rules import AcceptanceRule
from drills.models.targets import TargetFeed

__all__ = [
    "AcceptanceRule",
    "CheckItem",
    "CorrectiveAction",
    "Drill",
    "DrillResult",
    "Finding",
    "IncomingWebhook",
    "Monitor",
    "MonitorBatch",
    "MonitorEvent",
    "Occurrence",
    "Outage",
    "PlannedWindow",
    "RefusedUpload",
    "Scenario",
    "SignOff",
    "SignerKey",
    "TargetFeed",
    "UnreadAlert",
]
