"""What a third party finds out with ``verify.py``: a bundle that is whole, and one attack at a time."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.trail.attacks import ATTACKS
from tests.trail.attacks.registry import PROCEDURE, file_of, seq_of
from tests.trail.authorities import Stamper
from tests.trail.bundles import (
    DEMO_WITNESS,
    SECOND_WITNESS,
    WITNESS,
    World,
    policy,
    small_world,
    stamped,
)
from tests.trail.verifier import Outcome, run, run_here

BOTH = policy(("w1", WITNESS), ("w2", SECOND_WITNESS), groups=["group both all w1 w2"], quorum="both")


# --- A bundle that is whole -----------------------------------------------------------------------------------------


def test_a_bundle_is_verified_and_the_report_says_what_was_not_checked() -> None:
    outcome = run(small_world().bundle().zip())

    assert outcome.status == 0 and outcome.report["verdict"] == "verified"
    left = [each["check"] for each in outcome.report["checks"] if each["outcome"] != "ok"]
    assert left == ["known_checkpoints", "timestamps"]
    assert outcome.report["log"]["complete_up_to"] == len(small_world().events)
    assert outcome.report["log"]["witnessed_at"] == "2026-04-01T09:00:21Z"
    assert outcome.report["tables"]["evidence_revision"] == {"live": 3, "disclosed": 3}
    assert outcome.report["counts"]["withheld_files"] == 1


def test_a_file_that_was_disposed_of_is_said_to_be_and_not_missed() -> None:
    world = small_world()
    world.dispose(PROCEDURE, id=1, file=3)

    outcome = run(world.bundle().zip())

    assert outcome.status == 0
    assert outcome.report["counts"]["disposed_files"] == 1
    assert outcome.report["disposed"] == [
        {
            "sha256": PROCEDURE,
            "at": "2026-04-01T09:00:30+00:00",
            "basis": "law",
            "text_ja": "法令",
            "text_en": "A law",
        }
    ]
    assert "0 files; 1 are withheld; 1 were disposed of" in outcome.says("files")


def test_nothing_rests_on_what_is_closed_of_a_disposal() -> None:
    world = small_world()
    world.dispose(PROCEDURE, id=1, file=3)
    seq = seq_of(world, "evidence_disposal/1", 1)

    outcome = run_here(world.bundle(closed={seq: ["row.stopped_at"]}).zip())

    assert outcome.status == 0
    assert "stopped_at of evidence_disposal/1" in outcome.says("files")


def test_a_log_without_events_is_verified() -> None:
    assert run(World().bundle().zip()).status == 0


def test_a_log_of_several_tiles_is_verified_by_several_processes() -> None:
    world = World()
    for key in range(1, 601):
        world.insert("evidence_revision", id=key)
        if key in (255, 256, 257, 300, 512):
            world.publish()

    outcome = run(world.bundle().zip(), more=["--jobs", "2"])

    assert outcome.status == 0
    assert "those of 5 earlier checkpoints; 6 in all are witnessed" in outcome.says("leaves")


def test_a_demo_witness_is_said_to_be_the_operators_own() -> None:
    bundle = small_world().bundle(witnesses=[DEMO_WITNESS])

    (witness,) = run(bundle.zip(), policy=policy(("demo", DEMO_WITNESS))).report["log"]["witnesses"]

    assert witness["independent"] is False
    assert witness["remark"] == "operated by the same host (demo): NOT independent"


def test_without_a_witness_the_policy_decides_and_the_report_says_so() -> None:
    outcome = run_here(small_world().bundle(witnesses=[]).zip(), policy=policy(quorum="none"))

    assert outcome.status == 0
    assert "nobody but the operator" in outcome.says("checkpoint")
    assert outcome.outcome("times") == "not checked"
    assert outcome.report["log"]["witnessed_at"] is None


def test_events_of_a_set_clock_are_counted() -> None:
    world = small_world()
    world.context["clock"] = "2025-01-01T00:00:00+00:00"
    world.say("drill.ended", "drill:1")

    assert run_here(world.bundle().zip()).report["counts"]["set_clock"] == 1


def test_an_event_that_was_recorded_late_is_counted_and_not_refuted() -> None:
    world = small_world()
    world.say("drill.ended", "drill:1")
    world.events[-1].at -= timedelta(minutes=6)

    outcome = run_here(world.bundle().zip())

    assert outcome.status == 0
    assert outcome.report["counts"]["recorded_late"] == 1
    assert outcome.report["log"]["first_recorded_late"] == world.events[-1].seq


def test_the_state_may_be_older_than_the_log() -> None:
    world = small_world()
    size, rows = len(world.events), {named: dict(row) for named, row in world.rows.items()}
    world.update("evidence_revision/17", title_en="later")
    world.delete("evidence_revision/9")

    assert run_here(world.bundle(state_size=size, state=rows).zip()).status == 0
    assert run_here(world.bundle(state_size=size).zip()).refuted == ["state"]


def test_a_redacted_field_is_said_to_be_closed_and_the_rest_still_verifies() -> None:
    world = small_world()
    seq = seq_of(world, "evidence_revision/18", 3)

    outcome = run(world.bundle(closed={seq: ["row.title_ja", "context.actor"]}).zip())

    assert outcome.status == 0
    assert outcome.report["counts"]["closed_fields"] == 2
    assert "1 only in their open columns" in outcome.says("state")


@pytest.mark.parametrize(
    ("object", "column", "check"),
    [
        ("cases_edition/1", "sha256", "cases"),
        ("cases_case/1", "slug", "cases"),
        ("evidence_storedfile/3", "size", "files"),
        ("evidence_revisionfile/4", "file_id", "files"),
    ],
)
def test_a_check_that_rests_on_a_closed_column_is_not_made(object: str, column: str, check: str) -> None:
    """Nothing proves what the state shows in such a column, so that a forged document could be held against it."""
    world = small_world()

    outcome = run_here(world.bundle(closed={seq_of(world, object, 1): [f"row.{column}"]}).zip())

    assert (outcome.status, outcome.outcome(check)) == (0, "not checked")
    assert f"{column} of {object}" in outcome.says(check)


def test_a_change_after_a_closed_row_is_counted_as_not_checked() -> None:
    world = small_world()
    seq = seq_of(world, "evidence_revision/17", 1)

    outcome = run_here(world.bundle(closed={seq: ["row.title_ja"]}).zip())

    assert outcome.status == 0
    assert outcome.report["counts"]["not_chained"] == 1


def test_rows_are_taken_over_again_after_a_change_of_shape() -> None:
    world = small_world()
    for row in world.rows.values():
        row["added"] = '""'
    world.shape("evidence_revision")

    outcome = run_here(world.bundle(state={k: v for k, v in world.rows.items() if k.startswith("evidence_rev")}).zip())

    assert outcome.outcome("chains") == "ok"
    assert outcome.report["counts"]["rebased"] == 3


def test_known_checkpoints_are_prefixes() -> None:
    bundle = small_world().bundle()

    outcome = run(bundle.zip(), known=[bundle.checkpoint(), bundle.checkpoint(min(bundle.times))])

    assert outcome.status == 0
    assert outcome.outcome("known_checkpoints") == "ok"


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_refuted_and_its_place_is_named(name: str) -> None:
    function, checks, bad = ATTACKS[name]
    honest = run_here(small_world().bundle().zip())

    outcome = run(file_of(function, small_world()))

    assert honest.status == 0
    assert outcome.status == 1
    assert outcome.refuted == checks
    assert {key: outcome.bad[key] for key in bad} == bad


# --- What the policy and the verifier's own checkpoints decide ------------------------------------------------------


def test_without_a_policy_nothing_is_verified() -> None:
    outcome = run(small_world().bundle().zip(), policy=None)

    assert outcome.status == 2
    assert outcome.report["problem"] == "no policy: name your own with --policy"


def test_a_quorum_that_is_missing_refutes() -> None:
    alone, together = small_world().bundle(), small_world().bundle(witnesses=[WITNESS, SECOND_WITNESS])

    assert run(together.zip(), policy=BOTH).status == 0
    assert run(alone.zip(), policy=BOTH).refuted == ["checkpoint"]


def test_one_bad_cosignature_refutes_though_the_others_would_be_enough() -> None:
    either = policy(("w1", WITNESS), ("w2", SECOND_WITNESS), groups=["group one any w1 w2"], quorum="one")
    bundle = small_world().bundle(witnesses=[WITNESS, SECOND_WITNESS])
    bad = bundle.checkpoint().replace(bundle.checkpoint().splitlines()[-1], bundle.checkpoint(18).splitlines()[-1])

    assert run_here(bundle.zip(), policy=either).status == 0
    bundle.changed["checkpoint"] = bad.encode()
    assert run_here(bundle.zip(), policy=either).refuted == ["checkpoint"]


def test_an_old_bundle_is_refuted_by_a_later_checkpoint_that_is_known() -> None:
    world = small_world()
    old = world.bundle()
    world.say("drill.ended", "drill:1")

    outcome = run(old.zip(), known=[world.bundle().checkpoint()])

    assert (outcome.status, outcome.refuted) == (1, ["known_checkpoints"])
    assert outcome.bad["checkpoint"] == 24
    assert run_here(old.zip(), known=[old.checkpoint()]).status == 0


@pytest.mark.parametrize("size", [11, 23])
def test_another_history_is_refuted_by_one_checkpoint_that_is_known(size: int) -> None:
    honest, world = small_world().bundle(), small_world()
    world.events[5].salts = {name: bytes(16) for name in world.events[5].fields}

    forked = world.bundle()

    assert run_here(forked.zip()).status == 0
    assert run_here(forked.zip(), known=[honest.checkpoint(size)]).refuted == ["known_checkpoints"]


# --- Time stamps and editions ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stamper(tmp_path_factory: pytest.TempPathFactory) -> Stamper:
    return Stamper(tmp_path_factory.mktemp("tsa"))


@pytest.fixture(scope="module")
def other_stamper(tmp_path_factory: pytest.TempPathFactory) -> Stamper:
    return Stamper(tmp_path_factory.mktemp("other"), chain=True)


@pytest.mark.openssl
def test_time_stamps_are_checked_by_openssl_where_certificates_are_given(stamper: Stamper) -> None:
    bundle = small_world().bundle()
    certificates = ["--tsa-certificates", str(stamper.root)]

    bundle.changed["timestamps/000000000023.tsr"] = stamper.over(stamped(bundle.checkpoint(23)))
    good, unchecked = run(bundle.zip(), more=certificates), run(bundle.zip())
    bundle.changed["timestamps/000000000023.tsr"] = stamper.over(bundle.checkpoint().encode())
    bad = run(bundle.zip(), more=certificates)

    assert (good.status, good.outcome("timestamps")) == (0, "ok")
    assert good.report["log"]["timestamped_at"] > "2026"
    assert (unchecked.status, unchecked.outcome("timestamps")) == (0, "not checked")
    assert unchecked.report["counts"]["timestamps"] == 1
    assert (bad.refuted, bad.bad["checkpoint"]) == (["timestamps"], 23)


@pytest.mark.openssl
def test_time_stamps_of_several_authorities_are_told_apart(stamper: Stamper, other_stamper: Stamper) -> None:
    bundle = small_world().bundle()
    bundle.changed["timestamps/000000000011.tsr"] = stamper.over(stamped(bundle.checkpoint(11)))
    bundle.changed["timestamps/000000000023.tsr"] = stamper.over(stamped(bundle.checkpoint(23)))
    bundle.changed["timestamps/000000000023-2.tsr"] = other_stamper.over(stamped(bundle.checkpoint(23)))
    both = stamper.home / "both.pem"
    both.write_bytes(stamper.root.read_bytes() + other_stamper.root.read_bytes())

    def trusting(path: Path) -> Outcome:
        return run(bundle.zip(), more=["--tsa-certificates", str(path)])

    assert trusting(both).says("timestamps").startswith("3, the last of 20")
    assert "2, the last of" in trusting(stamper.root).says("timestamps")
    assert "1 by authorities that your certificates do not cover" in trusting(stamper.root).says("timestamps")
    assert trusting(stamper.root).outcome("timestamps") == "ok"
    bundle.changed["timestamps/000000000023-2.tsr"] = other_stamper.over(b"something else")
    assert trusting(both).refuted == ["timestamps"]


@pytest.mark.openssl
def test_a_time_stamp_of_an_unknown_authority_proves_nothing(stamper: Stamper, other_stamper: Stamper) -> None:
    bundle = small_world().bundle()
    bundle.changed["timestamps/000000000023.tsr"] = other_stamper.over(stamped(bundle.checkpoint(23)))

    outcome = run(bundle.zip(), more=["--tsa-certificates", str(stamper.root)])

    assert (outcome.status, outcome.outcome("timestamps")) == (0, "not checked")
    assert "timestamped_at" not in outcome.report["log"]


def test_a_bundle_about_an_earlier_moment_has_the_edition_of_that_moment() -> None:
    def at(moment: str) -> Outcome:
        world = small_world()
        published_at = "2026-05-01T09:00:00+09:00"
        world.insert("cases_edition", id=2, case_id=1, number=2, sha256="00", published_at=published_at)
        bundle = world.bundle()
        bundle.header["at"] = moment
        return run_here(bundle.zip())

    assert at("2026-04-30T23:59:59.9Z").status == 0
    assert at("2026-05-01T00:00:00Z").refuted == ["cases"]
    assert at("2026-04-01T09:00:00Z").refuted == ["cases"]
