"""How pages show statuses, kinds of node and moments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import cache

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from dcase_audit.cases.dates import (
    clock_text,
    day_text,
    duration_text,
    first_day_text,
    is_within_a_day,
    language,
    last_day_text,
    moment_text,
    precise_moment_text,
)
from dcase_audit.cases.labels import script_of
from dcase_audit.cases.models import Case
from dcase_audit.cases.presentation import STATUS_STYLES, kind_word, status_word
from dcase_audit.cases.words import NodeKind, Status
from dcase_audit.errors import AuditError
from dcase_audit.pages import refusal_text

register = template.Library()

TIME = '<time datetime="{}">{}</time>'


@cache
def chip_of(status: Status, in_language: str) -> SafeString:
    """Return a status as a chip: sign, word and colour."""
    style = STATUS_STYLES[status]
    return format_html(
        '<span class="chip chip-{}"><span aria-hidden="true">{}</span> {}</span>',
        status.word,
        style.glyph,
        style.words.into(in_language),
    )


@register.filter
def chip(status: Status | int | None) -> str:
    """Show a status; nothing for what has none."""
    return "" if status is None else chip_of(Status(status), language())


@register.filter
def word(status: Status) -> str:
    """Say what a status is called, where no chip can be shown."""
    return status_word(status, language())


@register.filter
def kind(value: str) -> str:
    """Say what a kind of node is called."""
    return kind_word(NodeKind(value), language())


@register.filter
def day(value: date | None) -> str:
    """Show a day, or the day of a moment."""
    return "" if value is None else format_html(TIME, value.isoformat(), day_text(value))


@register.filter
def moment(value: datetime | None) -> str:
    """Show a moment with its time and zone."""
    return "" if value is None else format_html(TIME, value.isoformat(), moment_text(value))


@register.filter
def precise_moment(value: datetime | None) -> str:
    """Show a moment to the millisecond: what is counted in milliseconds would else begin and end at once."""
    return "" if value is None else format_html(TIME, value.isoformat(), precise_moment_text(value))


@register.filter
def first_day(start: datetime | None) -> str:
    """Show a beginning as the first day that it includes."""
    return "" if start is None else format_html(TIME, start.isoformat(), first_day_text(start))


@register.filter
def last_day(end: datetime | None) -> str:
    """Show an end as the last day that it includes."""
    return "" if end is None else format_html(TIME, end.isoformat(), last_day_text(end))


@register.simple_tag
def period(start: datetime | None, end: datetime | None) -> str:
    """Show a half-open period with inclusive days; a dash where neither end is given."""
    if start is None and end is None:
        return "–"
    if start is None:
        return format_html(_("until %(day)s") % {"day": "{}"}, last_day(end))
    if end is None:
        return format_html(_("from %(day)s") % {"day": "{}"}, first_day(start))
    if first_day_text(start) == last_day_text(end):
        return first_day(start)
    if is_within_a_day(start, end):
        return format_html("{} – {}", first_day(start), format_html(TIME, end.isoformat(), clock_text(end)))
    return format_html("{} – {}", first_day(start), last_day(end))


@register.filter
def duration(iso: str) -> str:
    """Say how long an ISO 8601 duration is."""
    return duration_text(iso) if iso else ""


@register.filter
def listed(items: Iterable[object]) -> str:
    """Name things one after the other."""
    return ("、" if language() == "ja" else ", ").join(str(item) for item in items)


@register.filter
def script(text: str) -> str:
    """Return the language of a text that somebody wrote, as its script tells it."""
    return script_of(text)


@register.filter
def label(key: str, labels: Mapping[str, str]) -> str:
    """Name a key by its label; by itself where it has none."""
    return labels.get(key, key)


@register.filter
def labelled(items: Iterable[str], labels: Mapping[str, str]) -> list[str]:
    """Name each key by its label; one without any by itself."""
    return [labels.get(item, item) for item in items]


@register.filter
def own(thing: object, attribute: str) -> str:
    """Return a text that a thing has in both languages (``title``, ``name``, ``statement``), in the reader's."""
    found: str = getattr(thing, attribute)(language())
    return found


@register.filter
def either(thing: object, name: str) -> str:
    """Return a text that a thing keeps as ``NAME_ja`` and ``NAME_en``, in the reader's language or else the other."""
    first, second = ("ja", "en") if language() == "ja" else ("en", "ja")
    return getattr(thing, f"{name}_{first}") or getattr(thing, f"{name}_{second}") or ""


@register.filter
def said(refusal: AuditError) -> str:
    """Say what was refused."""
    return refusal_text(refusal)


@register.simple_tag
def holds_demo() -> bool:
    """Tell whether this database holds made-up data, which every page then says."""
    return Case.objects.filter(is_demo=True).exists()
