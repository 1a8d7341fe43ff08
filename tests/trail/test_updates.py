"""What an UPDATE is captured with is the row as it was, though only what changed of it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from dcase_audit.accounts.models import Party
from dcase_audit.trail import capture, routines
from tests.trail.conftest import sqlstate

# The row as the sequencer puts it together, and as it was.
LAST = "SELECT (payload::jsonb || previous::jsonb)::text, previous::text FROM trail.outbox ORDER BY id DESC LIMIT 1"
AS_IT_IS = "SELECT to_jsonb(t)::text FROM {} t WHERE id = {}"

# A column of each type, what it holds at first, and what else; some are equal to it and printed otherwise.
VALUES = {
    "bigint": ["1", "-9007199254740993", "NULL"],
    "boolean": ["true", "false", "NULL"],
    "bytea": [r"'\x00ff'", r"'\x'", "NULL"],
    "character(3)": ["'a'", "'b'"],
    "date": ["'2024-02-29'", "'0044-03-15 BC'", "'infinity'"],
    "double precision": ["0.1", "'-0'", "0", "'NaN'"],
    "inet": ["'192.0.2.1'", "'192.0.2.1/24'", "'::1'"],
    "integer": ["1", "-2147483648"],
    "interval": ["'1 day'", "'24 hours'", "'P1M'"],
    "jsonb": ["'{\"a\": 1.0}'", "'{\"a\": 1.00}'", "'null'", "NULL"],
    "numeric": ["1.0", "1.00", "NULL"],
    "text": ["'監査'", "E'\"\\\\\\n\\t\\x01'", "''", "NULL", "repeat('長', 100000)"],
    "text[]": ["'{a,NULL}'", "'{}'"],
    "timestamptz": ["'2026-11-20 06:00:00.000001+09'", "'-infinity'", "NULL"],
    "tstzrange": ["'[2026-01-01,2026-02-01)'", "'empty'"],
    "uuid": ["'00000000-0000-0000-0000-000000000001'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"],
    "varchar(9)": ["'é'", "E'e\\u0301'"],
}
CHANGES = [(kind, value) for kind, values in VALUES.items() for value in values[1:]]


@pytest.fixture
def migrating(as_owner: None) -> Iterator[Any]:
    """A cursor of the owner's, which says once who acts and prints as the capture does."""
    with connection.cursor() as cursor:
        cursor.execute("""SELECT set_config('trail.context', '{"actor": "test"}', false)""")
        cursor.execute("""SET "IntervalStyle" = 'iso_8601'""")
        yield cursor


def make_table(cursor: Any, columns: dict[str, str]) -> None:
    """Make a table ``typed`` of these columns, whose updates are captured."""
    names = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    cursor.execute(f"CREATE TABLE typed (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, {names})", None)
    routines.make(cursor, routines.expected(cursor, ["typed"]))
    cursor.execute(capture.Captured("typed", "id").triggers()["trail_update"], None)


def found(cursor: Any, query: str) -> tuple[Any, ...]:
    cursor.execute(query, None)
    row: tuple[Any, ...] = cursor.fetchone()
    return row


@pytest.fixture
def typed(migrating: Any) -> Any:
    make_table(migrating, {f"its {kind}": kind for kind in VALUES})
    migrating.execute(f"INSERT INTO typed VALUES (DEFAULT, {', '.join(values[0] for values in VALUES.values())})", None)
    return migrating


def test_the_row_before_is_put_together_from_any_change(typed: Any) -> None:
    for kind, value in CHANGES:
        (before,) = found(typed, AS_IT_IS.format("typed", 1))

        typed.execute(f'UPDATE typed SET "its {kind}" = {value}', None)

        was, kept = found(typed, LAST)
        assert was == before, kind
        assert kept.startswith(f'{{"its {kind}":'), (kind, value)


def test_the_row_before_is_put_together_from_many_changes_at_once(typed: Any) -> None:
    (before,) = found(typed, AS_IT_IS.format("typed", 1))
    every = ", ".join(f'"its {kind}" = {values[-1]}' for kind, values in VALUES.items())

    typed.execute(f"UPDATE typed SET {every}", None)

    assert found(typed, LAST)[0] == before
    assert len(VALUES) == found(typed, f"SELECT count(*) FROM ({LAST}) t(was, kept), json_object_keys(kept::json)")[0]


def test_an_update_that_changes_nothing_has_a_row_before(typed: Any) -> None:
    (before,) = found(typed, AS_IT_IS.format("typed", 1))

    typed.execute('UPDATE typed SET "its text" = "its text"', None)

    assert found(typed, LAST) == (before, "{}")


@pytest.mark.parametrize("name", ['"quoted"', "it's", "back\\slash", "100 %", "{braces}", "列", "TG_OP"])
def test_columns_may_be_called_anything(migrating: Any, name: str) -> None:
    make_table(migrating, {name.replace('"', '""'): "text"})
    migrating.execute("INSERT INTO typed VALUES (DEFAULT, 'before')")
    (before,) = found(migrating, AS_IT_IS.format("typed", 1))

    migrating.execute('UPDATE typed SET "{}" = {}'.format(name.replace('"', '""'), "'after'"), None)

    assert found(migrating, LAST)[0] == before


def test_a_table_too_wide_for_comparing_is_copied_whole(migrating: Any) -> None:
    make_table(migrating, {f"c{number}": "integer" for number in range(routines.MOST_COLUMNS + 1)})
    migrating.execute("INSERT INTO typed (c0) VALUES (1)")
    (before,) = found(migrating, AS_IT_IS.format("typed", 1))

    migrating.execute("UPDATE typed SET c0 = 2")

    was, kept = found(migrating, LAST)
    assert was == before
    assert '"c99":null' in kept


def test_the_widest_table_that_is_compared_can_be(migrating: Any) -> None:
    make_table(migrating, {f"c{number}": "integer" for number in range(routines.MOST_COLUMNS)})
    migrating.execute("INSERT INTO typed (c0) VALUES (1)")

    migrating.execute("UPDATE typed SET c0 = 2")

    assert found(migrating, LAST)[1] == '{"c0":1}'


# While migrations run

ALTERED = {
    "RENAME COLUMN symbol TO sign": "sign = 'S'",
    "ADD COLUMN colour text NOT NULL DEFAULT 'red'": "colour = 'blue'",
    "DROP COLUMN symbol": "name_en = 'Nacht'",
    "ALTER COLUMN symbol TYPE jsonb USING to_jsonb(symbol)": "symbol = '1.0'",
}


@pytest.mark.parametrize("altered", ALTERED)
def test_rows_are_copied_whole_while_columns_come_and_go(migrating: Any, altered: str) -> None:
    party = Party.objects.create(key="night", name_ja="夜間", name_en="Night")

    capture.copy_whole(None, plan=[object()])
    migrating.execute(f"ALTER TABLE accounts_party {altered}", None)
    (before,) = found(migrating, AS_IT_IS.format("accounts_party", party.pk))
    migrating.execute(f"UPDATE accounts_party SET {ALTERED[altered]} WHERE id = {party.pk}", None)
    assert found(migrating, LAST)[0] == before

    capture.install(None)
    (before,) = found(migrating, AS_IT_IS.format("accounts_party", party.pk))
    migrating.execute(f"UPDATE accounts_party SET name_ja = '夜' WHERE id = {party.pk}", None)
    assert found(migrating, LAST) == (before, '{"name_ja":"夜間"}')


def test_a_column_that_is_renamed_by_hand_stops_updates_until_migrating(migrating: Any) -> None:
    party = Party.objects.create(key="night", name_ja="夜間", name_en="Night")
    migrating.execute("ALTER TABLE accounts_party RENAME COLUMN symbol TO sign")
    named = list(capture.differences(migrating))

    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        migrating.execute(f"UPDATE accounts_party SET sign = 'S' WHERE id = {party.pk}")
    capture.install(None)
    migrating.execute(f"UPDATE accounts_party SET sign = 'S' WHERE id = {party.pk}")

    assert "the function trail.update_of_accounts_party is another than the product's" in named
    assert sqlstate(refused.value) == "42703"


def test_migrating_that_broke_off_is_named(migrating: Any) -> None:
    capture.copy_whole(None, plan=[object()])

    named = list(capture.differences(migrating))
    capture.install(None)

    assert "the function trail.update_of_accounts_party is another than the product's" in named
    assert list(capture.differences(migrating)) == []


def test_migrating_nothing_changes_nothing(migrating: Any) -> None:
    capture.copy_whole(None, plan=[])

    assert list(capture.differences(migrating)) == []


def test_what_an_earlier_version_installed_serves_its_tables_until_they_are_migrated(migrating: Any) -> None:
    migrating.execute(
        "CREATE OR REPLACE FUNCTION trail.capture() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
    )
    migrating.execute("DROP FUNCTION trail.update_of_accounts_party() CASCADE")
    before = routines.installed(migrating)

    capture.copy_whole(None, plan=[object()])

    after = routines.installed(migrating)
    assert (after["capture"], set(after)) == (before["capture"], set(before))


def test_what_copies_a_table_that_is_gone_goes_with_it(migrating: Any) -> None:
    make_table(migrating, {"title": "text"})
    migrating.execute("DROP TABLE typed")

    capture.install(None)

    assert "update_of_typed" not in routines.installed(migrating)
