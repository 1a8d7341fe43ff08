"""Reading the facts of leaves in bulk: a constant number of queries whatever the number of leaves."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dcase_audit.calendars.durations import Duration, parse_or_none
from dcase_audit.calendars.models import Calendar
from dcase_audit.calendars.service_time import ServiceCalendar
from dcase_audit.cases.arguments import IN_FORCE, OF_EDITION
from dcase_audit.cases.words import CONTEXT_KINDS, NodeKind
from dcase_audit.trail.statements import rows
from evidence.facts import Criterion, Hearing, LeafFacts, Revision, SubjectVersion, Support
from evidence.leaf_status import Leaf
from evidence.models import Kind
from evidence.target_loading import facts_of_targets
from evidence.target_status import TargetLeaf

DEFAULT_MAX_AGE = Duration(months=12)

CRITERIA = """
SELECT n.id, n.kind, c.id IS NOT NULL, c.kinds, c.minimum, c.must_cover, c.max_age, c.warn_before, c.silence,
       c.calendar, c.subjects, k.timezone
FROM cases_node n JOIN cases_case k ON k.id = n.case_id
LEFT JOIN cases_criterion c ON c.node_id = n.id AND {in_force}
WHERE n.id = ANY(%(nodes)s)
"""
SUPPORTS = """
SELECT s.node_id, s.artefact_id, k.key, s.linked_at, s.unlinked_at, a.review_interval
FROM evidence_support s JOIN evidence_artefact a ON a.id = s.artefact_id JOIN evidence_kind k ON k.id = a.kind_id
WHERE s.node_id = ANY(%(nodes)s) ORDER BY s.id
"""
REVISIONS = """
SELECT r.id, r.artefact_id, r.number, r.verdict, r.submitted_at, r.covers, r.valid_from, r.valid_until, r.proves_from,
       r.proves_until, nullif(r.subjects, '{{}}'), d.*
FROM ({which}) r
LEFT JOIN LATERAL (
    SELECT max(at) FILTER (WHERE kind = 'accepted'), max(at) FILTER (WHERE kind = 'returned'),
           max(at) FILTER (WHERE kind = 'withdrawn'), max(effective_at) FILTER (WHERE kind = 'withdrawn'),
           max(at) FILTER (WHERE kind = 'voided'), max(at) FILTER (WHERE kind = 'annulled')
    FROM evidence_decision WHERE revision_id = r.id) d ON true
ORDER BY r.artefact_id, r.number
"""
ALL = "SELECT * FROM evidence_revision WHERE artefact_id = ANY(%(artefacts)s) AND submitted_at IS NOT NULL"
# All but those that nobody decided on and that change no status from a moment on: a later one waits for at least as
# long and is named before them. Of two moments within a quarter of an hour of UTC the later one ends later under any
# limit (no zone has changed its clocks within one since 2012), and of two that lie further apart than ends of months
# can bring together; in between that is not sure. Each is compared with the next one that covers the same, and with
# the last.
TELLING = """
WITH mine AS MATERIALIZED (
    SELECT id, artefact_id, number, verdict, submitted_at, covers, valid_from, valid_until, proves_from, proves_until,
        subjects, coalesce(proves_until, valid_from) AS base,
        verdict = 'supports' AND submitted_at <= %(since)s AND NOT EXISTS (
            SELECT FROM evidence_decision WHERE revision_id = v.id AND kind <> 'submitted') AS waits
    FROM evidence_revision v WHERE artefact_id = ANY(%(artefacts)s) AND submitted_at IS NOT NULL
), compared AS (
    SELECT *,
        lag(base) OVER w BETWEEN base AND date_bin('15 minutes', base, 'epoch') + interval '899.999999 s'
            AND lag(covers) OVER w = covers AND lag(submitted_at) OVER w >= submitted_at
            AND coalesce(lag(valid_until) OVER w >= valid_until, valid_until IS NULL) AS by_the_next,
        first_value(base) OVER w >= base + interval '120 hours'
            AND first_value(covers) OVER w = covers AND first_value(submitted_at) OVER w >= submitted_at
            AND coalesce(first_value(valid_until) OVER w >= valid_until, valid_until IS NULL) AS by_the_last
    FROM mine
    WINDOW w AS (PARTITION BY artefact_id, waits, valid_until IS NULL, hashtext(covers::text) ORDER BY number DESC)
)
SELECT * FROM compared WHERE NOT waits OR NOT coalesce(by_the_next OR by_the_last, false)
"""
SUBJECT_VERSIONS = """
SELECT s.key, v.version, v.digest, v.since, v.recorded_at
FROM evidence_subject s JOIN evidence_subjectversion v ON v.subject_id = s.id WHERE s.key = ANY(%(subjects)s)
ORDER BY v.since, v.id
"""
HEARINGS = """
SELECT h.artefact_id, h.first_heard_at, h.last_heard_at, g."from", g.until
FROM evidence_hearing h LEFT JOIN evidence_gap g ON g.artefact_id = h.artefact_id
WHERE h.artefact_id = ANY(%(artefacts)s) ORDER BY h.artefact_id, g."from"
"""


def judged(
    nodes: Iterable[int], *, at: datetime, known: datetime, edition: int | None = None, since: datetime | None = None
) -> dict[int, Leaf | TargetLeaf]:
    """Return the leaves, derived ones too, under the editions in force, or the given one, as recorded by ``known``.

    They answer for moments from ``since`` on, which is ``at`` where it is not given.
    """
    leaves, contexts = _facts(list(nodes), at, edition, min(since or at, known))
    found: dict[int, Leaf | TargetLeaf] = {node: Leaf(facts, known) for node, facts in leaves.items()}
    if contexts:
        targets = facts_of_targets(contexts, edition=edition)
        found |= {node: TargetLeaf(facts, known) for node, facts in targets.items()}
    return found


def facts_of(
    nodes: Iterable[int], *, at: datetime, edition: int | None = None, since: datetime | None = None
) -> dict[int, LeafFacts]:
    """Return the facts of the leaves under the editions in force, or under the given one of their case.

    Revisions of linked artefacts are all there, whenever recorded: the rules filter by ``known``. With ``since``, those
    are left out that change no status from then on; what was before, or was known before, these facts do not tell.
    ``at`` bounds the years whose holidays are looked up. Six queries, fewer where there is nothing to find. Derived
    leaves are left out.
    """
    return _facts(list(nodes), at, edition, since)[0]


def _facts(
    wanted: list[int], at: datetime, edition: int | None, since: datetime | None
) -> tuple[dict[int, LeafFacts], list[int]]:
    """Return the facts of the leaves, and the contexts among the nodes."""
    in_force = (IN_FORCE if edition is None else OF_EDITION).format("c")
    found = rows(CRITERIA.format(in_force=in_force), {"nodes": wanted, "edition": edition})
    criteria = [row for row in found if row[1] not in CONTEXT_KINDS]
    contexts = [row[0] for row in found if row[1] in CONTEXT_KINDS]
    if not criteria:
        return {}, contexts
    supports: dict[int, list[Support]] = {}
    for node, artefact, kind, linked_at, unlinked_at, review in rows(SUPPORTS, {"nodes": wanted}):
        supports.setdefault(node, []).append(Support(artefact, kind, linked_at, unlinked_at, _duration(review)))
    artefacts = sorted({support.artefact for linked in supports.values() for support in linked})
    revisions = _revisions(artefacts, since)
    versions = _subject_versions({subject for row in criteria for subject in row[10] or ()})
    hearings = _hearings(artefacts) if any(row[8] for row in criteria) else {}
    readers = _Criteria(at, any(not row[2] for row in criteria), {row[9] for row in criteria if row[9]})
    leaves = {
        row[0]: _leaf(readers.read(row), row[-1], supports.get(row[0], []), revisions, versions, hearings)
        for row in criteria
    }
    return leaves, contexts


def artefact_facts(artefact: int, review_interval: str, timezone: str, *, since: datetime | None = None) -> LeafFacts:
    """Return the facts of an artefact that is linked nowhere, as a leaf that asks nothing would see it.

    ``since`` is that of ``facts_of``.
    """
    first = datetime.fromisoformat("0001-01-02T00:00:00+00:00")
    support = Support(artefact, "", first, None, _duration(review_interval))
    return LeafFacts(
        ZoneInfo(timezone),
        Criterion(warn_before=Duration(days=30)),
        (support,),
        _revisions([artefact], since).get(artefact, ()),
    )


def _leaf(
    criterion: Criterion,
    timezone: str,
    supports: list[Support],
    revisions: dict[int, tuple[Revision, ...]],
    versions: dict[str, list[SubjectVersion]],
    hearings: dict[int, Hearing],
) -> LeafFacts:
    if len(supports) == 1:
        mine = revisions.get(supports[0].artefact, ())
    else:
        artefacts = dict.fromkeys(support.artefact for support in supports)
        mine = tuple(revision for artefact in artefacts for revision in revisions.get(artefact, ()))
    changes = tuple(version for subject in criterion.subjects for version in versions.get(subject, ()))
    heard = {s.artefact: hearings[s.artefact] for s in supports if s.artefact in hearings} if criterion.silence else {}
    return LeafFacts(ZoneInfo(timezone), criterion, tuple(supports), mine, changes, heard)


_parsed: dict[str, Duration | None] = {}


def _duration(text: str | None) -> Duration | None:
    if not text:
        return None
    if text not in _parsed:
        _parsed[text] = parse_or_none(text)
    return _parsed[text]


class _Criteria:
    """Turns criterion rows into values; calendars and the kinds that fit by default are read once, when needed."""

    def __init__(self, at: datetime, needs_defaults: bool, calendars: set[str]) -> None:
        self.years = range(at.year - 2, at.year + 4)
        self.kinds = list(Kind.objects.values_list("key", "for_monitors")) if needs_defaults else []
        self.calendars = (
            {calendar.key: calendar for calendar in Calendar.objects.filter(key__in=calendars)} if calendars else {}
        )
        self._made: dict[tuple[str, str], ServiceCalendar] = {}

    def read(self, row: tuple[Any, ...]) -> Criterion:
        if not row[2]:
            fitting = frozenset(key for key, monitors in self.kinds if monitors == (row[1] == NodeKind.MONITOR))
            return Criterion(fitting, 1, max_age=DEFAULT_MAX_AGE)
        _, _, _, kinds, minimum, must_cover, max_age, warn_before, silence, calendar, subjects, timezone = row
        return Criterion(
            frozenset(kinds),
            minimum,
            tuple(must_cover),
            _duration(max_age),
            _duration(warn_before),
            elapsed(_duration(silence)),
            self._calendar(calendar, timezone) if calendar and silence else None,
            tuple(subjects),
        )

    def _calendar(self, key: str, timezone: str) -> ServiceCalendar | None:
        found = self.calendars.get(key)
        if found is None:
            return None
        if (key, timezone) not in self._made:
            self._made[key, timezone] = found.service_calendar(ZoneInfo(timezone), years=self.years)
        return self._made[key, timezone]


def elapsed(duration: Duration | None) -> timedelta | None:
    """Return a silence as counted time: its days are of 24 counted hours, a month counts 30 of them."""
    return duration and duration.exact + timedelta(days=duration.days + 30 * duration.months)


def _revisions(artefacts: list[int], since: datetime | None) -> dict[int, tuple[Revision, ...]]:
    found: dict[int, list[Revision]] = {}
    query = REVISIONS.format(which=ALL if since is None else TELLING)
    for row in rows(query, {"artefacts": artefacts, "since": since}) if artefacts else ():
        (
            identity,
            artefact,
            number,
            verdict,
            submitted,
            covers,
            valid_from,
            valid_until,
            proves_from,
            proves_until,
            on,
            *decided,
        ) = row
        subjects = {key: (value["version"], value.get("digest", "")) for key, value in on.items()} if on else {}
        revision = Revision(
            identity,
            artefact,
            number,
            verdict,
            submitted,
            frozenset(covers),
            valid_from,
            valid_until,
            proves_from,
            proves_until,
            subjects,
            *decided,
        )
        found.setdefault(artefact, []).append(revision)
    return {artefact: tuple(revisions) for artefact, revisions in found.items()}


def _subject_versions(subjects: set[str]) -> dict[str, list[SubjectVersion]]:
    found: dict[str, list[SubjectVersion]] = {}
    for row in rows(SUBJECT_VERSIONS, {"subjects": sorted(subjects)}) if subjects else ():
        found.setdefault(row[0], []).append(SubjectVersion(*row))
    return found


def _hearings(artefacts: list[int]) -> dict[int, Hearing]:
    found: dict[int, Hearing] = {}
    for artefact, first, last, start, until in rows(HEARINGS, {"artefacts": artefacts}):
        before = found.get(artefact, Hearing(first, last))
        found[artefact] = before._replace(gaps=(*before.gaps, (start, until))) if start is not None else before
    return found
