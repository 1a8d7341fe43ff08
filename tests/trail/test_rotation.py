"""The log's key is changed in two steps, each an event that both keys signed, whatever crashes in between."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from pytest_django import Settings

from dcase_audit.errors import Invalid
from dcase_audit.trail import rotation
from dcase_audit.trail.context import acting
from dcase_audit.trail.keyring import Keyring
from dcase_audit.trail.publishing import Publisher
from dcase_audit.trail.redaction import redact
from dcase_audit.trail.rotation import NotNow, advance, ask, request_of
from dcase_audit.trail.sequencing import Entry, take_over
from dcase_audit.trail.signing import Fork
from dcase_audit.trail.tlog.checkpoints import Checkpoint
from dcase_audit.trail.tlog.notes import Note, VerifierKey, verify
from dcase_audit.trail.tlog.succession import ANNOUNCED, RETIRED, KeyChange, Sizes, parse_terms
from tests.server import sequencing
from tests.trail.test_publishing import ORIGIN, happen, new, published, sequenced

pytestmark = pytest.mark.django_db


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    return new(tmp_path)


def step(publisher: Publisher, which: str) -> Entry:
    """Ask for a step and have it taken."""
    ask(publisher.signer, which, os_user="root", reason="once a year")
    entry = taken(publisher)
    assert entry is not None
    return entry


def taken(publisher: Publisher) -> Entry | None:
    with sequencing():
        return advance(publisher.signer, take_over())


def signers(note: Note, publisher: Publisher) -> list[VerifierKey]:
    """Return who signed, of all keys that the log ever had."""
    return [found.key for found in verify(note, [term.key for term in publisher.signer.keyring.terms])]


def changes() -> list[tuple[int, str, str, KeyChange]]:
    """Return the events about keys, with what they state, which has to be signed by both."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq, kind, object, d.texts[array_position(d.names, 'payload.note')] FROM trail.log"
            " JOIN trail.disclosure d USING (seq) WHERE kind LIKE 'trail.key%' ORDER BY seq"
        )
        found = cursor.fetchall()
    return [(seq, kind, object, KeyChange.parse(json.loads(text).encode())) for seq, kind, object, text in found]


def test_two_steps_lead_from_one_key_to_another(publisher: Publisher) -> None:
    happen(1)
    sequenced()
    first = published(publisher)
    announced = step(publisher, ANNOUNCED)
    both = published(publisher)
    happen(2)
    sequenced()
    later = published(publisher)
    retired = step(publisher, RETIRED)
    alone = published(publisher)

    old, young = (term.key for term in publisher.signer.keyring.terms)
    assert old != young and old.name == young.name == ORIGIN
    assert signers(first, publisher) == [old]
    assert signers(both, publisher) == signers(later, publisher) == [old, young]
    assert signers(alone, publisher) == [young]
    assert Checkpoint.parse(both.text).size == announced.leaf.seq + 1
    assert Checkpoint.parse(alone.text).size == retired.leaf.seq + 1
    assert changes() == [
        (
            announced.leaf.seq,
            "trail.key_announced",
            f"log_key:{young.key_id.hex()}",
            KeyChange(ANNOUNCED, old, young, announced.leaf.seq + 1),
        ),
        (
            retired.leaf.seq,
            "trail.key_retired",
            f"log_key:{old.key_id.hex()}",
            KeyChange(RETIRED, old, young, retired.leaf.seq + 1),
        ),
    ]


def test_keys_are_published_with_what_they_sign_and_the_old_private_half_is_forgotten(
    publisher: Publisher, tmp_path: Path
) -> None:
    happen(1)
    sequenced()
    published(publisher)
    alone = publisher.store.get("log.vkey").decode()
    announced, _ = step(publisher, ANNOUNCED), published(publisher)
    both = publisher.store.get("log.vkey").decode()
    retired = step(publisher, RETIRED)
    assert (tmp_path / "signer" / "log.key").read_text().count("PRIVATE+KEY+") == 2
    published(publisher)

    old, young = (term.key.vkey() for term in publisher.signer.keyring.terms)
    assert alone == f"{old}\n"
    assert both == f"{old}\n{young} {announced.leaf.seq + 1}-\n"
    shown = publisher.store.get("log.vkey").decode()
    assert shown == f"{old} 0-{retired.leaf.seq}\n{young} {announced.leaf.seq + 1}-\n"
    assert parse_terms(shown) == publisher.signer.keyring.terms
    kept = (tmp_path / "signer" / "log.key").read_text().splitlines()
    assert kept[0] == f"{old} 0-{retired.leaf.seq}"
    assert kept[1].startswith("PRIVATE+KEY+") and len(kept) == 2
    assert {path.name for path in (tmp_path / "signer").iterdir()} == {"log.key", "signed"}


def test_a_size_is_signed_alike_however_often(publisher: Publisher, tmp_path: Path) -> None:
    happen(1)
    sequenced()
    published(publisher)
    step(publisher, ANNOUNCED)
    both = published(publisher)
    assert published(new(tmp_path)).format() == both.format()

    step(publisher, RETIRED)
    alone = published(publisher)
    assert published(new(tmp_path)).format() == alone.format()


def test_keys_follow_each_other_any_number_of_times(publisher: Publisher) -> None:
    for number in range(3):
        happen(number)
        sequenced()
        step(publisher, ANNOUNCED)
        published(publisher)
        step(publisher, RETIRED)
        published(publisher)

    terms = publisher.signer.keyring.terms
    assert len({term.key for term in terms}) == 4
    assert [change.old for *_, change in changes()] == [term.key for term in terms[:3] for _ in range(2)]
    assert terms[0].sizes.first == 0 and terms[-1].sizes == Sizes(changes()[-2][3].size)


def test_both_steps_may_come_before_the_next_checkpoint(publisher: Publisher) -> None:
    happen(1)
    sequenced()
    published(publisher)
    step(publisher, ANNOUNCED)
    step(publisher, RETIRED)

    note = published(publisher)

    assert signers(note, publisher) == [publisher.signer.keyring.terms[1].key]


def test_an_empty_log_may_begin_with_a_change_of_keys(publisher: Publisher) -> None:
    first = step(publisher, ANNOUNCED)

    note = published(publisher)

    assert len(signers(note, publisher)) == 2
    assert Checkpoint.parse(note.text).size == first.leaf.seq + 1


def test_who_asked_and_why_is_in_the_log_and_what_waits_keeps_its_order(publisher: Publisher) -> None:
    sequenced()
    happen(1, 2)
    with acting("command:sequence"):
        entry = step(publisher, ANNOUNCED)
    sequenced()

    texts = dict(zip(entry.names, entry.texts, strict=True))
    assert texts["context.actor"] == '"command:rotate_key"'
    assert (texts["context.os_user"], texts["context.reason"]) == ('"root"', '"once a year"')
    with connection.cursor() as cursor:
        cursor.execute("SELECT object FROM trail.log WHERE seq > %s ORDER BY seq", [entry.leaf.seq])
        assert cursor.fetchall() == [("party:1",), ("party:2",)]


@pytest.mark.parametrize("which", [ANNOUNCED, RETIRED])
def test_a_step_that_does_not_come_next_is_refused(which: str, publisher: Publisher) -> None:
    if which == ANNOUNCED:
        step(publisher, ANNOUNCED)

    with pytest.raises(NotNow):
        ask(publisher.signer, which, os_user="root", reason="")
    assert request_of(publisher.signer) is None


def test_a_step_is_asked_for_once(publisher: Publisher) -> None:
    ask(publisher.signer, ANNOUNCED, os_user="root", reason="")

    with pytest.raises(NotNow, match="not done yet"):
        ask(publisher.signer, ANNOUNCED, os_user="root", reason="")


# Crashes


class Crash(Exception):
    """The process ends here."""


def crash(*args: Any, **kwargs: Any) -> Any:
    raise Crash


def after(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        function(*args, **kwargs)
        raise Crash

    return call


CRASHES: dict[str, tuple[Any, str, bool]] = {
    "no key is made": (Keyring, "propose", False),
    "a key is made": (Keyring, "propose", True),
    "it is not logged": (rotation, "_log", False),
    "it is logged": (rotation, "_log", True),
    "it begins": (Keyring, "begin", True),
    "it ends": (Keyring, "end", True),
    "it is noted": (rotation, "_done", False),
}


@pytest.mark.parametrize("crashed", CRASHES)
def test_a_crash_between_two_steps_is_made_good_by_the_next_process(
    crashed: str, publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, name, is_done = CRASHES[crashed]
    happen(1)
    sequenced()
    published(publisher)

    for number, which in enumerate((ANNOUNCED, RETIRED)):
        process = new(tmp_path)
        ask(process.signer, which, os_user="root", reason="once a year")
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, after(getattr(owner, name)) if is_done else crash)
            try:
                taken(process)
            except Crash:
                pass
        happen(10 + number)
        sequenced()
        # The next process may come to publish before it looks for what was asked.
        another = new(tmp_path)
        with sequencing():
            another.resume()
        first = published(another)
        taken(another)
        last = published(another)
        for note in (first, last):
            size = Checkpoint.parse(note.text).size
            expected = [term.key for term in another.signer.keyring.terms if term.sizes.hold(size)]
            assert signers(note, another) == expected
        assert request_of(another.signer) is None

    assert [kind for _, kind, *_ in changes()] == ["trail.key_announced", "trail.key_retired"]
    assert [change.size - 1 for *_, change in changes()] == [seq for seq, *_ in changes()]
    old, young = another.signer.keyring.terms
    assert signers(last, another) == [young.key]
    assert (old.sizes, young.sizes) == (Sizes(0, changes()[1][0]), Sizes(changes()[0][0] + 1))


@pytest.mark.parametrize("which", [ANNOUNCED, RETIRED])
def test_a_restored_copy_without_a_change_that_was_signed_raises_the_alarm(
    which: str, publisher: Publisher, tmp_path: Path
) -> None:
    """Nothing that holds the change was signed yet: the keys alone tell of it."""
    happen(1)
    sequenced()
    if which == RETIRED:
        step(publisher, ANNOUNCED)
    published(publisher)
    copy = transaction.savepoint()
    step(publisher, which)
    transaction.savepoint_rollback(copy)

    for number in (7, 8):
        another = new(tmp_path)
        with pytest.raises(Fork, match="not the change of keys that was signed"), sequencing():
            another.resume()
        with pytest.raises(Fork), sequencing():
            another.publish()
        happen(number)
        sequenced()


def test_no_key_changes_below_what_was_signed(publisher: Publisher) -> None:
    """An older copy is restored under a process that goes on: its keys sign nothing that they signed otherwise."""
    happen(1)
    sequenced()
    copy = transaction.savepoint()
    happen(2, 3)
    sequenced()
    published(publisher)
    transaction.savepoint_rollback(copy)
    ask(publisher.signer, ANNOUNCED, os_user="root", reason="")

    with pytest.raises(Fork, match="entries were signed before"):
        taken(publisher)

    assert len(publisher.signer.keyring.terms) == 1
    assert changes() == []


def test_what_both_keys_state_is_not_forgotten(publisher: Publisher) -> None:
    entry = step(publisher, ANNOUNCED)

    with pytest.raises(Invalid):
        redact(entry=entry.leaf.seq, fields=["payload.note"], reason="a request")
    assert redact(entry=entry.leaf.seq, fields=["context.reason", "payload.note"], reason="a request") == 1
    assert len(changes()) == 1


# The command


@pytest.fixture
def signer_dir(publisher: Publisher, settings: Settings, tmp_path: Path) -> Path:
    settings.TRAIL_ORIGIN, settings.TRAIL_SIGNER_DIR = ORIGIN, tmp_path / "signer"
    return tmp_path / "signer"


def said(*arguments: str) -> str:
    out = StringIO()
    call_command("rotate_key", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_asks_and_says_how_the_keys_stand(signer_dir: Path, publisher: Publisher, tmp_path: Path) -> None:
    assert "One key signs" in said()
    asked = said("--announce", "--reason", "once a year", "--wait", "0")
    assert "has not taken the step yet (announced)" in asked
    taken(publisher)

    both = said()

    old, young = publisher.signer.keyring.terms
    assert f"  log {old.key.vkey()}\n  log {young.key.vkey()} sizes:{young.sizes.format()}\n" in both
    assert "`rotate_key --retire` ends the old one" in both
    with pytest.raises(CommandError, match="announced already"):
        said("--announce")


def test_the_command_runs_where_the_keys_are(settings: Settings, tmp_path: Path) -> None:
    settings.TRAIL_SIGNER_DIR = tmp_path / "elsewhere"

    with pytest.raises(CommandError, match="this runs where the sequencer does"):
        said()
    assert not (tmp_path / "elsewhere").exists()
