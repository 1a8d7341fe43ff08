"""What somebody with all power over database and files did is found by the verifier, or the signer's alarm, with the
record named; the twin that nobody touched passes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from django.db import connection

from dcase_audit.trail.signing import Fork
from evidence.models import Decision, Revision
from tests.evidence.world import DAY, START, World
from tests.sealing import Sealing, size_of_log
from tests.server import Server

pytestmark = pytest.mark.django_db(transaction=True)
AT = START + DAY
LATER = AT + timedelta(days=2)


class Scene(NamedTuple):
    """A case with accepted evidence, sealed once; ``superuser`` may do anything."""

    world: World
    revision: Revision
    superuser: psycopg.Connection[Any]
    sealing: Sealing

    def tamper(self, statement: str, **values: Any) -> None:
        self.superuser.execute(statement, values)

    def go_on(self) -> None:
        """Let the product do something more, as if nothing had happened."""
        self.world.accept("rule-b", LATER)


@pytest.fixture
def scene(server: Server, sealing: Sealing) -> Iterator[Scene]:
    world = World()
    for name, key in (("rule-a", "E_1"), ("rule-b", "E_1"), ("rule-c", "E_2")):
        world.link(name, key)
    revision = world.accept("rule-a", AT)
    with psycopg.connect(server.superuser_url, dbname=connection.settings_dict["NAME"], autocommit=True) as superuser:
        for table in ("log", "disclosure", "checkpoint", "outbox"):
            superuser.execute(f"ALTER TABLE trail.{table} DISABLE TRIGGER ALL".encode())
        yield Scene(world, revision, superuser, sealing)


def quietly(statement: str) -> str:
    """Return the statement as somebody runs it who knows of the triggers."""
    tables = ("evidence_revision", "evidence_decision", "evidence_support", "evidence_storedfile", "cases_statuschange")
    off = " ".join(f"ALTER TABLE {table} DISABLE TRIGGER ALL;" for table in tables)
    on = " ".join(
        f"ALTER TABLE {table} ENABLE TRIGGER ALL; ALTER TABLE {table} ENABLE ALWAYS TRIGGER trail_update;"
        for table in tables
    )
    return f"{off} {statement}; {on}"


def decision(scene: Scene) -> Decision:
    return scene.revision.decisions.get(kind="accepted")


def test_the_twin_that_nobody_touched_passes(scene: Scene) -> None:
    scene.sealing.seal()
    scene.go_on()

    scene.sealing.assert_sound()


# Past the capture


def test_a_row_that_was_edited_past_the_capture_is_named(scene: Scene) -> None:
    scene.sealing.seal()
    edited = decision(scene)
    scene.tamper(quietly(f"UPDATE evidence_decision SET reason = 'never mind' WHERE id = {edited.pk}"))
    scene.go_on()
    scene.sealing.seal()

    verdict = scene.sealing.verify(scene.sealing.bundle())

    assert verdict.status == 1
    assert verdict.refuted["check"] == "state"
    assert f"evidence_decision/{edited.pk}" in json.dumps(verdict.refuted)


def test_a_row_that_was_deleted_past_the_capture_is_named(scene: Scene) -> None:
    scene.sealing.seal()
    gone = decision(scene).pk
    scene.tamper(quietly(f"DELETE FROM evidence_decision WHERE id = {gone}"))
    scene.sealing.seal()

    verdict = scene.sealing.verify(scene.sealing.bundle())

    assert (verdict.status, verdict.refuted["check"]) == (1, "state")
    assert f"evidence_decision/{gone}" in json.dumps(verdict.refuted)


def test_a_row_that_was_slipped_in_past_the_capture_is_named(scene: Scene) -> None:
    scene.sealing.seal()
    scene.tamper(
        quietly(
            "INSERT INTO evidence_decision (id, revision_id, kind, by_rule, at, effective_at, reason) OVERRIDING SYSTEM"
            f" VALUE VALUES (9999, {scene.revision.pk}, 'voided', 'rule', now(), now(), 'x')"
        )
    )
    scene.sealing.seal()

    verdict = scene.sealing.verify(scene.sealing.bundle())

    assert (verdict.status, verdict.refuted["check"]) == (1, "state")
    assert "evidence_decision/9999" in json.dumps(verdict.refuted)


def test_a_row_that_was_changed_and_changed_again_by_the_product_is_named(scene: Scene) -> None:
    """The last event says what the row says now; only its past gives the change away."""
    scene.sealing.seal()
    support = scene.revision.artefact.supports.get()
    scene.tamper(quietly(f"UPDATE evidence_support SET rationale = 'x' WHERE id = {support.pk}"))
    support.refresh_from_db()
    support.rationale = "y"
    support.save()
    scene.sealing.seal()

    verdict = scene.sealing.verify(scene.sealing.bundle())

    assert (verdict.status, verdict.refuted["check"]) == (1, "chains")
    assert f"evidence_support/{support.pk}" in json.dumps(verdict.refuted)


def test_an_event_that_was_dropped_before_it_was_logged_is_named(scene: Scene) -> None:
    scene.sealing.seal()
    scene.go_on()
    dropped = Decision.objects.latest("pk").pk
    scene.tamper("DELETE FROM trail.outbox WHERE subject = %(subject)s", subject=f"evidence_decision/{dropped}")
    scene.sealing.seal()

    verdict = scene.sealing.verify(scene.sealing.bundle())

    assert (verdict.status, verdict.refuted["check"]) == (1, "state")
    assert f"evidence_decision/{dropped}" in json.dumps(verdict.refuted)


# In the log


def test_an_event_whose_words_were_changed_is_named(scene: Scene) -> None:
    scene.sealing.seal()
    edited = decision(scene).pk
    scene.tamper(
        "UPDATE trail.disclosure SET texts[array_position(names, 'row.kind')] = '\"returned\"' WHERE seq ="
        " (SELECT seq FROM trail.log WHERE object = %(object)s)",
        object=f"evidence_decision/{edited}",
    )

    verdict = scene.sealing.verify(scene.sealing.bundle())

    assert (verdict.status, verdict.refuted["check"]) == (1, "disclosures")
    assert f"evidence_decision/{edited}" in json.dumps(verdict.refuted)


def bundles_of_leaves(home: Path) -> list[Path]:
    return [path for path in (home / "trail" / "tile" / "entries").rglob("*") if path.is_file()]


def changed_in_tiles(home: Path, change: Callable[[bytes], bytes]) -> None:
    """Change the entry bundles as somebody with the disk would."""
    for path in bundles_of_leaves(home):
        path.chmod(0o600)
        path.write_bytes(change(path.read_bytes()))


def test_a_leaf_that_was_edited_on_the_disk_is_found(scene: Scene) -> None:
    scene.sealing.seal()
    changed_in_tiles(scene.sealing.home, lambda data: data.replace(b'"kind":"insert"', b'"kind":"delete"', 1))

    verdict = scene.sealing.verify(scene.sealing.bundle())

    assert (verdict.status, verdict.refuted["check"]) == (1, "leaves")


def without(data: bytes, number: int) -> bytes:
    """Return a bundle of leaves without one of them."""
    entries = split(data)
    return b"".join(len(entry).to_bytes(2, "big") + entry for index, entry in enumerate(entries) if index != number)


def split(data: bytes) -> list[bytes]:
    entries = []
    while data:
        size = int.from_bytes(data[:2], "big")
        entries.append(data[2 : 2 + size])
        data = data[2 + size :]
    return entries


def swapped(data: bytes) -> bytes:
    first, second, *others = split(data)
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in (second, first, *others))


def test_leaves_that_changed_places_are_found(scene: Scene) -> None:
    scene.sealing.seal()
    changed_in_tiles(scene.sealing.home, swapped)

    verdict = scene.sealing.verify(scene.sealing.bundle())

    assert verdict.status == 1
    assert verdict.refuted["check"] in ("leaves", "records")


LOG_TAMPERINGS = {
    "edited": "UPDATE trail.log SET leaf = convert_to(replace(convert_from(leaf, 'UTF8'), '\"kind\":\"insert\"',"
    " '\"kind\":\"delete\"'), 'UTF8') WHERE object = %(object)s",
    "deleted": "DELETE FROM trail.disclosure WHERE seq = (SELECT seq FROM trail.log WHERE object = %(object)s);"
    " DELETE FROM trail.log WHERE object = %(object)s",
    "cut off": "DELETE FROM trail.disclosure WHERE seq >= (SELECT size - 2 FROM trail.head);"
    " DELETE FROM trail.log WHERE seq >= (SELECT size - 2 FROM trail.head); UPDATE trail.head SET size = size - 2",
}


@pytest.mark.parametrize("tampering", LOG_TAMPERINGS)
def test_the_signer_signs_no_log_that_was_changed(scene: Scene, tampering: str) -> None:
    scene.sealing.seal()
    for statement in LOG_TAMPERINGS[tampering].split(";"):
        scene.tamper(statement, object=f"evidence_decision/{decision(scene).pk}")
    scene.go_on()

    with pytest.raises(Fork):
        scene.sealing.seal()


def test_a_log_that_was_rewritten_with_a_new_signer_is_refuted_by_a_checkpoint_that_somebody_kept(
    scene: Scene,
) -> None:
    """Whoever has the log's key and empties the signer's memory can sign another history, but not unsay the first."""
    kept = scene.sealing.home / "kept"
    kept.write_bytes(scene.sealing.seal().format())
    for statement in LOG_TAMPERINGS["cut off"].split(";"):
        scene.tamper(statement)
    scene.tamper("DELETE FROM trail.checkpoint")
    (scene.sealing.home / "signer" / "signed").unlink()
    shutil.rmtree(scene.sealing.home / "trail")
    scene.go_on()
    scene.sealing.seal()

    verdict = scene.sealing.verify(scene.sealing.bundle(), "--known-checkpoint", str(kept))

    assert (verdict.status, verdict.refuted["check"]) == (1, "known_checkpoints")


def test_an_old_bundle_is_told_by_a_newer_checkpoint(scene: Scene) -> None:
    scene.sealing.seal()
    old = scene.sealing.home / "old.zip"
    shutil.copy(scene.sealing.bundle(), old)
    size = size_of_log()
    scene.go_on()
    newer = scene.sealing.home / "newer"
    newer.write_bytes(scene.sealing.seal().format())

    alone, beside = scene.sealing.verify(old), scene.sealing.verify(old, "--known-checkpoint", str(newer))

    assert alone.status == 0
    assert alone.report["log"]["complete_up_to"] == size
    assert "newer" in json.dumps(beside.report) or "old" in json.dumps(beside.report)


# Beside the log


def test_an_evidence_file_that_was_swapped_is_named(scene: Scene) -> None:
    scene.sealing.seal()
    sha256 = scene.world.file.sha256
    (stored,) = [path for path in (scene.sealing.home / "objects").rglob(sha256) if path.is_file()]
    stored.chmod(0o600)
    stored.write_bytes(b"another rule")

    verdict = scene.sealing.verify(scene.sealing.bundle())

    assert (verdict.status, verdict.refuted["check"]) == (1, "files")
    assert sha256 in json.dumps(verdict.refuted)


def test_a_bundle_of_another_log_is_refused(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> None:
    scene.sealing.seal()
    stranger = Sealing(tmp_path_factory.mktemp("stranger"))

    verdict = stranger.verify(scene.sealing.bundle())

    assert verdict.status == 1
    assert verdict.refuted["check"] == "checkpoint"
