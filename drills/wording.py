"""What pages say about drills: how often they recur, why a verdict is what it is, what to look at first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from dcase_audit.cases.criteria import limit_text, listing, measure_text, value_text
from dcase_audit.cases.dates import moment_text
from dcase_audit.cases.labels import NO_LABELS
from drills.models import Occurrence


def recurrence_text(rule: str) -> str:
    """Say how often a rule (RFC 5545) recurs; the days themselves are listed as occurrences."""
    parts = dict(part.split("=", 1) for part in rule.removeprefix("RRULE:").split(";") if "=" in part)
    interval = int(parts.get("INTERVAL", "1"))
    one = {
        "DAILY": _("every day"),
        "WEEKLY": _("every week"),
        "MONTHLY": _("every month"),
        "YEARLY": _("every year"),
    }
    several = {
        "DAILY": _("every %d days"),
        "WEEKLY": _("every %d weeks"),
        "MONTHLY": _("every %d months"),
        "YEARLY": _("every %d years"),
    }
    frequency = parts.get("FREQ", "")
    if frequency not in one:
        return _("once")
    return one[frequency] if interval == 1 else several[frequency] % interval


def because_text(because: Mapping[str, Any], labels: Mapping[str, str] = NO_LABELS) -> str:
    """Say what decided against passing, without full stop; keys by their labels."""
    texts = {
        "nothing_checked": _("Nothing was checked"),
        "check_failed": _("Check %(number)s failed: %(text)s"),
        "check_not_run": _("Check %(number)s was not run: %(text)s"),
        "target_missed": _("%(measure)s was %(measured)s; the target is %(target)s"),
        "not_measured": _("%(measure)s was not measured; the target is %(target)s"),
        "too_coarse": _("%(measure)s, %(measured)s, was not measured finely enough to show the target: %(target)s"),
        "not_comparable": _("%(measure)s, reported as %(measured)s, cannot be compared with %(target)s"),
        "contradicted": _("A second observation contradicted it: %(text)s"),
        "time_unknown": _("Nobody said when the drill was held"),
    }
    reason = str(because["reason"])
    if reason not in texts:
        return doubt_text(reason)
    shown = {"number": "", "text": "", **because}
    shown |= {"measure": measure_text(because, labels), "measured": value_text(because.get("measured", ""))}
    shown |= {"target": limit_text(str(because.get("op", "")), because.get("target", ""))}
    return texts[reason] % shown


def doubt_text(code: str) -> str:
    """Say what the reader of the format saw, without full stop; the detail beside it is in English."""
    texts = {
        "counts_differ": _("The counts in the file contradict its cases"),
        "times_differ": _("The times in the file contradict each other"),
        "deviated": _("The system deviated from its steady state"),
        "ended_failed": _("The experiment ended as failed"),
        "not_completed": _("The experiment did not run to its end"),
        "dry_run": _("Not everything was run for real"),
        "no_hypothesis": _("No steady state was looked at"),
        "hypothesis_unchecked": _("The steady state was not looked at both before and after"),
        "no_rollbacks": _("The rollbacks were not run"),
        "suite_failed": _("A test suite itself failed"),
        "stated_failed": _("It is stated to have failed"),
        "empty_subject": _("What was tested is an empty file"),
        "zone_by_rule": _("The times are in UTC by the rule of the format: the file names no zone"),
        "no_zone": _("The times in the file have no zone"),
        "times_stated": _("The sender stated when it was held; the file does not settle it"),
    }
    return texts.get(code, code)


def warning_text(warning: Mapping[str, Any]) -> str:
    """Say what the reviewer should look at first."""
    texts = {
        "claim_differs": _("The sender claims another verdict than the one derived"),
        "live_incident": _("It was a live incident that nobody had planned"),
        "unplanned": _("No planned occurrence fits its time"),
        "another_result": _("A result of this occurrence was received before"),
        "late": _("It came after the day by which it was due"),
        "other_time": _("It was held at another time than planned"),
        "covers_unplanned": _("It covers more than the drill plans"),
        "unknown_subjects": _("It names subjects that are not known here"),
        "unknown_signature": _("Keys that are not registered here have signed it, too"),
        "same_bytes": _("The same bytes were received before"),
    }
    return texts.get(warning["code"], str(warning["detail"]))


def warning_detail(warning: Mapping[str, Any], occurrence: Occurrence | None, labels: Mapping[str, str]) -> str:
    """Say which keys, result or time a warning of a result is about, where it is about any."""
    if occurrence is not None and warning["code"] == "late":
        return _("due by %(moment)s") % {"moment": moment_text(occurrence.report_by)}
    if occurrence is not None and warning["code"] == "other_time":
        return _("planned for %(moment)s") % {"moment": moment_text(occurrence.planned_at)}
    if warning["code"] == "same_bytes":
        return _("result %(number)s") % {"number": listing(warning.get("named", ()))}
    return listing([labels.get(key, key) for key in warning.get("named", ())])


def state_text(state: str) -> str:
    """Say where a finding stands."""
    texts = {
        "open": _("open, no corrective action"),
        "acting": _("corrective action under way"),
        "overdue": _("corrective action overdue"),
        "awaits_retest": _("awaits a passed retest"),
        "closed": _("closed"),
        "annulled": _("result annulled"),
    }
    return texts[state]


def shift_text(shift: str) -> str:
    return {"day": _("day shift"), "night": _("night shift"), "holiday": _("holiday shift")}.get(shift, "")


def place_text(place: str) -> str:
    places = {"production": _("Production"), "recovery": _("Disaster recovery site"), "test": _("Test environment")}
    return places.get(place, "")


def event_text(event: str) -> str:
    """Say what a line of a time line tells; names that only the sender knows stay as they came."""
    texts = {
        "fault_injected": _("Fault injected"),
        "detected": _("Detected"),
        "alarm_acknowledged": _("Alarm acknowledged"),
        "escalated": _("Escalated"),
        "management_told": _("Management told"),
        "decided": _("Decided"),
        "participants_told": _("Participants told"),
        "public_told": _("Public told"),
        "switch_over_started": _("Switch-over started"),
        "switch_over_ended": _("Switch-over ended"),
        "forced_switch_ordered": _("Forced switch ordered"),
        "forced_switch_done": _("Forced switch done"),
        "confirmed": _("Switch-over confirmed"),
        "contradicted": _("Confirmation contradicted"),
        "restored": _("Service restored"),
        "data_verified": _("Data verified"),
        "failback_started": _("Failback started"),
        "failback_ended": _("Failback ended"),
    }
    return texts.get(event, event)


def measure_labels() -> dict[str, str]:
    """Return what measures are called that no case names by itself."""
    return {
        "recovery_time": _("Recovery time (RTO)"),
        "recovery_point": _("Recovery point (RPO)"),
        "records_lost": _("Records lost"),
        "switch_over": _("Switch-over"),
        "escalation": _("Escalation"),
        "notification": _("Notification"),
        "participants_ready": _("Participants ready"),
    }
