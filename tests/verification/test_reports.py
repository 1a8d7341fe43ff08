"""A report carries the checkpoint that covers what it says, and a verifier holds a later bundle against it."""

from __future__ import annotations

import json
from pathlib import Path

from dcase_audit.reports.assemble import contents
from dcase_audit.reports.render.manifest import manifest
from dcase_audit.trail.covering import covering_now
from dcase_audit.trail.tlog.notes import Note
from tests.cast import NOW, Cast, submitted
from tests.sealing import Sealing


def checkpoint_in_a_report(cast: Cast, known: Sealing, tmp_path: Path) -> Path:
    known.seal()
    found = contents(cast.case, at=NOW, known=NOW, language="en", report_id="r-1", made_at=NOW, covering=covering_now())
    note = json.loads(manifest(found))["header"]["checkpoint"]["note"]
    path = tmp_path / "checkpoint"
    path.write_text(note)
    return path


def test_a_later_bundle_has_to_begin_with_what_a_report_rests_on(cast: Cast, known: Sealing, tmp_path: Path) -> None:
    submitted(cast.night_drills, cast.olga)
    kept = checkpoint_in_a_report(cast, known, tmp_path)
    submitted(cast.review_rule, cast.bo)
    known.seal()

    verdict = known.verify(known.bundle(), "--known-checkpoint", str(kept))

    assert verdict.status == 0, verdict.report["checks"]


def test_a_bundle_of_another_past_is_refuted_by_it(cast: Cast, known: Sealing, tmp_path: Path) -> None:
    kept = checkpoint_in_a_report(cast, known, tmp_path)
    origin, size, _ = kept.read_text().splitlines()[:3]
    text = f"{origin}\n{size}\n{'A' * 43}=\n"
    kept.write_bytes(Note(text, (known.signer.key.sign(text),)).format())

    verdict = known.verify(known.bundle(), "--known-checkpoint", str(kept))

    assert verdict.status == 1
    assert verdict.report["first_bad"]["checkpoint"] == int(size)
