"""A database of its own, durable as in production, and worlds of any size written into it by the owner."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)
DAY = timedelta(days=1)
TABLES = (
    "cases_forecast, cases_statuschange, cases_nodestatus, cases_settlement, cases_settlementrequest,"
    " evidence_standing, evidence_decision, evidence_revisionfile, evidence_revision, evidence_support,"
    " evidence_artefact, cases_criterion,"
    " cases_link, cases_nodetext, cases_node, cases_edition, cases_consent, cases_case, jobs_job"
)


@contextmanager
def database() -> Iterator[psycopg.Connection[Any]]:
    """Start the embedded cluster in ``var/bench``, migrate, set Django up; yield the owner's connection."""
    from dcase_audit.embedded.database import Database

    directory = Path(os.environ.get("BENCH_DIR", ROOT / "var" / "bench"))
    directory.mkdir(parents=True, exist_ok=True)
    os.environ["DATA_DIR"] = str(directory)
    cluster = Database(directory)
    cluster.start()
    try:
        environment = {
            **os.environ,
            "SECRET_KEY": "bench-only-" + "k" * 50,
            "DATABASE_OWNER_URL": cluster.url("dcase_owner"),
            "DATABASE_URL": cluster.url("dcase_app"),
            "DJANGO_SETTINGS_MODULE": "dcase_audit.settings",
            "CELERY_BROKER_URL": "memory://",
        }
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(migrate, cwd=ROOT, env={**environment, "DATABASE_ROLE": "owner"}, check=True)
        os.environ.update(environment)
        os.environ.pop("DATABASE_OWNER_URL")
        import django

        from dcase_audit.collector import spare_what_is_loaded

        django.setup()
        spare_what_is_loaded()
        with psycopg.connect(cluster.url("dcase_owner"), autocommit=True) as owner:
            yield owner
    finally:
        cluster.cluster.stop()


def empty(owner: psycopg.Connection[Any]) -> None:
    """Remove every world."""
    owner.execute(f"TRUNCATE {TABLES} CASCADE")


def seed(owner: psycopg.Connection[Any], *, cases: int, leaves: int, due: float = 0.1) -> None:
    """Write ``cases`` cases of ``leaves`` leaves, each with an artefact of two revisions; ``due`` end within a day.

    A case has a goal, a strategy for 50 leaves, a goal for five, and the leaves; 5 % of the artefacts support a second
    leaf. The first case is settled by the rules; what came out is copied to the others, which differ in nothing.
    """
    from dcase_audit.cases.status import RULES_VERSION

    empty(owner)
    strategies, goals = leaves // 50, leaves // 5
    size = 1 + strategies + goals + leaves
    party = _party(owner)
    kind = _kind(owner)
    user = _user(owner)
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
    _run(owner, "seed.sql", values)
    _settle_first(owner, values)
    owner.execute("VACUUM ANALYZE")


def _settle_first(owner: psycopg.Connection[Any], values: dict[str, Any]) -> None:
    """Settle the first case by the rules and copy what came out to the others."""
    from django.db import connection, transaction

    from dcase_audit.trail.context import acting
    from evidence import settling, statuses

    with acting("bench"), transaction.atomic():
        settling.lock([1])
        statuses.settle_case(1, moment=NOW, cause="bench.seeded")
        settling.close([1], NOW)
    connection.close()
    _run(owner, "copies.sql", values)


def _run(owner: psycopg.Connection[Any], name: str, values: dict[str, Any]) -> None:
    """Run the statements of a file beside this one, one after the other."""
    for statement in (ROOT / "bench" / name).read_text().split(";\n"):
        if statement.strip():
            owner.execute(statement, values)


def _party(owner: psycopg.Connection[Any]) -> int:
    owner.execute(
        "INSERT INTO accounts_party (key, kind, name_ja, name_en, symbol, holds_ja, holds_en, since)"
        " SELECT 'department-' || n, 'department', '部署' || n, 'Department ' || n, '', '', '', '2020-01-01'"
        " FROM generate_series(1, 20) n ON CONFLICT (key) DO NOTHING"
    )
    return _one(owner, "SELECT min(id) FROM accounts_party WHERE key LIKE 'department-%'")


def _kind(owner: psycopg.Connection[Any]) -> int:
    owner.execute(
        "INSERT INTO evidence_kind (key, name_ja, name_en, for_monitors, retention, retention_basis)"
        " VALUES ('rule', '規則', 'Rule', false, 'P10Y', '') ON CONFLICT (key) DO NOTHING"
    )
    return _one(owner, "SELECT id FROM evidence_kind WHERE key = 'rule'")


def _user(owner: psycopg.Connection[Any]) -> int:
    owner.execute(
        "INSERT INTO accounts_user"
        " (username, password, kind, name_ja, name_en, email, language, is_active, is_administrator)"
        " VALUES ('bench', '!', 'person', '', '', '', 'en', true, false) ON CONFLICT (username) DO NOTHING"
    )
    return _one(owner, "SELECT id FROM accounts_user WHERE username = 'bench'")


def _one(owner: psycopg.Connection[Any], query: str) -> int:
    row = owner.execute(query).fetchone()
    assert row is not None
    return int(row[0])
