"""The capture of every changed row by the database itself: installed, healed and compared from one manifest.

A table is captured unless its model says why it is not (``not_captured = "derived from facts"``). ``post_migrate``
makes what is missing and mends what differs; the start-up check compares again, as the application.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import apps
from django.db import connections, models, transaction

from dcase_audit.trail import routines

FRAMEWORK = {
    "django_migrations": "the framework's own record of schema changes; shapes are events",
    "django_content_type": "derived from the models",
    "auth_permission": "derived from the models",
    "django_admin_log": "what it tells is captured where it happens",
    "django_session": "logins are events",
}
# Columns whose value never reaches the trail, only its SHA-256: a change shows. What opens something is salted or
# random itself; a mail address is not, and whoever is shown the digest can try addresses. A webhook's address opens
# something at those that put a secret into it.
SECRETS = {"accounts_user": ("password", "email"), "accounts_apitoken": ("sha256",), "webhooks_webhook": ("url",)}


@dataclass(frozen=True)
class Captured:
    """A captured table: its key, the columns that are hashed, and those that follow from others and are left out."""

    table: str
    key: str
    secrets: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def masks(self) -> tuple[str, str] | tuple[None, None]:
        """What ``trail.printed`` is told beside the row: secret columns and those left out, each as text[]."""
        if not self.secrets and not self.left_out:
            return None, None
        return f"{{{','.join(self.secrets)}}}", f"{{{','.join(self.left_out)}}}"

    @property
    def is_plain(self) -> bool:
        """Whether rows are printed as they are, and their key has the name that nearly all have."""
        return self.key == "id" and self.masks == (None, None)

    @property
    def arguments(self) -> str:
        """The trigger's arguments, as SQL prints them."""
        return ", ".join(f"'{argument}'" for argument in (self.key, *self.masks) if argument is not None)

    def triggers(self) -> dict[str, str]:
        """Return each trigger's definition by its name, as ``pg_get_triggerdef`` prints it."""
        capture = f"FOR EACH STATEMENT EXECUTE FUNCTION trail.capture({self.arguments})"
        update = f"FOR EACH STATEMENT EXECUTE FUNCTION trail.{routines.update_of(self.table)}()"
        refuse = "FOR EACH STATEMENT EXECUTE FUNCTION trail.refuse"
        on = f"ON public.{self.table}"
        definitions = {
            "trail_delete": f"AFTER DELETE {on} REFERENCING OLD TABLE AS changed {capture}",
            "trail_insert": f"AFTER INSERT {on} REFERENCING NEW TABLE AS changed {capture}",
            "trail_key": f"BEFORE UPDATE OF {self.key} {on} {refuse}('keys do not change')",
            "trail_truncate": f"BEFORE TRUNCATE {on} {refuse}('no row would tell of it')",
            "trail_update": f"AFTER UPDATE {on} REFERENCING OLD TABLE AS previous NEW TABLE AS changed"
            f" {update if self.is_plain else capture}",
        }
        return {name: f"CREATE TRIGGER {name} {definition}" for name, definition in definitions.items()}


def not_captured() -> dict[str, str]:
    """Return every table without capture, with the reason."""
    return {model._meta.db_table: model.not_captured for model in _models() if hasattr(model, "not_captured")} | (
        FRAMEWORK
    )


@cache
def captured() -> Mapping[str, Captured]:
    """Return every captured table by its name."""
    free = not_captured()
    found = {}
    for model in _models():
        table = model._meta.db_table
        if table in free or not model._meta.managed:
            continue
        left_out = tuple(
            str(field.column) for field in model._meta.concrete_fields if isinstance(field, models.GeneratedField)
        )
        key = model._meta.pk
        assert key is not None
        found[table] = Captured(table, str(key.column), SECRETS.get(table, ()), left_out)
    return found


def _plain() -> list[str]:
    return [table for table, wanted in captured().items() if wanted.is_plain]


def _models() -> Iterator[type[models.Model]]:
    yield from apps.get_models(include_auto_created=True)


# What was logged stays, whoever asks; what it says may be forgotten, and not changed.
GUARDED = {
    "checkpoint": "DELETE OR UPDATE OR TRUNCATE",
    "disclosure": "DELETE OR TRUNCATE",
    "log": "DELETE OR UPDATE OR TRUNCATE",
    "token": "DELETE OR UPDATE OR TRUNCATE",
}


def guards() -> dict[tuple[str, str], str]:
    """Return the definition of each trigger that guards a table of the log, by table and name."""
    refuse = "FOR EACH STATEMENT EXECUTE FUNCTION trail.refuse('what was logged stays')"
    found = {
        (table, "trail_guard"): f"CREATE TRIGGER trail_guard BEFORE {acts} ON trail.{table} {refuse}"
        for table, acts in GUARDED.items()
    }
    blank = "FOR EACH ROW EXECUTE FUNCTION trail.blank()"
    return found | {
        ("disclosure", "trail_blank"): f"CREATE TRIGGER trail_blank BEFORE UPDATE ON trail.disclosure {blank}"
    }


INSTALLED_TRIGGERS = """
SELECT c.relname, t.tgname, pg_get_triggerdef(t.oid), t.tgenabled::text
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace IN ('public'::regnamespace, 'trail'::regnamespace) AND starts_with(t.tgname, 'trail_')
"""
TABLES = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1
"""


def differences(cursor: Any) -> Iterator[str]:
    """Yield, in words, how what is installed differs from the manifest."""
    functions = routines.installed(cursor)
    for name, sql in routines.expected(cursor, _plain()).items():
        if name not in functions:
            yield f"the function trail.{name} is missing"
        elif functions[name] != routines.described(sql):
            yield f"the function trail.{name} is another than the product's"
    triggers = _installed(cursor)
    cursor.execute(TABLES)
    wanted, free = captured(), not_captured()
    for (table, name), definition in guards().items():
        if triggers.get(table, {}).get(name) != (definition, "A"):
            yield f"the guard of trail.{table} is missing, another than the product's, or not enabled always"
    for (table,) in cursor.fetchall():
        if table in wanted:
            for name, definition in wanted[table].triggers().items():
                if name not in triggers.get(table, {}):
                    yield f"the trigger {table}.{name} is missing"
                elif triggers[table][name] != (definition, "A"):
                    yield f"the trigger {table}.{name} is another than the product's, or not enabled always"
        elif table not in free:
            yield f"the table {table} is not captured, and nothing says why"


def _installed(cursor: Any) -> dict[str, dict[str, tuple[str, str]]]:
    cursor.execute(INSTALLED_TRIGGERS)
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for table, name, definition, enabled in cursor.fetchall():
        found.setdefault(table, {})[name] = (definition, enabled)
    return found


def install(sender: object, using: str = "default", **kwargs: object) -> None:
    """Make or mend functions and triggers, and log what the capture did not see (receiver of ``post_migrate``).

    Only the owner can; any other role has nothing to do here. A table whose capture is new, or whose columns changed,
    is written to the trail row by row.
    """
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        if not _may_install(cursor):
            return
        functions = routines.expected(cursor, _plain())
        routines.make(cursor, functions)
        routines.print_alike(cursor)
        triggers = _installed(cursor)
        cursor.execute(TABLES)
        there = {table for (table,) in cursor.fetchall()}
        for table, wanted in captured().items():
            if table in there:
                have = triggers.get(table, {})
                for name, definition in wanted.triggers().items():
                    if have.get(name) != (definition, "A"):
                        _make_trigger(cursor, f"public.{table}", name, definition)
                _note_shape(cursor, wanted, is_new=not have)
        for (table, name), definition in guards().items():
            if triggers.get(table, {}).get(name) != (definition, "A"):
                _make_trigger(cursor, f"trail.{table}", name, definition)
        for table in set(triggers) - set(captured()) - {table for table, _ in guards()}:
            for name in triggers[table]:
                cursor.execute(f'DROP TRIGGER "{name}" ON public."{table}"')
        routines.forget(cursor, functions)


def copy_whole(sender: object, plan: list[object], using: str = "default", **kwargs: object) -> None:
    """Have rows copied whole as long as migrations change their columns (receiver of ``pre_migrate``).

    Functions are replaced and no trigger is, since that would wait for everybody who writes. ``install`` ends it.
    """
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        if plan and _may_install(cursor):
            have = routines.installed(cursor)
            for name, sql in routines.for_updates(cursor, _plain(), whole=True).items():
                if name in have and have[name] != routines.described(sql):
                    cursor.execute(sql, None)


def _may_install(cursor: Any) -> bool:
    cursor.execute("SELECT pg_has_role('dcase_owner', 'MEMBER'), to_regclass('trail.shape') IS NOT NULL")
    return bool(cursor.fetchone() == (True, True))


def _make_trigger(cursor: Any, table: str, name: str, definition: str) -> None:
    cursor.execute(definition.replace("CREATE TRIGGER", "CREATE OR REPLACE TRIGGER", 1), None)
    # Replacing one makes it an ordinary one again.
    cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def _note_shape(cursor: Any, wanted: Captured, *, is_new: bool) -> None:
    """Log the columns where they are others than when last looked at, and then every row, as it is now.

    Adding or renaming a column rewrites rows, and no trigger sees it.
    """
    cursor.execute(
        "SELECT c.oid, (SELECT jsonb_agg(jsonb_build_array(a.attnum, a.attname, format_type(a.atttypid, a.atttypmod))"
        " ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " AND a.attname <> ALL(%s))::text, s.columns::text"
        " FROM pg_class c LEFT JOIN trail.shape s ON s.relid = c.oid WHERE c.oid = %s::regclass",
        [list(wanted.left_out), f"public.{wanted.table}"],
    )
    relid, columns, before = cursor.fetchone()
    if columns == before and not is_new:
        return
    cursor.execute(
        "INSERT INTO trail.shape (relid, name, columns) VALUES (%s, %s, %s::jsonb)"
        " ON CONFLICT (relid) DO UPDATE SET name = excluded.name, columns = excluded.columns",
        [relid, wanted.table, columns],
    )
    cursor.execute(
        "INSERT INTO trail.outbox (source, kind, subject, relid, payload, context)"
        " VALUES ('row', 'shape', %s, %s, jsonb_build_object('columns', %s::jsonb), trail.context())",
        [wanted.table, relid, columns],
    )
    cursor.execute(
        "INSERT INTO trail.outbox (source, kind, subject, relid, payload, context)"
        " SELECT 'row', 'baseline', %s || '/' || (r.printed ->> %s), %s, r.printed, trail.context()"
        f" FROM (SELECT trail.printed(to_jsonb(t), %s, %s) AS printed FROM public.{wanted.table} t OFFSET 0) r",
        [wanted.table, wanted.key, relid, *wanted.masks],
    )
