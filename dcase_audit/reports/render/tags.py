"""The template tags of the report: texts, words, moments and links, set by the report's wording."""

from __future__ import annotations

import re
from datetime import datetime

from django import template
from django.template import Context
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from dcase_audit.cases.presentation import STATUS_STYLES, kind_word, status_word
from dcase_audit.cases.words import NodeKind, Status
from dcase_audit.problem_words import JAPANESE as REPLIES
from dcase_audit.reports.contents import Achieved, Loosening, Node, Reason, SubjectVersion, TargetPeriod
from dcase_audit.reports.render.phrases import keep_phrases
from dcase_audit.reports.words import Wording, exact

register = template.Library()
NAMED_IN_BRIEF = 3
IDENTIFIER = re.compile(r"[A-Za-z0-9-]+_[A-Za-z0-9_-]+")
JAPANESE = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
JAPANESE_RUN = re.compile(rf"{JAPANESE.pattern}(?:[0-9A-Za-z]*{JAPANESE.pattern})*")


def wording_of(context: Context) -> Wording:
    wording: Wording = context["wording"]
    return wording


def set_text(wording: Wording, text: str) -> SafeString:
    """Escape ``text``; Japanese breaks between phrases only, and its identifiers are set to be read exactly.

    Japanese in a report of another language says that it is: a text that is in it, or what stands in another.
    """
    if wording.language == "ja":
        return _japanese(text)
    if len(JAPANESE.findall(text)) * 2 > len(text):
        return format_html('<span lang="ja">{}</span>', _japanese(text))
    # No tag or entity has a Japanese letter, so what is marked is text.
    return SafeString(JAPANESE_RUN.sub(lambda run: f'<span lang="ja">{keep_phrases(run[0])}</span>', escape(text)))


def _japanese(text: str) -> SafeString:
    return SafeString(IDENTIFIER.sub(r'<span class="identifier">\g<0></span>', escape(keep_phrases(text))))


@register.simple_tag(takes_context=True)
def say(context: Context, entry: str, **values: object) -> SafeString:
    """Set one of the report's own texts, with ``values`` filled in."""
    wording = wording_of(context)
    return set_text(wording, wording.say(entry, **values))


@register.simple_tag(takes_context=True)
def pair(context: Context, entry: str, **values: str) -> SafeString:
    """Set a text that puts records beside each other, each of them in its own language."""
    wording = wording_of(context)
    parts = {
        name: value if isinstance(value, SafeString) else set_text(wording, value) for name, value in values.items()
    }
    return format_html(wording.catalogue.texts[entry], **parts)


@register.simple_tag(takes_context=True)
def plain(context: Context, entry: str, **values: object) -> str:
    """Return a text for an attribute: no line is broken there."""
    return wording_of(context).say(entry, **values)


@register.simple_tag(takes_context=True)
def text(context: Context, value: str) -> SafeString:
    """Set a text that comes from a record."""
    return set_text(wording_of(context), value)


@register.simple_tag(takes_context=True)
def names(context: Context, keys: tuple[str, ...]) -> SafeString:
    """Set what keys of the case are called, one after the other."""
    wording = wording_of(context)
    return set_text(wording, wording.names(keys))


@register.simple_tag(takes_context=True)
def name(context: Context, key: str) -> SafeString:
    """Set what a key of the case is called."""
    wording = wording_of(context)
    return set_text(wording, wording.name(key))


@register.simple_tag(takes_context=True)
def choice(context: Context, vocabulary: str, word: str) -> SafeString:
    wording = wording_of(context)
    return set_text(wording, wording.choice(vocabulary, word))


@register.simple_tag(takes_context=True)
def reason(context: Context, value: Reason) -> SafeString:
    wording = wording_of(context)
    titles: dict[str, str] = context["artefact_titles"]
    return set_text(wording, wording.reason(value, titles))


@register.simple_tag(takes_context=True)
def reason_in_brief(context: Context, value: Reason) -> SafeString:
    """Set a reason for a narrow column; the account of the node names everything that it is about."""
    wording = wording_of(context)
    titles: dict[str, str] = context["artefact_titles"]
    return set_text(wording, wording.reason(value, titles, most=NAMED_IN_BRIEF))


@register.simple_tag(takes_context=True)
def kind(context: Context, value: NodeKind) -> str:
    return kind_word(value, wording_of(context).language)


@register.simple_tag(takes_context=True)
def versions(context: Context, subjects: tuple[SubjectVersion, ...]) -> SafeString:
    """Set what evidence was obtained on, each with its version on the same line."""
    wording = wording_of(context)
    each = ((set_text(wording, f"{wording.name(one.subject)} {one.version}"),) for one in subjects)
    return format_html_join(wording.catalogue.comma, '<span class="whole">{}</span>', each)


@register.simple_tag(takes_context=True)
def reply(context: Context, problem: str) -> SafeString:
    """Set the title that a refused sender was answered with."""
    wording = wording_of(context)
    title = REPLIES.get(problem) if wording.language == "ja" else None
    return set_text(wording, wording.say("exceptions.reply", title=title or problem.replace("-", " ")))


@register.simple_tag(takes_context=True)
def through(context: Context, value: str) -> SafeString:
    """Set by what something came: the name of a token, or a person's session."""
    wording, (door, _, name) = wording_of(context), value.partition(":")
    if door == "token" and name:
        return set_text(wording, wording.say("exceptions.token", name=name))
    return set_text(wording, wording.say("exceptions.session") if value == "session" else value)


@register.simple_tag(takes_context=True)
def status(context: Context, word: str | Status) -> SafeString:
    """Set a status as glyph, word and colour."""
    found = word if isinstance(word, Status) else Status.of(word)
    return format_html(
        '<span class="status {}">{} {}</span>',
        found.word,
        STATUS_STYLES[found].glyph,
        status_word(found, wording_of(context).language),
    )


@register.simple_tag(takes_context=True)
def moment(context: Context, value: datetime) -> str:
    return wording_of(context).times.moment(value)


@register.simple_tag
def utc(value: datetime) -> str:
    return exact(value)


@register.simple_tag(takes_context=True)
def day(context: Context, value: datetime) -> str:
    return wording_of(context).times.day(value)


@register.simple_tag(takes_context=True)
def short(context: Context, value: datetime) -> str:
    """Set date and time for a table."""
    return wording_of(context).times.short_moment(value)


@register.simple_tag(takes_context=True)
def short_day(context: Context, value: datetime) -> str:
    return wording_of(context).times.short_day(value)


@register.simple_tag(takes_context=True)
def last_day(context: Context, value: datetime) -> str:
    return wording_of(context).times.short_last(value)


@register.simple_tag(takes_context=True)
def last(context: Context, value: datetime) -> str:
    """Set the last day on which something holds that ends at ``value``, in words."""
    return wording_of(context).times.last(value)


@register.simple_tag(takes_context=True)
def period(context: Context, start: datetime | None, end: datetime | None) -> SafeString:
    """Set a period with inclusive dates."""
    wording = wording_of(context)
    return set_text(wording, wording.times.period(start, end))


@register.simple_tag(takes_context=True)
def span(context: Context, start: datetime, end: datetime) -> SafeString:
    """Set from when until when something went on."""
    wording = wording_of(context)
    return set_text(wording, wording.times.span(start, end))


@register.simple_tag(takes_context=True)
def artefact_name(context: Context, key: str) -> SafeString:
    """Set an artefact's key as a link to the register, and its title."""
    titles: dict[str, str] = context["artefact_titles"]
    name = set_text(wording_of(context), titles[key])
    return format_html('<a class="key" href="#artefact-{}">{}</a> {}', key, key, name)


@register.simple_tag(takes_context=True)
def drill_name(context: Context, key: str) -> SafeString:
    """Set a drill's key as a link to its record, and its title."""
    titles: dict[str, str] = context["drill_titles"]
    return format_html(
        '<a class="key" href="#drill-{}">{}</a> {}', key, key, set_text(wording_of(context), titles[key])
    )


@register.simple_tag(takes_context=True)
def measured(context: Context, value: str) -> str:
    return wording_of(context).measured(value)


@register.simple_tag(takes_context=True)
def achieved(context: Context, value: Achieved) -> SafeString:
    """Set what was measured with its unit, how far the true value may lie from it, and how it was measured."""
    wording = wording_of(context)
    if not value.value:
        return SafeString("–")
    shown = " ".join(filter(None, (wording.measured(value.value), value.unit)))
    if value.resolution:
        shown = wording.say("by", what=shown, who=f"± {wording.measured(value.resolution)}")
    return set_text(wording, wording.listing(filter(None, (shown, value.method))))


@register.simple_tag(takes_context=True)
def revision_name(context: Context, value: str) -> SafeString:
    """Set an artefact's key and the number of a revision; as a link where the register has the artefact."""
    wording, (key, _, number) = wording_of(context), value.rpartition(" ")
    titles: dict[str, str] = context["artefact_titles"]
    link = '<a class="key" href="#artefact-{0}">{0}</a> {1}' if key in titles else '<span class="key">{}</span> {}'
    return format_html(link, key, set_text(wording, wording.say("evidence.revision", number=number)))


@register.simple_tag(takes_context=True)
def target(context: Context, value: object) -> SafeString:
    wording = wording_of(context)
    return set_text(wording, wording.target(value))  # type: ignore[arg-type]


@register.simple_tag(takes_context=True)
def was(context: Context, value: Loosening) -> SafeString:
    """Set what a loosened limit was."""
    wording = wording_of(context)
    return set_text(wording, wording.loosened(value.change, value.before))


@register.simple_tag(takes_context=True)
def became(context: Context, value: Loosening) -> SafeString:
    """Set what a loosened limit became."""
    wording = wording_of(context)
    return set_text(wording, wording.loosened(value.change, value.after))


@register.simple_tag
def node_link(key: str) -> SafeString:
    """Set a node's key as a link to its account."""
    return format_html('<a class="key" href="#node-{}">{}</a>', key, key)


@register.simple_tag(takes_context=True)
def node_links(context: Context, nodes: list[Node]) -> SafeString:
    """Set the keys of nodes as links; contexts, which have no account of their own, as plain keys."""
    comma = mark_safe(wording_of(context).catalogue.comma)
    return format_html_join(
        comma, "{}", ((node_link(node.key) if node.judged else format_html('<span class="key">{}</span>', node.key),)
                      for node in nodes)
    )  # fmt: skip


@register.simple_tag(takes_context=True)
def precisely(context: Context, start: datetime, end: datetime | None) -> str:
    """Set from when until when something was down, to the millisecond, as outages are counted."""
    wording = wording_of(context)
    first, last = (f"{one.astimezone(wording.times.zone):%Y-%m-%d %H:%M:%S}.{one.microsecond // 1000:03}" if one else ""
                   for one in (start, end))  # fmt: skip
    same = last[:11] if last[:11] == first[:11] else ""
    return wording.catalogue.period.format(start=first, end=last.removeprefix(same) or wording.say("targets.open"))


@register.simple_tag(takes_context=True)
def besides(context: Context, row: TargetPeriod) -> SafeString:
    """Set, each on a line, what a period has besides agreed time and outages; a whole one has nothing."""
    wording = wording_of(context)
    times = {"targets.unknown": row.unknown_ms, "targets.excused": row.excused_ms, "targets.ahead": row.ahead_ms}
    said = [wording.say(entry, time=grouped(time)) for entry, time in times.items() if time]
    if row.as_of < row.until:
        said.append(wording.say("targets.counted_to", at=wording.times.short_moment(row.as_of)))
    return format_html_join("", "<br>{}", ((set_text(wording, one),) for one in said))


@register.filter
def grouped(number: int) -> str:
    """Return a whole number with commas between thousands."""
    return f"{number:,}"


@register.filter
def short_hash(sha256: str) -> str:
    """Return the beginning of a digest; the register prints it whole."""
    return f"{sha256[:12]}…"
