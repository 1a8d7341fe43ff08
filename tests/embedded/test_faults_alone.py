"""Faults of parts that fail alone, in one stack; ``make bench BENCH=faults`` causes them more often."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.faults.broker import broker_away
from bench.faults.full import disk_full
from bench.faults.interrupted import client_gone, web_killed, web_killed_between_lines
from bench.faults.outcome import Outcome
from bench.faults.races import same_key, two_approvers
from bench.faults.rig import Rig

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with Rig(tmp_path_factory.mktemp("rig") / "home", 18600) as made:
        yield made


def assert_kept(outcome: Outcome) -> None:
    assert outcome.acked
    assert not outcome.lost
    assert not outcome.doubled
    assert not outcome.unasked
    assert not outcome.broken


def test_a_web_server_killed_in_an_upload_leaves_nothing_and_the_retry_is_stored(rig: Rig) -> None:
    assert_kept(web_killed(rig, shares=(0.5, 1.0)))


def test_a_web_server_killed_in_a_call_of_many_loses_and_doubles_no_line(rig: Rig) -> None:
    assert_kept(web_killed_between_lines(rig, times=1))


def test_a_full_disk_refuses_files_tears_none_and_takes_them_once_there_is_room(rig: Rig) -> None:
    if rig.room is None:
        pytest.skip("no file system of its own can be mounted here")

    assert_kept(disk_full(rig, fit=2, more=3))


def test_without_a_broker_uploads_are_taken_and_jobs_delivered_thrice_are_done_once(rig: Rig) -> None:
    assert_kept(broker_away(rig, uploads=4))


def test_a_key_sent_a_hundred_times_at_once_stores_one_result(rig: Rig) -> None:
    assert_kept(same_key(rig))


def test_two_approvers_at_once_make_one_acceptance(rig: Rig) -> None:
    assert_kept(two_approvers(rig, rounds=4))


def test_a_client_that_did_not_wait_for_its_answer_is_given_the_same_number(rig: Rig) -> None:
    assert_kept(client_gone(rig, times=4))


def test_the_log_after_all_of_them_verifies(rig: Rig) -> None:
    rig.wait_for_jobs()

    done = rig.manage("verify_trail")

    assert done.returncode == 0, done.stdout + done.stderr
