"""Every format: which verdict each file gets and why; no claim, and no count, makes a pass."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from drills.formats import IMPORTERS, chaostoolkit, ctrf, junit
from drills.models import DrillResult
from drills.results import Check, Measure, ParsedResult, Weight
from drills.verdict import FAILED, INCONCLUSIVE, PASSED, judge, targets_of
from tests.drills import foreign
from tests.drills.foreign import as_json, experiment, journal, recorded, run, state, states

FAILURE = '<testcase name="a"><failure message="too late"/></testcase>'
SKIPPED = '<testcase name="a"><skipped message="no participant"/></testcase>'

# (format, what the file shows, its bytes, the verdict, the reasons against passing)
TABLE: list[tuple[str, str, bytes, str, list[str]]] = [
    ("chaostoolkit", "0.1, which looks at no steady state", recorded("chaostoolkit-0.1.1.json"), INCONCLUSIVE,
     ["not_completed", "no_hypothesis"]),
    ("chaostoolkit", "0.4, which ran nothing", recorded("chaostoolkit-0.4.0.json"), INCONCLUSIVE,
     ["nothing_checked", "not_completed", "no_hypothesis", "counts_differ"]),
    ("chaostoolkit", "0.14", recorded("chaostoolkit-0.14.0.json"), PASSED, []),
    ("chaostoolkit", "0.18", recorded("chaostoolkit-0.18.0.json"), PASSED, []),
    ("chaostoolkit", "0.22", recorded("chaostoolkit-0.22.2.json"), PASSED, []),
    ("chaostoolkit", "1.3", recorded("chaostoolkit-1.3.1.json"), PASSED, []),
    ("chaostoolkit", "1.9", recorded("chaostoolkit-1.9.0.json"), PASSED, []),
    ("chaostoolkit", "1.30", recorded("chaostoolkit-1.30.0.json"), PASSED, []),
    ("chaostoolkit", "1.41", recorded("chaostoolkit-1.41.0.json"), PASSED, []),
    ("chaostoolkit", "0.14, no standby after it", recorded("chaostoolkit-0.14.0-deviated.json"), FAILED,
     ["check_failed", "check_failed", "ended_failed"]),
    ("chaostoolkit", "1.9, no standby after it", recorded("chaostoolkit-1.9.0-deviated.json"), FAILED,
     ["check_failed", "check_failed", "deviated", "ended_failed"]),
    ("chaostoolkit", "1.41, completed and deviated", recorded("chaostoolkit-1.41.0-deviated.json"), FAILED,
     ["check_failed", "check_failed", "deviated"]),
    ("chaostoolkit", "0.14, no standby before it", recorded("chaostoolkit-0.14.0-before.json"), FAILED,
     ["check_failed", "check_failed", "ended_failed", "hypothesis_unchecked", "counts_differ"]),
    ("chaostoolkit", "1.41, completed, never begun", recorded("chaostoolkit-1.41.0-before.json"), FAILED,
     ["check_failed", "check_failed", "hypothesis_unchecked", "counts_differ"]),
    ("chaostoolkit", "0.14, completed, nobody looked", recorded("chaostoolkit-0.14.0-no-hypothesis.json"), INCONCLUSIVE,
     ["no_hypothesis"]),
    ("chaostoolkit", "1.41, completed, nobody looked", recorded("chaostoolkit-1.41.0-no-hypothesis.json"), INCONCLUSIVE,
     ["no_hypothesis"]),
    ("chaostoolkit", "0.14, completed, an action failed", recorded("chaostoolkit-0.14.0-action-failed.json"), FAILED,
     ["check_failed"]),
    ("chaostoolkit", "1.41, completed, an action failed", recorded("chaostoolkit-1.41.0-action-failed.json"), FAILED,
     ["check_failed"]),
    ("chaostoolkit", "all fine", as_json(journal()), PASSED, []),
    ("chaostoolkit", "deviated, every activity succeeded", as_json(journal(deviated=True)), FAILED, ["deviated"]),
    ("chaostoolkit", "aborted", as_json(journal(status="aborted")), INCONCLUSIVE, ["not_completed"]),
    ("chaostoolkit", "interrupted", as_json(journal(status="interrupted")), INCONCLUSIVE, ["not_completed"]),
    ("chaostoolkit", "failed, no activity did", as_json(journal(status="failed")), FAILED, ["ended_failed"]),
    ("chaostoolkit", "no status", as_json(journal(status=None)), INCONCLUSIVE, ["not_completed"]),
    ("chaostoolkit", "looked after it only", as_json(journal(steady_states=states(before=None))), INCONCLUSIVE,
     ["hypothesis_unchecked"]),
    ("chaostoolkit", "looked before it only", as_json(journal(steady_states={"before": state()})), INCONCLUSIVE,
     ["hypothesis_unchecked"]),
    ("chaostoolkit", "deviated for a while", as_json(journal(steady_states=states(during=[state(met=False)]))), FAILED,
     ["check_failed", "check_failed"]),
    ("chaostoolkit", "met, says the state; missed, says its probe",
     as_json(journal(steady_states=states(after=state(probes=[run("answers", tolerance_met=False)])))), FAILED,
     ["check_failed"]),
    ("chaostoolkit", "met, says the probe; failed, says its status",
     as_json(journal(steady_states=states(after=state(probes=[run("x", "failed", tolerance_met=True)])))), FAILED,
     ["check_failed"]),
    ("chaostoolkit", "a dry run", as_json(journal(experiment=experiment(dry="activities"))), INCONCLUSIVE, ["dry_run"]),
    ("chaostoolkit", "a dry run of old", as_json(journal(experiment=experiment(dry=True), steady_states=states(
        before=state(met=None), after=state(met=None)), run=[{**run(), "status": None}])), INCONCLUSIVE,
     ["check_not_run"] * 5 + ["dry_run"]),
    ("chaostoolkit", "a rollback failed",
     as_json(journal(rollbacks=[run("back", "failed")])), FAILED, ["check_failed"]),
    ("chaostoolkit", "an activity was left out", as_json(journal(run=[])), INCONCLUSIVE, ["counts_differ"]),
    ("junit", "one case", foreign.junit(), PASSED, []),
    ("junit", "a bare suite", foreign.junit().replace(b"<testsuites>", b"").replace(b"</testsuites>", b""), PASSED, []),
    ("junit", "a failure", foreign.junit(FAILURE, failures="1"), FAILED, ["check_failed"]),
    ("junit", "a failure that is not counted", foreign.junit(FAILURE, failures="0"), FAILED, ["check_failed"]),
    ("junit", "an error", foreign.junit(FAILURE.replace("failure", "error")), FAILED, ["check_failed"]),
    ("junit", "a status instead of a result", foreign.junit('<testcase name="a" status="failed"/>'), FAILED,
     ["check_failed"]),
    ("junit", "several results of one case",
     foreign.junit('<testcase name="a"><skipped/><failure/><error message="b"/></testcase>'), FAILED, ["check_failed"]),
    ("junit", "passed, then failed when cleaning up",
     foreign.junit('<testcase name="a"/><testcase name="a"><error/></testcase>'), FAILED, ["check_failed"]),
    ("junit", "skipped", foreign.junit(SKIPPED, skipped="1"), INCONCLUSIVE, ["check_not_run"]),
    ("junit", "disabled, as googletest says it", foreign.junit('<testcase name="a" status="notrun"/>', disabled="1"),
     INCONCLUSIVE, ["check_not_run"]),
    ("junit", "flaky, as Surefire says it", foreign.junit('<testcase name="a"><flakyFailure/></testcase>'), PASSED, []),
    ("junit", "failed again, as Surefire says it",
     foreign.junit('<testcase name="a"><failure/><rerunFailure/></testcase>'), FAILED, ["check_failed"]),
    ("junit", "the suite failed", foreign.junit('<error message="no fixture"/>', tests="0", errors="1"), FAILED,
     ["nothing_checked", "suite_failed"]),
    ("junit", "no case", foreign.junit("", tests="0"), INCONCLUSIVE, ["nothing_checked"]),
    ("junit", "six tests and no case",
     foreign.junit("", tests="6"), INCONCLUSIVE, ["nothing_checked", "counts_differ"]),
    ("junit", "six tests and one case", foreign.junit(tests="6"), INCONCLUSIVE, ["counts_differ"]),
    ("junit", "a failure named and none there", foreign.junit(failures="1"), INCONCLUSIVE, ["counts_differ"]),
    ("junit", "an error named and none there", foreign.junit(errors="2"), INCONCLUSIVE, ["counts_differ"]),
    ("junit", "a skip named and none there", foreign.junit(skipped="1"), INCONCLUSIVE, ["counts_differ"]),
    ("junit", "no counts at all", foreign.junit(tests=""), PASSED, []),
    ("junit", "a count of the root's",
     foreign.junit().replace(b"<testsuites>", b'<testsuites tests="2">'), INCONCLUSIVE, ["counts_differ"]),
    ("junit", "nested suites, counted as node does",
     foreign.junit('<testsuite name="inner" tests="2"><testcase name="a"/><testcase name="b"/></testsuite>'),
     PASSED, []),
    ("junit", "nested suites, counted through",
     foreign.junit('<testsuite tests="2"><testcase name="a"/><testcase name="b"/></testsuite>', tests="2"), PASSED, []),
    ("junit", "no time", foreign.junit(timestamp=""), INCONCLUSIVE, ["time_unknown"]),
    ("junit", "a time without a zone", foreign.junit(timestamp="2026-11-20T01:00:00"), INCONCLUSIVE, ["time_unknown"]),
    ("junit", "a failure without a time",
     foreign.junit(FAILURE, timestamp=""), FAILED, ["check_failed", "time_unknown"]),
    ("junit", "mocha", recorded("mocha-xunit.xml"), PASSED, []),
    ("junit", "mocha, failed", recorded("mocha-xunit-failed.xml"), FAILED, ["check_failed"]),
    ("junit", "mocha's reporter, whose times have no zone", recorded("mocha-junit-reporter.xml"), INCONCLUSIVE,
     ["time_unknown"]),
    ("junit", "mocha's reporter, failed", recorded("mocha-junit-reporter-failed.xml"), FAILED,
     ["check_failed", "time_unknown"]),
    ("junit", "mocha's reporter, which counts what was skipped and leaves it out",
     recorded("mocha-junit-reporter-skipped.xml"), INCONCLUSIVE,
     ["time_unknown", "counts_differ", "counts_differ", "counts_differ"]),
    ("ctrf", "one test", as_json(foreign.ctrf()), PASSED, []),
    ("ctrf", "as older producers write it", as_json(foreign.ctrf(reportFormat=None, specVersion=None)), PASSED, []),
    ("ctrf", "mocha", recorded("mocha-ctrf.json"), PASSED, []),
    ("ctrf", "mocha, failed", recorded("mocha-ctrf-failed.json"), FAILED, ["check_failed"]),
    ("ctrf", "mocha, pending", recorded("mocha-ctrf-skipped.json"), INCONCLUSIVE, ["check_not_run"]),
    ("ctrf", "failed", as_json(foreign.ctrf(foreign.one_test(status="failed"))), FAILED, ["check_failed"]),
    ("ctrf", "skipped", as_json(foreign.ctrf(foreign.one_test(status="skipped"))), INCONCLUSIVE, ["check_not_run"]),
    ("ctrf", "of no kind", as_json(foreign.ctrf(foreign.one_test(status="other"))), INCONCLUSIVE, ["check_not_run"]),
    ("ctrf", "flaky", as_json(foreign.ctrf(foreign.one_test(flaky=True, retries=2))), PASSED, []),
    ("ctrf", "a step failed",
     as_json(foreign.ctrf(foreign.one_test(steps=[{"name": "s", "status": "failed"}]))), INCONCLUSIVE,
     ["counts_differ"]),
    ("ctrf", "no test", as_json(foreign.ctrf(results={"tool": {"name": "x"}, "summary": {"tests": 0}, "tests": []})),
     INCONCLUSIVE, ["nothing_checked", "time_unknown"]),
    ("ctrf", "six tests counted and one there", as_json(foreign.ctrf(summary={"tests": 6, "passed": 6})), INCONCLUSIVE,
     ["counts_differ", "counts_differ"]),
    ("ctrf", "a failure counted and none there", as_json(foreign.ctrf(summary={"failed": 1})), INCONCLUSIVE,
     ["counts_differ"]),
    ("ctrf", "a failure that is not counted",
     as_json(foreign.ctrf(foreign.one_test(status="failed"), summary={"failed": 0})),
     FAILED, ["check_failed", "counts_differ"]),
    ("ctrf", "stopped before its last test",
     as_json(foreign.ctrf(foreign.one_test(stop=foreign.MILLISECONDS + 11 * foreign.MINUTE))),
     INCONCLUSIVE, ["times_differ"]),
    ("ctrf", "begun after its first test", as_json(foreign.ctrf(foreign.one_test(start=foreign.MILLISECONDS - 2000))),
     INCONCLUSIVE, ["times_differ"]),
    ("ctrf", "no time", as_json(foreign.ctrf(summary={"start": 0, "stop": 0})), INCONCLUSIVE, ["time_unknown"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("format", "data", "verdict", "because"),
    [(format, data, verdict, because) for format, _, data, verdict, because in TABLE],
    ids=[f"{format}-{what}" for format, what, *_ in TABLE],
)
def test_N35_the_verdict_is_derived_from_what_is_in_the_file(
    format: str, data: bytes, verdict: str, because: list[str]
) -> None:
    judgement = judge(IMPORTERS[format].parse(data), (), ())

    assert [one["reason"] for one in judgement.because] == because
    assert judgement.verdict == verdict


def test_every_format_has_a_name_and_is_in_the_table() -> None:
    assert set(IMPORTERS) == set(DrillResult.Format.values)
    # Ours and what comes signed have tables of their own.
    assert {format for format, *_ in TABLE} == set(IMPORTERS) - {"native", "in-toto"}


def test_no_sender_claims_a_pass_by_having_completed() -> None:
    assert chaostoolkit.parse(as_json(journal())).claimed_verdict == ""
    assert chaostoolkit.parse(as_json(journal(deviated=True))).claimed_verdict == "failed"


def test_what_a_journal_shows_comes_through() -> None:
    fails = run("back", "failed", exception=["Traceback\n", "ActivityFailed: no route\n"], output={"code": 7})

    result = chaostoolkit.parse(as_json(journal(run=[run(), fails])))

    assert (result.started_at, result.ended_at) == (at(1), at(1, 10))
    assert result.producer == "chaostoolkit-lib 1.44.0"
    assert result.note == "Standby takes over"
    assert [check.text for check in result.checks] == [
        "Steady state before the method",
        "before: answers",
        "Steady state after the method",
        "after: answers",
        "switch",
        "back",
    ]
    assert result.checks[-1] == Check(6, "back", "fail", observed='{"code": 7}', reason="ActivityFailed: no route")
    assert result.measures[0] == Measure(
        "switch", timedelta(minutes=10), "PT600.000000S", method="duration of the activity"
    )


def test_how_long_an_activity_took_is_held_against_the_targets_of_the_plan() -> None:
    target = {"measure": "switch", "op": "<=", "value": "PT5M"}

    judgement = judge(chaostoolkit.parse(as_json(journal())), targets_of([target]), ())

    assert (judgement.verdict, judgement.because[0]["reason"]) == (FAILED, "target_missed")


def test_what_junit_shows_comes_through() -> None:
    body = (
        '<properties><property name="a" value="b"/></properties>'
        '<testcase classname="night" name="切替え"><system-out>chatter &lt;failure/&gt;</system-out></testcase>'
        '<testcase classname="night" name="forced"><failure>\n  took 14 min  \n</failure></testcase>'
        '<testcase><failure message="first"/><error message="second">trace</error></testcase>'
    )

    result = junit.parse(foreign.junit(body, tests="3"))

    assert result.checks == (
        Check(1, "night › 切替え", "pass"),
        Check(2, "night › forced", "fail", reason="took 14 min"),
        Check(3, "/testsuites/testsuite[1]/testcase[3]", "fail", reason="first\nsecond"),
    )
    assert (result.started_at, result.ended_at, result.producer) == (at(1), at(1, 10), "pytest")


def test_what_ctrf_shows_comes_through() -> None:
    tests = [
        foreign.one_test(suite=["night", "forced"]),
        foreign.one_test("told", "failed", suite="night", message="no answer"),
    ]

    result = ctrf.parse(as_json(foreign.ctrf(*tests)))

    assert result.checks == (
        Check(1, "night › forced › switches over", "pass"),
        Check(2, "night › told", "fail", reason="no answer"),
    )
    assert (result.started_at, result.ended_at, result.producer) == (at(1), at(1, 10), "jest 30.1")


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 20, hour, minute, tzinfo=UTC)


def noted(result: ParsedResult) -> list[str]:
    return [doubt.code for doubt in result.doubts if doubt.weight == Weight.NOTED]


@pytest.mark.parametrize(
    ("text", "started_at"),
    [
        ("2026-11-20T10:00:00+09:00", at(1)),
        ("2026-11-20T10:00:00.5+0900", at(1).replace(microsecond=500_000)),
        ("2026-11-20 01:00:00Z", at(1)),
        ("2026-11-20T15:00:00+14:00", at(1)),
        ("Fri, 20 Nov 2026 01:00:00 GMT", at(1)),
        ("20 Nov 2026 10:00 +0900", at(1)),
        ("2026-11-20T01:00:00", None),
        ("2026-11-20 01:00", None),
        ("Fri, 20 Nov 2026 01:00:00 -0000", None),
        # An hour that summer time skips in Berlin, and one that comes twice: not read, so not moved either.
        ("2026-03-29T02:30:00", None),
        ("2026-10-25T02:30:00", None),
    ],
)
def test_N34_times_of_junit_count_only_with_a_zone(text: str, started_at: datetime | None) -> None:
    result = junit.parse(foreign.junit(timestamp=text))

    assert result.started_at == started_at
    assert noted(result) == ([] if started_at else ["no_zone"])
    assert (result.local_times is None) == (started_at is not None)


def test_N34_times_of_a_journal_without_a_zone_are_in_utc_and_noted() -> None:
    naive = chaostoolkit.parse(as_json(journal(start="2026-11-20T01:00:00.25", end="2026-11-20T01:10:00")))
    aware = chaostoolkit.parse(as_json(journal(start="2026-11-20T10:00:00+09:00")))

    assert (naive.started_at, naive.ended_at) == (at(1).replace(microsecond=250_000), at(1, 10))
    assert noted(naive) == ["zone_by_rule"]
    assert (aware.started_at, noted(aware)) == (at(1), [])


def test_times_of_several_suites_reach_from_the_first_to_the_last() -> None:
    later = '<testsuite timestamp="2026-11-20T03:00:00Z" time="1,200.5"><testcase name="b"/></testsuite>'

    result = junit.parse(foreign.junit('<testcase name="a"/>' + later, tests="2"))

    assert (result.started_at, result.ended_at) == (at(1), datetime(2026, 11, 20, 3, 20, 0, 500_000, tzinfo=UTC))


def test_suites_of_which_only_some_name_a_zone_settle_no_time() -> None:
    mixed = junit.parse(foreign.junit('<testcase name="a"/><testsuite timestamp="2026-11-20T03:00:00"/>'))

    assert (mixed.started_at, mixed.local_times, noted(mixed)) == (None, None, ["no_zone"])


@pytest.mark.parametrize("format", sorted(IMPORTERS))
def test_what_is_longer_than_we_keep_is_cut(format: str) -> None:
    long = "切" * 9000
    files: dict[str, Any] = {
        "chaostoolkit": as_json(journal(run=[run(long, "failed", output=long, exception=[long])])),
        "junit": foreign.junit(f'<testcase name="{long}"><failure message="{long}"/></testcase>'),
        "ctrf": as_json(foreign.ctrf(foreign.one_test(long, "failed", message=long))),
    }
    if format in files:
        check = IMPORTERS[format].parse(files[format]).checks[-1]

        assert (len(check.text), len(check.reason)) == (2000, 4000)
        assert check.text.endswith("切…")
    else:
        assert format in {"native", "in-toto"}


def test_hundreds_of_doubts_of_a_kind_are_told_by_five() -> None:
    suites = '<testsuite tests="9"/>' * 900

    assert [doubt.code for doubt in junit.parse(foreign.junit(suites)).doubts] == ["counts_differ"] * 5
