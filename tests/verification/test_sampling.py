"""A reader is given some acceptances to examine that nobody chose, and finds out where somebody did."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from hashlib import sha256
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from dcase_audit.errors import Invalid
from dcase_audit.trail.covering import NotWitnessed
from dcase_audit.trail.signing import Signer
from dcase_audit.trail.standalone import witness as standalone
from dcase_audit.verification.sampling import NOT_DRAWN, draw, order
from evidence import services
from evidence.models import Revision
from tests.cast import NOW, Cast, submitted
from tests.demo_case import DemoCase, demo_case, demo_database
from tests.events import payloads, subjects
from tests.sealing import VERIFY, Sealing, Verdict
from tests.trail import samples
from tests.trail.processes import ORIGIN, Sequencers
from tests.trail.witnesses import Process

__all__ = ["demo_case", "demo_database"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def accepted(cast: Cast, sealing: Sealing) -> list[Revision]:
    """Six revisions that Ken accepted, each with a file of its own, in a log that is sealed."""
    found = [accept(cast, number) for number in range(6)]
    sealing.seal()
    return found


def accept(cast: Cast, number: int, **more: str) -> Revision:
    at = NOW + timedelta(hours=number)
    revision = submitted(cast.night_drills, cast.olga, content=b"record %d" % number, at=at, **more)
    services.accept(revision=revision, actor=cast.ken, at=at)
    return revision


def decision_of(revision: Revision) -> str:
    return str(revision.decisions.get(kind="accepted").pk)


def digest_of(revision: Revision) -> str:
    return revision.files.get().file.sha256


def files_in(path: Path) -> set[str]:
    with zipfile.ZipFile(path) as archive:
        return {name.removeprefix("files/") for name in archive.namelist() if name.startswith("files/")}


def withheld_in(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as archive:
        lines = map(json.loads, archive.read("withheld.jsonl").splitlines())
        return {line["sha256"]: line["reason"] for line in lines}


def says(verdict: Verdict) -> str:
    return str(next(each["says"] for each in verdict.report["checks"] if each["check"] == "sample"))


# --- From the order to the verifier ---------------------------------------------------------------------------------


def test_a_reader_gets_the_files_of_what_was_drawn_and_can_judge_who_decided(
    cast: Cast, sealing: Sealing, accepted: list[Revision]
) -> None:
    ordered = order(case=cast.case, count=2)
    sealing.seal()

    path = sealing.bundle(sample=ordered)
    verdict = sealing.verify(path)

    assert verdict.status == 0, verdict.report["checks"]
    sample = verdict.report["sample"]
    assert (sample["population"], len(sample["drawn"])) == (6, 2)
    drawn = {each["decision"] for each in sample["drawn"]}
    by_file = {digest_of(revision): decision_of(revision) for revision in accepted}
    assert {by_file[sha256] for sha256 in files_in(path)} == drawn
    assert withheld_in(path) == {sha256: NOT_DRAWN for sha256, key in by_file.items() if key not in drawn}
    assert {(each["artefact"], each["by"], each["title_ja"]) for each in sample["drawn"]} == {
        ("night-drills", "ken", "夜間訓練の記録")
    }
    for table in ("accounts_membership", "evidence_decision", "evidence_revisionfile"):
        counts = verdict.report["tables"][table]
        assert counts["live"] == counts["disclosed"] > 0, table


def test_what_is_accepted_after_the_order_is_not_drawn_from(
    cast: Cast, sealing: Sealing, accepted: list[Revision]
) -> None:
    ordered = order(case=cast.case, count=100)
    late = accept(cast, 7)
    sealing.seal()

    path = sealing.bundle(sample=ordered)
    verdict = sealing.verify(path)

    assert verdict.status == 0, verdict.report["checks"]
    assert {each["decision"] for each in verdict.report["sample"]["drawn"]} == set(map(decision_of, accepted))
    assert withheld_in(path)[digest_of(late)] == NOT_DRAWN


def test_a_confidential_file_keeps_its_own_reason(cast: Cast, sealing: Sealing, accepted: list[Revision]) -> None:
    secret = accept(cast, 8, confidentiality="confidential", confidential_reason="人事情報")
    ordered = order(case=cast.case, count=100)
    sealing.seal()

    verdict = sealing.verify(sealing.bundle(sample=ordered))

    assert verdict.status == 0, verdict.report["checks"]
    told = {each["decision"]: each["files"] for each in verdict.report["sample"]["drawn"]}
    assert told[decision_of(secret)] == [{"sha256": digest_of(secret), "where": "withheld", "reason": "人事情報"}]


def test_a_file_of_several_revisions_is_there_if_one_of_them_was_drawn(cast: Cast, sealing: Sealing) -> None:
    for number in range(3):
        revision = submitted(cast.night_drills, cast.olga, content=b"the same", at=NOW + timedelta(hours=number))
        services.accept(revision=revision, actor=cast.ken, at=NOW + timedelta(hours=number))
    ordered = order(case=cast.case, count=1)
    sealing.seal()

    path = sealing.bundle(sample=ordered)

    assert sealing.verify(path).status == 0
    assert files_in(path) == {sha256(b"the same").hexdigest()}


def test_the_first_witnessed_root_draws_though_others_came_before(
    cast: Cast, sealing: Sealing, known: Sealing, accepted: list[Revision]
) -> None:
    ordered = order(case=cast.case, count=2)
    passed_over = known.seal(witnessed=False)
    accept(cast, 7)
    unseen = known.seal(witnessed=False)
    seen = known.seal()
    accept(cast, 8)
    known.seal()

    verdict = known.verify(known.bundle(sample=ordered))

    assert verdict.status == 0, verdict.report["checks"]
    sizes = [int(note.text.splitlines()[1]) for note in (passed_over, unseen, seen)]
    assert sizes[0] < sizes[1] == sizes[2] == verdict.report["sample"]["checkpoint"]


def test_every_order_of_a_case_is_told(cast: Cast, sealing: Sealing, accepted: list[Revision]) -> None:
    first = order(case=cast.case, count=2)
    sealing.seal()
    second = order(case=cast.case, count=3)
    sealing.seal()

    verdict = sealing.verify(sealing.bundle(sample=second))

    assert first.count != second.count
    assert len(verdict.report["sample"]["orders"]) == 2
    assert "1 other samples of this case were ordered" in says(verdict)


@pytest.mark.parametrize("count", [0, -1, 10_001])
def test_nobody_orders_a_sample_of_none_or_too_many(cast: Cast, count: int) -> None:
    with pytest.raises(Invalid, match="A sample is of 1 to 10,000 acceptances"):
        order(case=cast.case, count=count)

    assert payloads("bundle.sampled") == []


def test_an_order_is_an_event_of_the_log(cast: Cast) -> None:
    order(case=cast.case, count=5)

    assert payloads("bundle.sampled") == [{"count": 5}]
    assert subjects("bundle.sampled") == [f"case:{cast.case.pk}"]


def test_a_sample_waits_for_a_witness(cast: Cast, sealing: Sealing, settings: Settings) -> None:
    ordered = order(case=cast.case, count=5)
    settings.TRAIL_MERGE_DELAY = 0

    with pytest.raises(NotWitnessed):
        sealing.bundle(sample=ordered)
    sealing.drain()
    with pytest.raises(NotWitnessed):
        sealing.bundle(sample=ordered)


def test_a_sample_is_drawn_from_no_other_case(cast: Cast, sealing: Sealing) -> None:
    ordered = order(case=cast.case, count=5)
    sealing.seal()

    with pytest.raises(ValueError, match="the one case"):
        sealing.bundle([], sample=ordered)


def test_a_list_that_somebody_changed_is_refuted(cast: Cast, sealing: Sealing, accepted: list[Revision]) -> None:
    ordered = order(case=cast.case, count=2)
    sealing.seal()
    path = sealing.bundle(sample=ordered)

    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    header = json.loads(members["bundle.json"])
    others = sorted({*map(decision_of, accepted)} - {*header["sample"]["drawn"]}, key=int)
    header["sample"]["drawn"] = sorted([header["sample"]["drawn"][0], others[0]], key=int)
    members["bundle.json"] = json.dumps(header).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    verdict = sealing.verify(path)

    assert (verdict.status, verdict.refuted["check"]) == (1, "sample")
    assert verdict.report["first_bad"]["object"].startswith("evidence_decision/")


def test_the_verifiers_know_the_reason_of_what_was_not_drawn() -> None:
    assert samples.NOT_DRAWN == NOT_DRAWN


# --- The draw -------------------------------------------------------------------------------------------------------


def test_over_many_roots_each_key_is_drawn_as_often_as_any_other() -> None:
    keys, count, roots = range(1, 201), 20, 4_000

    times = Counter(key for number in range(roots) for key in draw(sha256(b"%d" % number).digest(), keys, count))

    # Binomial: 400 are expected, with a standard deviation of 19; of 200 keys none lies five of these away.
    assert set(times) == set(keys)
    assert all(abs(times[key] - roots * count / 200) < 5 * 19 for key in keys)
    # How unlike they are as a whole is chi-squared with 199 degrees of freedom, but for the draw's being without
    # putting back, which makes it smaller by a tenth: 199 * 0.9 expected, and a standard deviation of 18.
    unlike = sum((times[key] - 400) ** 2 / 400 for key in keys)
    assert abs(unlike - 199 * 0.9) < 5 * 18


@given(st.binary(min_size=32, max_size=32), st.sets(st.integers(1, 2**63 - 1), max_size=40), st.integers(1, 50))
def test_a_draw_is_that_of_the_specification(root: bytes, keys: set[int], count: int) -> None:
    digests = {sha256(b"dcase-audit/sample/v1\0" + root + str(key).encode()).hexdigest(): key for key in keys}

    assert draw(root, keys, count) == sorted(digests[digest] for digest in sorted(digests)[:count])


@given(st.binary(min_size=32, max_size=32), st.sets(st.integers(1, 10**6), min_size=2, max_size=40), st.data())
def test_who_is_drawn_does_not_depend_on_the_others_but_for_the_place_they_take(
    root: bytes, keys: set[int], data: st.DataObject
) -> None:
    gone = data.draw(st.sampled_from(sorted(keys)))

    with_it, without = set(draw(root, keys, 5)), set(draw(root, keys - {gone}, 5))

    assert with_it - {gone} <= without


# --- The command ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["0", "-1", "10001", "ten", "1_000", "２", "1.5", "9" * 5000])
def test_a_bad_number_is_refused_with_a_sentence(cast: Cast, tmp_path: Path, number: str) -> None:
    output = tmp_path / "kept.zip"
    output.write_bytes(b"from before")

    with pytest.raises(CommandError, match="A sample is of 1 to 10,000 acceptances"):
        call_command("bundle", "recurrence", f"--sample={number}", "--output", str(output))

    assert output.read_bytes() == b"from before"
    assert payloads("bundle.sampled") == payloads("bundle.exported") == []


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Process]:
    process = Process(tmp_path / "witness")
    process.start()
    yield process
    process.stop()


@pytest.mark.django_db(transaction=True)
def test_the_demo_is_sampled_while_its_log_is_sequenced_and_witnessed(
    demo_case: DemoCase,
    database_url: Callable[[str], str],
    witness: Process,
    tmp_path: Path,
    settings: Settings,
) -> None:
    sequencers = Sequencers(tmp_path, database_url)
    named = f"{witness.key.vkey()} {witness.url}"
    sequencers.environ["TRAIL_WITNESSES"] = named
    settings.TRAIL_DIR, settings.TRAIL_ORIGIN, settings.TRAIL_WITNESSES = tmp_path / "trail", ORIGIN, [named]
    log = Signer(tmp_path / "signer", ORIGIN).key
    standalone.Witness(witness.home / "state").trust(log.vkey(), "0-")
    out, path, policy = StringIO(), tmp_path / "bundle.zip", tmp_path / "mine"
    policy.write_text(f"log {log.vkey()}\nwitness w {witness.key.vkey()}\nquorum w\n")
    sequencers.start()
    try:
        call_command("bundle", demo_case.case.slug, "--sample", "4", "--output", str(path), stdout=out)
    finally:
        sequencers.end()

    command = [sys.executable, "-I", str(VERIFY), str(path), "--policy", str(policy), "--json"]
    done = json.loads(subprocess.run(command, capture_output=True, check=False).stdout)

    assert done["verdict"] == "verified", done["checks"]
    told = done["sample"]
    said = out.getvalue().splitlines()
    assert said[1].startswith(f"sample: 4 of {told['population']} acceptances, drawn by the root of the checkpoint")
    assert told["population"] > 10
    for line, each in zip(said[2:], told["drawn"], strict=True):
        assert (
            f"{each['artefact']} r{each['number']} (revision {each['revision']}, decision {each['decision']})" in line
        )
    with zipfile.ZipFile(path) as archive:
        readme = archive.read("README.txt").decode()
    assert "標本 / sample" in readme
    assert all(line in readme for line in said[1:])
    assert NOT_DRAWN in withheld_in(path).values()
