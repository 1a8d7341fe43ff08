"""What a leaf asks of its evidence, in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dcase_audit.calendars import durations
from dcase_audit.cases.dates import duration_text, language
from dcase_audit.cases.graph import CriterionValue
from dcase_audit.cases.labels import NO_LABELS
from dcase_audit.cases.models import Criterion
from dcase_audit.shares import exact_percent

AVAILABILITY = "availability"
SHARE = re.compile(r"0?\.[0-9]{1,10}")


def criterion_lines(
    criterion: CriterionValue | Criterion, kind_names: Mapping[str, str], labels: Mapping[str, str] = NO_LABELS
) -> list[tuple[str, str]]:
    """Return each limit that the criterion sets as (what, limit); kinds by the names given, keys by their labels."""
    return [line for line in _lines(criterion, kind_names, labels) if line[1]]


def _lines(
    criterion: CriterionValue | Criterion, kind_names: Mapping[str, str], labels: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    yield _("Kinds of evidence"), listing(kind_names.get(kind, kind) for kind in criterion.kinds)
    yield (
        _("How many"),
        ngettext("at least %d artefact", "at least %d artefacts", criterion.minimum) % criterion.minimum,
    )
    yield _("Must cover"), listing(labels.get(item, item) for item in criterion.must_cover)
    yield _("Greatest age"), _after(criterion.max_age, _("%s from the end of what it proves"))
    yield _("Reads as expiring"), _after(criterion.warn_before, _("%s before it ends"))
    yield _("Longest silence"), _after(criterion.silence, "%s")
    yield _("Counted in the hours of"), labels.get(criterion.calendar, criterion.calendar)
    yield _("Goes stale when this changes"), listing(labels.get(key, key) for key in criterion.subjects)
    yield _("Targets"), listing(target_text(target, labels) for target in criterion.targets)
    yield _("Refuted when"), labels.get(criterion.refuted_when, criterion.refuted_when)


def _after(iso: str, template: str) -> str:
    return template % duration_text(iso) if iso else ""


def listing(items: Any) -> str:
    """Join names as the active language does."""
    return ("、" if language() == "ja" else ", ").join(items)


def target_text(target: Mapping[str, Any], labels: Mapping[str, str] = NO_LABELS) -> str:
    """Return a limit for something measured: what, of what, how much."""
    measure = measure_text(target, labels)
    if SHARE.fullmatch(value := str(target.get("value", ""))) and target.get("measure") == AVAILABILITY:
        return f"{measure}: {limit_text(str(target.get('op', '')), f'{exact_percent(Fraction(value))} %')}"
    return f"{measure}: {limit_text(str(target.get('op', '')), target.get('value', ''))}"


def measure_text(target: Mapping[str, Any], labels: Mapping[str, str] = NO_LABELS) -> str:
    """Return what is measured, and of what: its class, one item, or each item by itself."""
    scope = [labels.get(str(target[name]), str(target[name])) for name in ("class", "item") if target.get(name)]
    if target.get("per") == "item":
        scope.append(_("each item"))
    measure = str(target.get("measure", ""))
    # The one measure that has a meaning of its own; what the others are called, the case says.
    name = _("availability") if measure == AVAILABILITY else measure
    of = f" ({' · '.join(scope)})" if scope else ""
    return f"{labels.get(measure, name)}{of}"


def limit_text(op: str, value: object) -> str:
    """Return a limit in words: BIZ UDPGothic, in its regular weight, shows each of the signs for it as the other."""
    words = {
        "<=": _("no more than %s") if durations.PATTERN.fullmatch(str(value)) else _("at most %s"),
        ">=": _("at least %s"),
        "<": _("less than %s"),
        ">": _("more than %s"),
    }
    return words.get(op, "%s") % value_text(value)


def value_text(value: object) -> str:
    """Return a measured value: a duration in words, anything else as it was sent."""
    text = str(value)
    return duration_text(text) if durations.PATTERN.fullmatch(text) else text
