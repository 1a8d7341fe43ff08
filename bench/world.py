"""A server of its own, durable as in production, and worlds of any size: clones of a migrated template."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from dcase_audit.embedded import roles
from dcase_audit.embedded.database import Database

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)
DAY = timedelta(days=1)
TEMPLATE, WORLD = roles.DATABASE, "dcase_world"


class World:
    """The database that a benchmark works in: a clone of the template, which the owner may write to by SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._owner: psycopg.Connection[Any] | None = None

    def url(self, role: str) -> str:
        """Return the URL by which ``dcase_owner``, ``dcase_app`` ... connects."""
        return urlsplit(self._database.url(role))._replace(path=f"/{WORLD}").geturl()

    def renew(self) -> None:
        """Begin again with a world in which nothing has happened."""
        from django.db import connections

        connections.close_all()
        self.close()
        with self._database.cluster.connect() as superuser:
            superuser.execute(f"DROP DATABASE IF EXISTS {WORLD} WITH (FORCE)".encode())
            superuser.execute(f"CREATE DATABASE {WORLD} TEMPLATE {TEMPLATE} OWNER {roles.OWNER}".encode())
            # A database's privileges are not copied.
            for grant in roles.database_grants(WORLD):
                superuser.execute(grant.encode())
        self._owner = psycopg.connect(self.url(roles.OWNER), autocommit=True)
        self.execute("""SELECT set_config('trail.context', '{"actor": "bench"}', false)""")

    def execute(self, statement: str, values: Any = None) -> psycopg.Cursor[Any]:
        """Run a statement as the owner."""
        assert self._owner is not None
        return self._owner.execute(statement.encode(), values)

    def one(self, query: str, values: Any = None) -> int:
        """Return the number that a query finds."""
        row = self.execute(query, values).fetchone()
        assert row is not None
        return int(row[0])

    @contextmanager
    def uncaptured(self) -> Iterator[None]:
        """Write without the trail, as the owner alone can arrange."""
        self._triggers("DISABLE")
        try:
            yield
        finally:
            self._triggers("ENABLE ALWAYS")

    def _triggers(self, turned: str) -> None:
        from dcase_audit.trail.capture import captured

        for table, wanted in captured().items():
            self.execute(f"ALTER TABLE {table} {', '.join(f'{turned} TRIGGER {name}' for name in wanted.triggers())}")

    def close(self) -> None:
        if self._owner is not None:
            self._owner.close()
            self._owner = None


@contextmanager
def server() -> Iterator[World]:
    """Start the embedded cluster in ``var/bench``, migrate a template, set Django up; yield the world to be."""
    directory = Path(os.environ.get("BENCH_DIR", ROOT / "var" / "bench"))
    directory.mkdir(parents=True, exist_ok=True)
    os.environ["DATA_DIR"] = str(directory)
    database = Database(directory)
    database.start()
    world = World(database)
    try:
        _migrate(database)
        os.environ.update(_environment(world.url(roles.APP)))
        import django

        from dcase_audit.collector import spare_what_is_loaded

        django.setup()
        spare_what_is_loaded()
        yield world
    finally:
        world.close()
        database.cluster.stop()


def _migrate(database: Database) -> None:
    """Make the template anew: what an earlier version of the product left in it is of no use."""
    with database.cluster.connect() as superuser:
        for name in (WORLD, TEMPLATE):
            superuser.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
        roles.ensure(superuser, {})
    told = _environment(database.url(roles.APP))
    told |= {"DATABASE_OWNER_URL": database.url(roles.OWNER), "DATABASE_ROLE": "owner"}
    migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(migrate, cwd=ROOT, env={**os.environ, **told}, check=True)


def _environment(url: str) -> dict[str, str]:
    return {
        "SECRET_KEY": "bench-only-" + "k" * 50,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "dcase_audit.settings",
        "CELERY_BROKER_URL": "memory://",
    }


def seed(world: World, *, cases: int, leaves: int, due: float = 0.1) -> None:
    """Begin with ``cases`` cases of ``leaves`` leaves, each with an artefact of two revisions; ``due`` end in a day.

    A case has a goal, a strategy for 50 leaves, a goal for five, and the leaves; 5 % of the artefacts support a second
    leaf. The first case is settled by the rules; what came out is copied to the others, which differ in nothing. The
    trail is not told of any of it, and of everything afterwards.
    """
    from dcase_audit.cases.status import RULES_VERSION

    world.renew()
    strategies, goals = leaves // 50, leaves // 5
    size = 1 + strategies + goals + leaves
    party = _party(world)
    kind = _kind(world)
    user = _user(world)
    values = {
        "cases": cases,
        "leaves": leaves,
        "size": size,
        "first_leaf": 1 + strategies + goals,
        "strategies": strategies,
        "goals": goals,
        "party": party,
        "kind": kind,
        "user": user,
        "now": NOW,
        "due": int(1 / due),
        "rules": RULES_VERSION,
    }
    with world.uncaptured():
        _run(world, "seed.sql", values)
        _settle_first(world, values)
    world.execute("VACUUM ANALYZE")


def _settle_first(world: World, values: dict[str, Any]) -> None:
    """Settle the first case by the rules and copy what came out to the others."""
    from django.db import connection, transaction

    from dcase_audit.trail.context import acting
    from evidence import settling, statuses

    with acting("bench"), transaction.atomic():
        settling.lock([1])
        statuses.settle_case(1, moment=NOW, cause="bench.seeded")
        settling.close([1], NOW)
    connection.close()
    _run(world, "copies.sql", values)


def _run(world: World, name: str, values: dict[str, Any]) -> None:
    """Run the statements of a file beside this one, one after the other."""
    for statement in (ROOT / "bench" / name).read_text().split(";\n"):
        if statement.strip():
            world.execute(statement, values)


def _party(world: World) -> int:
    world.execute(
        "INSERT INTO accounts_party (key, kind, name_ja, name_en, symbol, holds_ja, holds_en, since)"
        " SELECT 'department-' || n, 'department', '部署' || n, 'Department ' || n, '', '', '', '2020-01-01'"
        " FROM generate_series(1, 20) n ON CONFLICT (key) DO NOTHING"
    )
    return world.one("SELECT min(id) FROM accounts_party WHERE key LIKE 'department-%'")


def _kind(world: World) -> int:
    world.execute(
        "INSERT INTO evidence_kind (key, name_ja, name_en, for_monitors, retention, retention_from, retention_zone,"
        " retention_basis, retention_text_ja, retention_text_en) VALUES ('rule', '規則', 'Rule', false, 'P10Y',"
        " 'received', 'Asia/Tokyo', 'rule', '文書管理規程', 'Document rules') ON CONFLICT (key) DO NOTHING"
    )
    return world.one("SELECT id FROM evidence_kind WHERE key = 'rule'")


def _user(world: World) -> int:
    world.execute(
        "INSERT INTO accounts_user"
        " (username, password, kind, name_ja, name_en, email, language, is_active, is_administrator)"
        " VALUES ('bench', '!', 'person', '', '', '', 'en', true, false) ON CONFLICT (username) DO NOTHING"
    )
    return world.one("SELECT id FROM accounts_user WHERE username = 'bench'")
