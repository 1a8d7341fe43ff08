"""The demo as a fixture: told once a session, and a fresh copy of it for each test that asks for ``demo_case``.

The domain's clock stands at ``DEMO_NOW`` in such a test, in every thread. The test commits in its own copy, so that a
``live_server`` and other connections see what it does.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.conf import settings
from django.db import connection

from dcase_audit import clock
from dcase_audit.accounts.models import User
from dcase_audit.cases.models import Case, Node
from dcase_audit.demo import services
from dcase_audit.trail.context import acting
from tests.server import BOTH, Server

DEMO_NOW = datetime.fromisoformat("2026-11-20T15:00:00+09:00")
PASSWORD = "demo-password-for-tests"
TOKEN = "dca_" + "demo-token-for-tests".ljust(43, "-")


class DemoCase(NamedTuple):
    """The reference case after its made-up year, and how to get in."""

    case: Case
    now: datetime
    password: str
    token: str

    def person(self, username: str) -> User:
        """Return one of the demo's people: olga, ken, hana, bo, nao, ryo, miki, rin, admin; or the collector."""
        person: User = User.objects.get(username=username)
        return person

    def node(self, key: str) -> Node:
        return self.case.nodes.get(key=key)


def tell(server: Server, name: str, now: datetime) -> None:
    """Tell the demo that ends at ``now`` in the new database ``name``; the caller may reach databases."""
    previous = connection.settings_dict["NAME"]
    server.clone(template(), name)
    server.become(BOTH, database=name)
    try:
        with acting("test"):
            services.fill(now=now, password=PASSWORD, token=TOKEN)
    finally:
        server.become(BOTH, database=previous)


def template() -> str:
    """Return the database that ``tests/conftest.py`` clones for its tests."""
    name: str = connection.settings_dict["NAME"]
    for copy in ("_shared", "_own", "_demo_copy"):
        name = name.removesuffix(copy)
    return name


@pytest.fixture(scope="session")
def demo_database(django_db_setup: None, django_db_blocker: Any, server: Server) -> Iterator[str]:
    """Give the name of a database in which the demo was told at ``DEMO_NOW``; nobody works in it."""
    name = f"{template()}_demo"
    # Several folders may import this fixture; the first one to ask tells the demo for all.
    mine = name not in _told
    if mine:
        with django_db_blocker.unblock():
            tell(server, name, DEMO_NOW)
        _told.add(name)
    yield name
    if mine:
        _told.remove(name)
        server.drop(name)


_told: set[str] = set()


@pytest.fixture
def demo_case(demo_database: str, transactional_db: None, server: Server) -> Iterator[DemoCase]:
    """Work in a copy of the demo at ``DEMO_NOW``."""
    # The middleware of static files warns where nothing was collected.
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    previous, copy = connection.settings_dict["NAME"], f"{template()}_demo_copy"
    server.clone(demo_database, copy)
    server.become(BOTH, database=copy)
    # For every thread, those of a live server too.
    clock.fix(DEMO_NOW)
    try:
        yield DemoCase(Case.objects.get(is_demo=True), DEMO_NOW, PASSWORD, TOKEN)
    finally:
        clock.fix(None)
        server.become(BOTH, database=previous)
        server.drop(copy)
