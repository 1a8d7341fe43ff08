"""The tests' PostgreSQL: a cluster of their own, a migrated template, and a clone of it to work in (ADR 0002).

``TEST_DATABASE_URL``, a superuser's URL, names another server; it must be one for tests alone.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg
from django.db import connection
from environ import Env

from dcase_audit.embedded import environment_file, roles
from dcase_audit.embedded.cluster import Cluster
from dcase_audit.embedded.locks import Lock

ROOT = Path(__file__).resolve().parents[1]
MEMORY = Path("/dev/shm")
ENOUGH = 1 << 30
# May be the application or the sequencer, so that one transaction that is rolled back can show both at work.
BOTH = "dcase_test"
LOGINS = (*roles.ROLES, BOTH)


@dataclass(frozen=True)
class Server:
    """A server where tests may do as they please."""

    superuser_url: str
    passwords: dict[str, str]

    def url(self, role: str, database: str) -> str:
        """Return the URL by which ``role`` (``dcase_app`` ...) connects to ``database``."""
        parts = urlsplit(self.superuser_url)
        where = parts.netloc.rpartition("@")[2]
        return parts._replace(netloc=f"{role}:{quote(self.passwords[role])}@{where}", path=f"/{database}").geturl()

    def prepare(self) -> None:
        """Make the product's roles, with what tests need on top."""
        with psycopg.connect(self.superuser_url, autocommit=True) as superuser:
            found = superuser.execute("SELECT 1 FROM pg_database WHERE datname = %s", [roles.DATABASE]).fetchone()
            if found:
                raise RuntimeError("TEST_DATABASE_URL names a server that holds the product's database")
            # Workers that share a server take turns.
            superuser.execute("SELECT pg_advisory_lock(1)")
            roles.ensure_roles(superuser, self.passwords)
            # FORCE ends backends of the application's, which takes pg_signal_backend.
            superuser.execute(f"ALTER ROLE {roles.OWNER} CREATEDB".encode())
            superuser.execute(f"GRANT pg_signal_backend TO {roles.OWNER}".encode())
            superuser.execute(f"ALTER ROLE {BOTH} NOINHERIT".encode())
            superuser.execute(f"GRANT {roles.APP}, {roles.SEQUENCER} TO {BOTH}".encode())

    def become(self, login: str, *, database: str | None = None) -> None:
        """Connect Django as ``login``, to ``database`` if it is another; ``dcase_test`` acts as the application."""
        connection.close()
        known = connection.settings_dict
        wanted = Env.db_url_config(self.url(login, database or known["NAME"]))
        options = {**known["OPTIONS"], **wanted.pop("OPTIONS", {})}
        options.pop("assume_role", None)
        if login == BOTH:
            options["assume_role"] = roles.APP
        wanted["HOST"] = options.pop("host", wanted["HOST"])
        # The one dictionary is every thread's.
        known.update({**wanted, "ENGINE": known["ENGINE"], "OPTIONS": options})

    def clone(self, template: str, copy: str) -> None:
        """Make ``copy`` a fresh copy of ``template``, to which nobody may be connected."""
        with self._owner() as owner:
            owner.execute(f'DROP DATABASE IF EXISTS "{copy}" WITH (FORCE)'.encode())
            owner.execute(f'CREATE DATABASE "{copy}" TEMPLATE "{template}"'.encode())
            # A database's privileges are not copied.
            owner.execute(f'REVOKE TEMP ON DATABASE "{copy}" FROM PUBLIC'.encode())

    def drop(self, database: str) -> None:
        """Drop ``database`` with whoever is connected to it."""
        with self._owner() as owner:
            owner.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)'.encode())

    def _owner(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.url(roles.OWNER, "postgres"), autocommit=True)


@contextmanager
def running(*, keep: bool) -> Iterator[Server]:
    """Run the tests' server for the length of the block; ``keep`` leaves its files for the next run."""
    if named := os.environ.get("TEST_DATABASE_URL"):
        # Workers that share a server agree on the passwords without asking each other.
        server = Server(named, {role: hashlib.sha256(f"{role} {named}".encode()).hexdigest() for role in LOGINS})
        server.prepare()
        yield server
        return
    passwords = {role: secrets.token_urlsafe(16) for role in LOGINS}
    with _slot() as home:
        password = environment_file.load(home)["POSTGRES_PASSWORD"]
        cluster = Cluster(home / "pg", password, throw_away=True)
        cluster.start(alone=True)
        try:
            server = Server(cluster.url("postgres", password, "postgres"), passwords)
            server.prepare()
            yield server
        finally:
            cluster.stop()
        if not keep:
            shutil.rmtree(home)


@contextmanager
def _slot() -> Iterator[Path]:
    """Give a directory that no other test run of this checkout is using, in memory where there is enough."""
    checkout = hashlib.sha256(os.fsencode(ROOT)).hexdigest()[:8]
    roomy = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ENOUGH
    base = MEMORY / f"dcase-test-{os.geteuid()}-{checkout}" if roomy else ROOT / "var" / "pgtest"
    for number in range(16):
        lock = Lock(base / f"{number}.lock")
        if lock.acquire(wait=False):
            try:
                yield base / str(number)
            finally:
                lock.release()
            return
    raise RuntimeError(f"16 test runs are using {base}")


@contextmanager
def sequencing() -> Iterator[None]:
    """Act as the sequencer on Django's connection, inside whatever transaction is open."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {roles.SEQUENCER}")
        try:
            yield
        finally:
            cursor.execute(f"SET ROLE {roles.APP}")
