"""The outbox becomes the log: each committed event once, in the order of commits, with commitments that open."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest
from django.db import connection, transaction

from dcase_audit.accounts.models import Party
from dcase_audit.trail.encoding import commitment
from dcase_audit.trail.events import record
from dcase_audit.trail.sequencing import Entry, Superseded, drain, take_over
from tests.server import sequencing

pytestmark = pytest.mark.django_db


def drained() -> list[Entry]:
    """Drain as the sequencer does, inside this test's transaction; what migrating logged is not returned."""
    with sequencing():
        epoch = take_over()
        found: list[Entry] = []
        while entries := drain(epoch):
            found += entries
    return [entry for entry in found if "command:migrate" not in (entry.actor or "")]


def fields(entry: Entry) -> dict[str, object]:
    return {name: json.loads(text) for name, text in zip(entry.names, entry.texts, strict=True)}


def test_a_row_and_an_event_become_leaves() -> None:
    party = Party.objects.create(key="night", name_ja="夜間")
    record("party.created", f"party:{party.pk}", key="night")

    row, event = drained()

    assert (row.leaf.source, row.leaf.kind, row.leaf.object) == ("row", "insert", f"accounts_party/{party.pk}")
    assert (event.leaf.source, event.leaf.kind, event.leaf.object) == ("app", "party.created", f"party:{party.pk}")
    assert event.leaf.seq == row.leaf.seq + 1
    assert row.leaf.xid == event.leaf.xid
    assert fields(row)["row.name_ja"] == "夜間"
    assert fields(row)["context.actor"] == "test"
    assert fields(event)["payload.key"] == "night"


def test_a_leaf_is_canonical_json_and_its_hash_that_of_rfc_6962() -> None:
    Party.objects.create(key="night", name_ja="夜間")

    (entry,) = drained()

    read = json.loads(entry.encoded)
    assert json.dumps(read, sort_keys=True, separators=(",", ":")).encode() == entry.encoded
    assert read["v"] == 1
    assert len(read["at"]) == 27
    assert entry.hash == sha256(b"\0" + entry.encoded).digest()


def test_every_field_opens_its_commitment() -> None:
    Party.objects.create(key="night", name_ja="夜間")

    (entry,) = drained()

    commitments = [
        commitment(name, text, entry.salts[16 * index : 16 * index + 16])
        for index, (name, text) in enumerate(zip(entry.names, entry.texts, strict=True))
    ]
    assert entry.names == sorted(entry.names)
    assert entry.leaf.n == len(entry.names)
    assert sha256(b"dcase-audit/fields/v1\0" + b"".join(commitments)).hexdigest() == entry.leaf.fields
    assert len(set(commitments)) == len(commitments)


def test_versions_count_each_objects_events() -> None:
    party = Party.objects.create(key="night", name_ja="夜間")
    first = drained()
    Party.objects.filter(pk=party.pk).update(symbol="N")
    Party.objects.filter(pk=party.pk).update(symbol="M")
    party.delete()

    versions = [entry.leaf.version for entry in first + drained()]

    assert versions == [1, 2, 3, 4]


def test_the_row_before_is_the_row_that_the_event_before_printed() -> None:
    party = Party.objects.create(key="night", name_ja='夜間 "引用" \\ ', name_en="Night\n")
    Party.objects.filter(pk=party.pk).update(symbol="N")

    inserted, updated = drained()

    row = {name[4:]: text for name, text in zip(inserted.names, inserted.texts, strict=True) if name.startswith("row.")}
    ordered = sorted(row, key=lambda name: (len(name), name))
    printed = "{" + ", ".join(f'"{name}": {row[name]}' for name in ordered) + "}"
    assert fields(updated)["before"] == sha256(printed.encode()).hexdigest()


def test_what_is_logged_can_be_read_again() -> None:
    Party.objects.create(key="night", name_ja="夜間")
    (entry,) = drained()

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT l.leaf, l.hash, d.names, d.salts, d.texts, d.actor FROM trail.log l"
            " JOIN trail.disclosure d USING (seq) WHERE seq = %s",
            [entry.leaf.seq],
        )
        leaf, hashed, names, salts, texts, actor = cursor.fetchone()

    assert (bytes(leaf), bytes(hashed), names, bytes(salts), texts, actor) == (
        entry.encoded,
        entry.hash,
        entry.names,
        entry.salts,
        entry.texts,
        "test",
    )


def test_batches_go_on_where_the_last_ended() -> None:
    for number in range(5):
        record("party.created", f"party:{number}")

    with sequencing():
        epoch = take_over()
        found = []
        while entries := drain(epoch, limit=3):
            assert len(entries) <= 3
            found += entries

    assert [entry.leaf.seq for entry in found] == list(range(found[0].leaf.seq, found[0].leaf.seq + len(found)))
    assert [entry.leaf.object for entry in found][-5:] == [f"party:{number}" for number in range(5)]


def test_who_was_superseded_writes_nothing() -> None:
    record("party.created", "party:1")
    with sequencing():
        old = take_over()
        take_over()
        with pytest.raises(Superseded), transaction.atomic():
            drain(old)

    assert [entry.leaf.object for entry in drained()] == ["party:1"]
