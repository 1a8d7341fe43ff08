"""What a leaf asks of its evidence, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dcase_audit.calendars import durations
from dcase_audit.cases.dates import duration_text, language
from dcase_audit.cases.graph import CriterionValue
from dcase_audit.cases.models import Criterion


def criterion_lines(criterion: CriterionValue | Criterion, kind_names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return each limit that the criterion sets as (what, limit); kinds by the names given."""
    return [line for line in _lines(criterion, kind_names) if line[1]]


def _lines(criterion: CriterionValue | Criterion, kind_names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield _("Kinds of evidence"), listing(kind_names.get(kind, kind) for kind in criterion.kinds)
    yield (
        _("How many"),
        ngettext("at least %d artefact", "at least %d artefacts", criterion.minimum) % criterion.minimum,
    )
    yield _("Must cover"), listing(criterion.must_cover)
    yield _("Greatest age"), _after(criterion.max_age, _("%s from the end of what it proves"))
    yield _("Reads as expiring"), _after(criterion.warn_before, _("%s before it ends"))
    yield _("Longest silence"), _after(criterion.silence, "%s")
    yield _("Counted in the hours of"), criterion.calendar
    yield _("Goes stale when this changes"), listing(criterion.subjects)
    yield _("Targets"), listing(target_text(target) for target in criterion.targets)
    yield _("Refuted when"), criterion.refuted_when


def _after(iso: str, template: str) -> str:
    return template % duration_text(iso) if iso else ""


def listing(items: Any) -> str:
    """Join names as the active language does."""
    return ("、" if language() == "ja" else ", ").join(items)


def target_text(target: Mapping[str, Any]) -> str:
    """Return a limit for something measured: what, of what, how much."""
    scope = target.get("class") or target.get("item") or ""
    of = f" ({scope})" if scope else ""
    return f"{target.get('measure', '')}{of}: {limit_text(str(target.get('op', '')), target.get('value', ''))}"


def limit_text(op: str, value: object) -> str:
    """Return a limit in words: BIZ UDPGothic, in its regular weight, shows each of the signs for it as the other."""
    words = {
        "<=": _("at most %s"),
        ">=": _("at least %s"),
        "<": _("less than %s"),
        ">": _("more than %s"),
    }
    return words.get(op, "%s") % value_text(value)


def value_text(value: object) -> str:
    """Return a measured value: a duration in words, anything else as it was sent."""
    text = str(value)
    return duration_text(text) if durations.PATTERN.fullmatch(text) else text
