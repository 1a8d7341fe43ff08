"""What pages say about drills: how often they recur, why a verdict is what it is, what to look at first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from dcase_audit.cases.criteria import limit_text, value_text


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


def because_text(because: Mapping[str, Any]) -> str:
    """Say what decided against passing, without full stop."""
    texts = {
        "nothing_checked": _("Nothing was checked"),
        "check_failed": _("Check %(number)s failed: %(text)s"),
        "check_not_run": _("Check %(number)s was not run: %(text)s"),
        "target_missed": _("%(measure)s was %(measured)s; the target is %(target)s"),
        "not_measured": _("%(measure)s was not measured; the target is %(target)s"),
        "not_comparable": _("%(measure)s, reported as %(measured)s, cannot be compared with %(target)s"),
        "contradicted": _("A second observation contradicted it: %(text)s"),
    }
    of = " · ".join(str(because[name]) for name in ("class", "item") if because.get(name))
    measure = f"{because.get('measure', '')} ({of})" if of else because.get("measure", "")
    shown = {"number": "", "text": "", **because}
    shown |= {"measure": measure, "measured": value_text(because.get("measured", ""))}
    shown |= {"target": limit_text(str(because.get("op", "")), because.get("target", ""))}
    return texts[str(because["reason"])] % shown


def warning_text(warning: Mapping[str, str]) -> str:
    """Say what the reviewer should look at first."""
    texts = {
        "claim_differs": _("The sender claims another verdict than the one derived"),
        "unplanned": _("No planned occurrence fits its time"),
        "another_result": _("A result of this occurrence was received before"),
        "late": _("It came after the day by which it was due"),
        "other_time": _("It was held at another time than planned"),
        "covers_unplanned": _("It covers more than the drill plans"),
        "unknown_subjects": _("It names subjects that are not known here"),
        "same_bytes": _("The same bytes were received before"),
    }
    return texts.get(warning["code"], warning["detail"])
