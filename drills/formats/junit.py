"""JUnit XML, a format without a standard: ``testsuites`` or ``testsuite``, nested as deep as producers like.

A time stands where the file says it with a zone (ISO 8601 or RFC 2822). Times without one are local to a machine that
nobody named: they are kept as they are, and the drill passes only if its sender states when it was held. Counts that
no reading of the cases explains are never a pass.

Source: testmoapp/junitxml; the schemas of Ant and Surefire; what pytest, mocha and node write.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from xml.sax import SAXException, SAXParseException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl, Locator

from defusedxml import DefusedXmlException
from defusedxml.sax import make_parser

from dcase_audit import moments
from drills.formats.reading import LONGEST_OBSERVED, LONGEST_TEXT, cut, few, moment_or_local, numbered
from drills.members import MOST
from drills.results import Check, Doubt, Malformed, ParsedResult, Weight

LIMIT = 2 * 1024 * 1024
DEPTH = 60
MOST_ELEMENTS = 100 * MOST
KEPT = ("name", "tests", "failures", "errors", "skipped", "disabled", "time", "timestamp", "hostname")
MAIL = re.compile(
    r"(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}(?::\d{2})? (?:GMT|UTC|UT|[+-]\d{4})", re.ASCII
)
SUITES, CASE = frozenset({"testsuites", "testsuite"}), "testcase"
FAILED = frozenset({"failure", "error", "rerunFailure", "rerunError"})
FLAKY = frozenset({"flakyFailure", "flakyError"})
NOT_RUN = frozenset({"skipped", "disabled", "notrun", "ignored", "pending", "todo"})
FAILED_STATUS = frozenset({"failed", "failure", "fail", "error", "errored", "broken"})
DIGITS = re.compile(r"\d{1,9}", re.ASCII)
SECONDS = re.compile(r"\d[\d,]{0,12}(?:\.\d{1,12})?(?:[eE]-?\d{1,2})?", re.ASCII)
CENTURY = 3_200_000_000.0


@dataclass
class Case:
    """A test case and every result that stands in it."""

    name: str
    classname: str
    place: str
    status: str = ""
    results: list[tuple[str, str]] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        kinds = {kind for kind, _ in self.results}
        if kinds & FAILED or self.status in FAILED_STATUS:
            return "fail"
        if "skipped" in kinds or self.status in NOT_RUN:
            return "not_run"
        return "remark" if kinds & FLAKY else "pass"


@dataclass
class Suite:
    """A suite with the cases and suites directly in it."""

    tag: str
    attributes: dict[str, str]
    place: str
    cases: list[Case] = field(default_factory=list)
    suites: list[Suite] = field(default_factory=list)
    failures: int = 0

    def all_suites(self) -> Iterator[Suite]:
        waiting = [self]
        while waiting:
            suite = waiting.pop()
            yield suite
            waiting.extend(reversed(suite.suites))

    def all_cases(self) -> list[Case]:
        return [case for suite in self.all_suites() for case in suite.cases]


def parse(data: bytes) -> ParsedResult:
    """Read a file.

    Raises:
        Malformed: no XML, or one with a document type, entities, or deeper than 60 (400); too large (413); no JUnit
            (422).
    """
    if len(data) > LIMIT:
        raise Malformed(f"The XML has {len(data)} bytes; the limit is {LIMIT}.", status=413)
    root = _read(data)
    cases = root.all_cases()
    times = _times(root)
    local = times is not None and times[0].tzinfo is None
    started_at, ended_at = (None, None) if times is None or local else times
    return ParsedResult(
        started_at=started_at,
        ended_at=ended_at,
        checks=numbered(map(_check, cases), root.place),
        record={"suite": {name: cut(value, 300) for name, value in root.attributes.items()}},
        doubts=few(_doubts(root)),
        producer=cut(_named(root), 100),
        local_times=times if local else None,
        places=(f"{root.place}/@timestamp", f"{root.place}/@time"),
    )


def _read(data: bytes) -> Suite:
    handler = _Handler()
    parser = make_parser()
    parser.forbid_dtd = True
    parser.setContentHandler(handler)
    try:
        parser.parse(io.BytesIO(data))
    except SAXParseException as error:
        where = f"line {error.getLineNumber()}, column {error.getColumnNumber()}"
        raise Malformed(f"{error.getMessage()} at {where}.", pointer=handler.where or None, status=400) from None
    except DefusedXmlException:
        text = f"A document type or an entity at {handler.line}: neither is read."
        raise Malformed(text, pointer=handler.where or None, status=400) from None
    except (SAXException, ValueError, LookupError) as error:
        # What expat does not decode comes as one of these.
        raise Malformed(f"The XML cannot be read: {error}.", status=400) from None
    if handler.root is None:
        raise Malformed("The XML is empty.", status=400)
    return handler.root


class _Handler(ContentHandler):
    """Builds suites and cases as the elements come; keeps nothing of what is written to the output."""

    def __init__(self) -> None:
        super().__init__()
        self.root: Suite | None = None
        self.path: list[str] = []
        self.counts: list[dict[str, int]] = [{}]
        self.suites: list[Suite] = []
        self.case: Case | None = None
        self.text: list[str] | None = None
        self.number = self.suite_number = self.elements = 0
        self.locator: Locator | None = None

    def setDocumentLocator(self, locator: Locator) -> None:  # noqa: N802 - SAX's own name
        self.locator = locator

    @property
    def where(self) -> str:
        return "".join(f"/{step}" for step in self.path)

    @property
    def line(self) -> str:
        return f"line {self.locator.getLineNumber() if self.locator else None}"

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802 - SAX's own name
        tag = name.rpartition(":")[2]
        self._step(tag)
        self.elements += 1
        if len(self.path) > DEPTH:
            raise Malformed(f"The XML nests deeper than {DEPTH} at {self.line}.", pointer=self.where[:200], status=400)
        if self.elements > MOST_ELEMENTS:
            raise Malformed(f"The XML has more than {MOST_ELEMENTS} elements at {self.line}.", pointer="", status=422)
        if self.root is None and tag not in SUITES:
            raise Malformed("testsuites or testsuite is expected here.", pointer=self.where)
        if tag in SUITES and self.case is None:
            self._begin_suite(tag, attrs)
        elif tag == CASE and self.suites and self.case is None:
            self._begin_case(attrs)
        elif self.case is not None and tag in FAILED | FLAKY | {"skipped"}:
            self.case.results.append((tag, attrs.get("message") or attrs.get("type") or ""))
            self.text = []
        elif self.case is None and self.suites and tag in FAILED:
            self.suites[-1].failures += 1

    def _step(self, tag: str) -> None:
        siblings = self.counts[-1]
        siblings[tag] = siblings.get(tag, 0) + 1
        self.path.append(tag if len(self.path) == 0 else f"{tag}[{siblings[tag]}]")
        self.counts.append({})

    def _begin_suite(self, tag: str, attrs: AttributesImpl) -> None:
        self.suite_number += 1
        if self.suite_number > MOST:
            raise Malformed(f"There are more than {MOST} suites; send several results.", pointer=self.where)
        suite = Suite(tag, {name: attrs[name] for name in KEPT if name in attrs}, self.where)
        if self.suites:
            self.suites[-1].suites.append(suite)
        else:
            self.root = suite
        self.suites.append(suite)

    def _begin_case(self, attrs: AttributesImpl) -> None:
        self.number += 1
        if self.number > MOST:
            raise Malformed(f"There are more than {MOST} cases; send several results.", pointer=self.where)
        status = (attrs.get("status") or attrs.get("result") or "").strip().lower()
        self.case = Case(attrs.get("name") or "", attrs.get("classname") or "", self.where, status)
        self.suites[-1].cases.append(self.case)

    def characters(self, content: str) -> None:
        if self.text is not None and len(self.text) < LONGEST_OBSERVED:
            self.text.append(content)

    def endElement(self, name: str) -> None:  # noqa: N802 - SAX's own name
        tag = name.rpartition(":")[2]
        if self.case is not None and self.text is not None and tag in FAILED | FLAKY | {"skipped"}:
            kind, message = self.case.results[-1]
            self.case.results[-1] = (kind, message or "".join(self.text).strip())
            self.text = None
        elif tag == CASE and self.case is not None and self.case.place == self.where:
            self.case = None
        elif tag in SUITES and self.suites and self.suites[-1].place == self.where:
            self.suites.pop()
        self.path.pop()
        self.counts.pop()


def _check(case: Case) -> Check:
    text = " › ".join(part for part in (case.classname, case.name) if part.strip()) or case.place
    messages = "\n".join(message for _, message in case.results if message)
    return Check(0, cut(text, LONGEST_TEXT), case.outcome, reason=cut(messages or case.status, LONGEST_OBSERVED))


def _named(root: Suite) -> str:
    """Return what the root or the first suite calls itself: the producer's name, or what the producer ran."""
    return next((suite.attributes["name"] for suite in root.all_suites() if suite.attributes.get("name")), "")


def _times(root: Suite) -> tuple[datetime, datetime] | None:
    """Return the first start and the last end, both with or both without a zone; None where no two agree on that."""
    starts: list[datetime] = []
    ends: list[datetime] = []
    for suite in root.all_suites():
        moment = _moment(suite)
        if moment is not None:
            starts.append(moment)
            ends.append(moment + timedelta(seconds=_seconds(suite)))
    if len({moment.tzinfo is None for moment in starts}) != 1:
        return None
    return min(starts), max(ends)


def _moment(suite: Suite) -> datetime | None:
    text = suite.attributes.get("timestamp", "").strip()
    if not text:
        return None
    try:
        return _mail_moment(text) if MAIL.fullmatch(text) else moment_or_local(text)
    except ValueError as error:
        raise Malformed(str(error), pointer=f"{suite.place}/@timestamp") from None


def _mail_moment(text: str) -> datetime:
    """Return a time as mail has it, which mocha writes; -0000 there says that the zone is not known."""
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        raise ValueError("There is no such day, hour or offset.") from None
    if moment.year not in moments.YEARS:
        raise ValueError(f"The time lies outside of the years {moments.YEARS[0]} to {moments.YEARS[-1]}.")
    return moment.astimezone(UTC) if moment.tzinfo is not None else moment


def _seconds(suite: Suite) -> float:
    """Return how long the suite took; Surefire groups the digits of thousands."""
    text = suite.attributes.get("time", "").strip()
    if not text:
        return 0.0
    seconds = float(text.replace(",", "")) if SECONDS.fullmatch(text) else -1.0
    if not 0 <= seconds < CENTURY:
        raise Malformed("A number of seconds is expected here.", pointer=f"{suite.place}/@time")
    return seconds


def _doubts(root: Suite) -> Iterator[Doubt]:
    for suite in root.all_suites():
        yield from _count_doubts(suite)
        if suite.failures:
            yield Doubt("suite_failed", "A suite itself failed.", suite.place, Weight.FAILS)
    zones = [moment.tzinfo is None for suite in root.all_suites() if (moment := _moment(suite)) is not None]
    if any(zones):
        place = next(s.place for s in root.all_suites() if (moment := _moment(s)) is not None and moment.tzinfo is None)
        yield Doubt("no_zone", "The times have no zone, and none is guessed.", f"{place}/@timestamp", Weight.NOTED)


def _count_doubts(suite: Suite) -> Iterator[Doubt]:
    """Yield where the counts that a suite names fit no reading of what is in it.

    Producers count the cases below, those directly in it, or cases of one name once; node counts a suite within a suite
    as one, and as a failure where a case in it failed. So failures that are named have to be there, and one is enough.
    """
    cases = suite.all_cases()
    readings = {len(cases), len({(case.classname, case.name) for case in cases}), len(suite.cases)}
    if suite.tag == "testsuite":
        readings.add(len(suite.cases) + len(suite.suites))
    said = _count(suite, "tests")
    if said is not None and said not in readings:
        text = f"The suite says {said} tests; its cases are {len(cases)}."
        yield Doubt("counts_differ", text, f"{suite.place}/@tests")
    outcomes = {case.outcome for case in cases}
    failed = "fail" in outcomes or any(each.failures for each in suite.all_suites())
    for names, there in ((("failures", "errors"), failed), (("skipped", "disabled"), "not_run" in outcomes)):
        for name in names:
            if not there and (_count(suite, name) or 0) > 0:
                text = f"The suite names {name}, and none of its cases is one."
                yield Doubt("counts_differ", text, f"{suite.place}/@{name}")


def _count(suite: Suite, name: str) -> int | None:
    text = suite.attributes.get(name, "").strip()
    if not text:
        return None
    if not DIGITS.fullmatch(text):
        raise Malformed("A number from 0 on is expected here.", pointer=f"{suite.place}/@{name}")
    return int(text)
