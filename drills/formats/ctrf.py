"""Reports in the Common Test Report Format, with or without the members that its version 1.0 made compulsory.

Times are milliseconds since 1970 in UTC. A summary that says another number than its tests, or ends before they do, is
never a pass.

Source: ctrf.io, schema/ctrf.schema.json.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from drills.formats.reading import LONGEST_OBSERVED, LONGEST_TEXT, Place, cut, few, json_object, numbered
from drills.results import Check, Doubt, Malformed, ParsedResult

LIMIT = 2 * 1024 * 1024
VERSION = re.compile(r"[01]\.\d{1,6}\.\d{1,6}(?:[-+][0-9A-Za-z.+-]{1,60})?", re.ASCII)
OUTCOMES = {"passed": "pass", "failed": "fail", "skipped": "not_run", "pending": "not_run", "other": "not_run"}
COUNTED = ("tests", *OUTCOMES, "start", "stop")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = 253_402_300_799_999
# Producers round to seconds.
ROUNDING = 1000


def parse(data: bytes) -> ParsedResult:
    """Read a report.

    Raises:
        Malformed: not JSON, or no object (400); too large (413); no CTRF report, or one of a later version (422).
    """
    document = Place(json_object(data, limit=LIMIT))
    _check_version(document)
    results = document.at("results")
    tool, summary = results.at("tool"), results.at("summary")
    tests = results.at("tests").list()
    checks = numbered(map(_check, tests), "/results/tests")
    started_at, ended_at = _moment(summary, "start"), _moment(summary, "stop")
    known = started_at is not None and ended_at is not None
    return ParsedResult(
        started_at=started_at if known else None,
        ended_at=ended_at if known else None,
        checks=checks,
        record={"summary": {name: summary.value[name] for name in COUNTED if name in summary}},
        doubts=few(_doubts(summary, tests)),
        producer=cut(f"{tool.at('name').text()} {tool.text_of('version')}".strip(), 100),
        places=("/results/summary/start", "/results/summary/stop"),
    )


def _check_version(document: Place) -> None:
    if "reportFormat" in document and document.at("reportFormat").text() != "CTRF":
        raise Malformed("CTRF is expected here.", pointer="/reportFormat")
    version = document.text_of("specVersion")
    if version and not VERSION.fullmatch(version):
        raise Malformed("Versions 0 and 1 of the format are read.", pointer="/specVersion")


def _check(test: Place) -> Check:
    name, status = test.at("name").text(), test.at("status").text()
    if not name.strip():
        raise Malformed("The text is empty.", pointer=test.place("name"))
    if status not in OUTCOMES:
        raise Malformed(f"One of these is expected: {', '.join(OUTCOMES)}.", pointer=test.place("status"))
    outcome = OUTCOMES[status]
    if outcome == "pass" and _retried(test):
        outcome = "remark"
    reason = test.text_of("message") or ("passed after it had failed" if outcome == "remark" else "")
    return Check(0, cut(" › ".join([*_suite(test), name]), LONGEST_TEXT), outcome, reason=cut(reason, LONGEST_OBSERVED))


def _suite(test: Place) -> Sequence[str]:
    # One text in the first versions, a list from the top down later.
    suite = test.object().get("suite")
    return [suite] if isinstance(suite, str) else [each.text() for each in test.each("suite")]


def _retried(test: Place) -> bool:
    """Tell whether a test that passed had failed before."""
    flaky = "flaky" in test and test.at("flaky").truth()
    retries = test.at("retries").count() if "retries" in test else 0
    return flaky or retries > 0 or any(each.text_of("status") == "failed" for each in test.each("retryAttempts"))


def _moment(summary: Place, name: str) -> datetime | None:
    """Return the moment; None where it is left out, or 0, which producers send that do not know it."""
    if name not in summary or (value := _milliseconds(summary.at(name))) == 0:
        return None
    return EPOCH + timedelta(milliseconds=value)


def _milliseconds(place: Place) -> int:
    value = place.value
    if type(value) not in {int, float} or not 0 <= value <= LATEST:
        raise Malformed("Milliseconds since 1970 are expected here.", pointer=place.pointer)
    return int(value)


def _doubts(summary: Place, tests: Sequence[Place]) -> Iterator[Doubt]:
    found = Counter(test.value["status"] for test in tests)
    counts = {"tests": len(tests)} | {status: found[status] for status in OUTCOMES}
    for name, number in counts.items():
        if name in summary and (said := summary.at(name).count()) != number:
            text = f"The summary says {said} ({name}); the tests are {number}."
            yield Doubt("counts_differ", text, summary.place(name))
    for test in tests:
        if test.value["status"] == "passed":
            yield from _failed_steps(test)
    yield from _late_tests(summary, tests)


def _failed_steps(test: Place) -> Iterator[Doubt]:
    for step in test.each("steps"):
        if step.text_of("status") == "failed":
            yield Doubt("counts_differ", "A step of a test that passed failed.", step.place("status"))


def _late_tests(summary: Place, tests: Sequence[Place]) -> Iterator[Doubt]:
    """Yield the first test that lies outside of the time that the summary names."""
    first, last = (_milliseconds(summary.at(name)) if name in summary else 0 for name in ("start", "stop"))
    for test in tests:
        start, stop = (_milliseconds(test.at(name)) if name in test else 0 for name in ("start", "stop"))
        if first and start and start < first - ROUNDING:
            yield Doubt("times_differ", "A test starts before the summary says.", test.place("start"))
            return
        if last and stop > last + ROUNDING:
            yield Doubt("times_differ", "A test stops after the summary says.", test.place("stop"))
            return
