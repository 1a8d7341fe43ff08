"""What each database role may do, said once: grants are made from it and the start-up check compares with it.

``post_migrate`` makes them, since default privileges would miss the tables that sort before this app's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connections, transaction

FULL = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
APPEND_ONLY = frozenset({"SELECT", "INSERT"})
READ_ONLY = frozenset({"SELECT"})

FRAMEWORK = {
    "django_migrations": READ_ONLY,
    "django_content_type": READ_ONLY,
    "auth_permission": READ_ONLY,
    "django_admin_log": APPEND_ONLY,
}


def expected() -> dict[str, frozenset[str]]:
    """Return the privileges of ``dcase_app`` on every table that a model or the framework has.

    A model is append-only when its class says ``append_only = True``.
    """
    tables = {
        model._meta.db_table: APPEND_ONLY if getattr(model, "append_only", False) else FULL
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed
    }
    return tables | FRAMEWORK


@dataclass(frozen=True)
class May:
    """What a login may do with a table: with all of it, and with at least one of its columns."""

    throughout: frozenset[str]
    anywhere: frozenset[str]


def effective(cursor: Any) -> dict[str, May]:
    """Return what the connected role may do with each table of schema public, by whatever grant or membership."""
    cursor.execute(
        """
        SELECT c.relname, array_agg(p.name) FILTER (WHERE has_table_privilege(c.oid, p.name)),
               array_agg(p.name) FILTER (WHERE has_table_privilege(c.oid, p.name)
                                         OR p.of_columns AND has_any_column_privilege(c.oid, p.name))
        FROM pg_class c, (VALUES ('SELECT', true), ('INSERT', true), ('UPDATE', true), ('REFERENCES', true),
                                 ('DELETE', false), ('TRUNCATE', false), ('TRIGGER', false)) p (name, of_columns)
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') GROUP BY c.relname
        """
    )
    return {name: May(frozenset(whole or ()), frozenset(some or ())) for name, whole, some in cursor.fetchall()}


def apply(sender: object, using: str = "default", **kwargs: object) -> None:
    """Grant what differs. Only the owner can; any other role has nothing to do here (receiver of ``post_migrate``)."""
    connection = connections[using]
    with transaction.atomic(using=using), connection.cursor() as cursor:
        cursor.execute("SELECT pg_has_role('dcase_owner', 'MEMBER'), current_database()")
        is_owner, database = cursor.fetchone()
        if not is_owner:
            return
        cursor.execute(f"REVOKE TEMP ON DATABASE {connection.ops.quote_name(database)} FROM PUBLIC")
        have, want = _granted(cursor), expected()
        for table in sorted(want.keys() & have.keys()):
            name = connection.ops.quote_name(table)
            if have[table] != {("dcase_app", privilege) for privilege in want[table]}:
                # Revoking from the table revokes from its columns, too.
                cursor.execute(f"REVOKE ALL ON {name} FROM PUBLIC, dcase_app")
                cursor.execute(f"GRANT {', '.join(sorted(want[table]))} ON {name} TO dcase_app")
            cursor.execute(f"GRANT SELECT ON {name} TO dcase_reader")


def _granted(cursor: Any) -> dict[str, set[tuple[str, str]]]:
    """Return what ``dcase_app`` and everybody (``-``) were granted on each table; of columns, marked as such."""
    cursor.execute(
        """
        SELECT c.relname, g.grantee, g.privilege
        FROM pg_class c LEFT JOIN LATERAL (
            SELECT grantee::regrole::text AS grantee, privilege_type AS privilege FROM aclexplode(c.relacl)
            UNION ALL
            SELECT x.grantee::regrole::text, a.attname || ': ' || x.privilege_type
            FROM pg_attribute a, aclexplode(a.attacl) x WHERE a.attrelid = c.oid
        ) g ON g.grantee IN ('-', 'dcase_app')
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
        """
    )
    found: dict[str, set[tuple[str, str]]] = {}
    for table, grantee, privilege in cursor.fetchall():
        found.setdefault(table, set()).update({(grantee, privilege)} if grantee else ())
    return found
