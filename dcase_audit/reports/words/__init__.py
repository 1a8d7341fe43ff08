"""The words of the report, in its language: texts, sentences for reasons, criteria, figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo

from dcase_audit.calendars import durations
from dcase_audit.reports.contents import Criterion, Label, Language, Reason, Target
from dcase_audit.reports.contents.editions import Change
from dcase_audit.reports.words.catalogue import Term, catalogue, status_meanings, terms
from dcase_audit.reports.words.times import Times, exact

__all__ = ["Term", "Times", "Wording", "exact", "status_meanings", "terms"]

# Where nothing is named, anything goes.
LIMITS: frozenset[Change] = frozenset({"max_age", "silence", "kinds_any"})


class Wording:
    """Says what the report has to say in one language; moments are printed in ``zone``, keys by their ``labels``."""

    def __init__(self, language: Language, zone: ZoneInfo, labels: Iterable[Label] = ()) -> None:
        self.language = language
        self.labels = {label.key: label.text for label in labels}
        self.catalogue = catalogue(language)
        self.times = Times(self.catalogue, zone)

    def say(self, key: str, /, **values: object) -> str:
        """Return the text ``key`` with ``values`` filled in; KeyError for a text that does not exist."""
        return self.catalogue.texts[key].format(**values)

    def choice(self, vocabulary: str, word: str) -> str:
        """Return a word of a closed vocabulary: ``choice("verdict", "refutes")``."""
        return self.catalogue.choices[vocabulary][word]

    def name(self, key: str) -> str:
        """Return what a key of the case is called; the key itself where it has no label."""
        return self.labels.get(key, key)

    def names(self, keys: Iterable[str]) -> str:
        """Return what several keys are called, one after the other."""
        return self.listing(self.name(key) for key in keys)

    def listing(self, items: Iterable[str]) -> str:
        """Join names as the language does."""
        return self.catalogue.comma.join(items)

    def reason(self, reason: Reason, titles: Mapping[str, str], *, most: int | None = None) -> str:
        """Return one reason as a sentence, without full stop; ``titles`` says what artefacts are called.

        Of what must be covered ``most`` are named and the others counted; all of them if it is None.
        """
        sentence = self.catalogue.reasons[reason.code].format(
            evidence=self._evidence(titles.get(reason.artefact, reason.artefact), reason.revision),
            at=self.times.said(reason.at) if reason.at else "",
            until=self.times.until(reason.at) if reason.at else "",
            party=reason.party,
            before=reason.before,
            after=reason.after,
            node=reason.node,
            subject=self.name(reason.subject),
            period_from=self.times.said(reason.period_from) if reason.period_from else "",
            period_until=self.times.until(reason.period_until) if reason.period_until else "",
            waits=self.listing(self.choice("waits", what) for what in reason.waits),
            best=reason.best,
            worst=reason.worst,
            limit=reason.limit,
            resolution=reason.resolution,
        )
        sentence = sentence[:1].upper() + sentence[1:]
        if not reason.items:
            return sentence
        items = self.names(reason.items[:most])
        if more := len(reason.items[most:]) if most is not None else 0:
            items = self.catalogue.and_more.format(items=items, count=more)
        return self.catalogue.covering.format(reason=sentence, items=items)

    def _evidence(self, title: str, revision: int | None) -> str:
        if not title:
            return self.catalogue.some_evidence
        template = self.catalogue.any_revision if revision is None else self.catalogue.evidence
        return template.format(artefact=title, revision=revision)

    def criterion(self, criterion: Criterion) -> list[tuple[str, str]]:
        """Return each limit that the criterion sets as (what, limit)."""
        values = {
            "kinds": self.listing(criterion.kinds),
            "minimum": str(criterion.minimum),
            "must_cover": self.names(criterion.must_cover),
            "max_age": self._duration(criterion.max_age),
            "warn_before": self._duration(criterion.warn_before),
            "silence": self._duration(criterion.silence),
            "calendar": self.name(criterion.calendar),
            "subjects": self.names(criterion.subjects),
            "targets": self.listing(self.target(target) for target in criterion.targets),
            "refuted_when": self.name(criterion.refuted_when),
        }
        words = self.catalogue.criterion
        return [(words[field][0], words[field][1].format(value=value)) for field, value in values.items() if value]

    def loosened(self, change: Change, values: Iterable[str | Target]) -> str:
        """Return what a loosened limit was or became; the lack of a limit is said, of anything else a dash."""
        said = [self.name(value) if isinstance(value, str) else self.target(value) for value in values]
        if change in {"max_age", "silence"}:
            said = [self._duration(value) for value in said]
        elif change == "support_rule":
            said = [self.catalogue.choices["rule"][value] for value in said]
        nothing = self.catalogue.unbounded if change in LIMITS else "–"
        return self.listing(said) or nothing

    def target(self, target: Target) -> str:
        """Return what is measured and its limit."""
        scope = self.name(target.scope) if target.scope else self.catalogue.each_item if target.per_item else ""
        template = self.catalogue.target if scope else self.catalogue.target_unscoped
        return template.format(measure=self.name(target.measure), scope=scope, limit=self.limit(target))

    def limit(self, target: Target) -> str:
        """Return the limit alone: at most 15 minutes."""
        is_time = target.op == "<=" and durations.PATTERN.fullmatch(target.value)
        template = self.catalogue.within if is_time else self.catalogue.operators[target.op]
        return template.format(value=self.measured(target.value))

    def measured(self, value: str) -> str:
        """Return a measured value: a duration in words, anything else as it stands."""
        return self.times.duration(value) if durations.PATTERN.fullmatch(value) else value

    def _duration(self, iso: str) -> str:
        return self.times.duration(iso) if iso else ""
