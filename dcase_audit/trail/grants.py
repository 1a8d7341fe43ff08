"""What each database role may do, said once: grants are made from it and the start-up check compares with it.

``post_migrate`` makes them, since default privileges would miss the tables that sort before this app's.
"""

from __future__ import annotations

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


def actual(cursor: Any) -> dict[str, frozenset[str]]:
    """Return the privileges that ``dcase_app`` has on each table of the public schema."""
    cursor.execute(
        """
        SELECT c.relname, array_remove(array_agg(a.privilege_type::text), NULL)
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
        LEFT JOIN LATERAL aclexplode(c.relacl) a ON a.grantee = 'dcase_app'::regrole
        WHERE c.relkind IN ('r', 'p')
        GROUP BY c.relname
        """
    )
    return {table: frozenset(privileges) for table, privileges in cursor.fetchall()}


def apply(sender: object, using: str = "default", **kwargs: object) -> None:
    """Grant what differs. Only the owner can; any other role has nothing to do here (receiver of ``post_migrate``)."""
    connection = connections[using]
    with transaction.atomic(using=using), connection.cursor() as cursor:
        cursor.execute("SELECT current_user = 'dcase_owner' OR pg_has_role(current_user, 'dcase_owner', 'MEMBER')")
        if not cursor.fetchone()[0]:
            return
        cursor.execute("SELECT current_database()")
        database = connection.ops.quote_name(cursor.fetchone()[0])
        cursor.execute(f"REVOKE TEMP ON DATABASE {database} FROM PUBLIC")
        have, want = actual(cursor), expected()
        for table, privileges in sorted(want.items()):
            if table not in have:
                continue
            name = connection.ops.quote_name(table)
            if have[table] != privileges:
                cursor.execute(f"REVOKE ALL ON {name} FROM dcase_app")
                cursor.execute(f"GRANT {', '.join(sorted(privileges))} ON {name} TO dcase_app")
            cursor.execute(f"GRANT SELECT ON {name} TO dcase_reader")
