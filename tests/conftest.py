"""What every test gets: a database of its own as the application's role, an actor, and no network but loopback.

Rolled-back tests share one clone of the migrated template. Tests that commit (``transactional_db``, ``live_server``,
``django_db(transaction=True)``) get a clone each instead of a TRUNCATE, which the trail's roles and triggers refuse.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase

from dcase_audit.embedded import doctor, roles
from dcase_audit.trail.context import acting
from tests import buckets
from tests import server as server_module
from tests.buckets import S3
from tests.sealing import known, sealing, sound
from tests.server import BOTH, Server

__all__ = ["known", "sealing", "sound"]

# Playwright's synchronous API runs a loop, beside which Django would refuse its ORM.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

NEEDS = {
    "pdf": (doctor.PDF[:1], "REQUIRE_PDF"),
    "browser": (doctor.BROWSER, "REQUIRE_BROWSER"),
    "openssl": (doctor.TIME_STAMPS, "REQUIRE_OPENSSL"),
}
LOOPBACK = ("127.", "::1", "localhost")


def refuse_network(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse to look up or reach another machine (an audit hook: it sees what C code does, too)."""
    if event in {"socket.connect", "socket.sendto"}:
        host = arguments[1][0] if isinstance(arguments[1], tuple) else None
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if isinstance(host, str) and host and not host.startswith(LOOPBACK):
        raise RuntimeError(f"tests use no network but loopback: {event} {host}")


# A busy machine is no bug: examples have no deadline of their own.
hypothesis.settings.register_profile("dcase", deadline=None, print_blob=True)
hypothesis.settings.load_profile("dcase")


def pytest_configure(config: pytest.Config) -> None:
    sys.addaudithook(refuse_network)
    config.pluginmanager.register(Workers(config))


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(settings.DATA_DIR, ignore_errors=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what this machine cannot run; pytest's closing line counts it as deselected."""
    for marker, (needs, required) in NEEDS.items():
        left_out = [item for item in items if item.get_closest_marker(marker)]
        if left_out and os.environ.get(required) != "1" and doctor.missing(needs):
            config.hook.pytest_deselected(items=left_out)
            items[:] = [item for item in items if item not in left_out]


@dataclass(frozen=True)
class LeftOut:
    """A test that a worker left out; plugins expect an object with attributes, as a report is."""

    nodeid: str


class Workers:
    """Says in the closing line what the workers left out: each collects everything, and the controller nothing."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        output = getattr(self.config, "workeroutput", None)
        if output is not None:  # empty as long as nothing is said
            output["left_out"] = [*output.get("left_out", []), *(item.nodeid for item in items)]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            left_out = map(LeftOut, getattr(node, "workeroutput", {}).get("left_out", []))
            reporter.stats["deselected"] = list({*reporter.stats.get("deselected", []), *left_out})


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The tests' PostgreSQL server."""
    with server_module.running(keep=request.config.getoption("reuse_db")) as running:
        yield running


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    """The tests' S3 server."""
    with buckets.running() as running:
        yield running


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None, server: Server) -> Iterator[None]:
    """Have pytest-django create and migrate the template as the owner."""
    server.become(roles.OWNER)
    with acting("command:migrate"):
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, server: Server) -> Iterator[None]:
    """Work in clones as the application; nobody connects to the template again, so that it can always be cloned."""
    template = connection.settings_dict["NAME"]
    shared, own = f"{template}_shared", f"{template}_own"

    def clone_for_test(cls: type[TransactionTestCase]) -> None:
        server.clone(template, own)
        server.become(BOTH, database=own)

    def drop_after_test(self: TransactionTestCase) -> None:
        server.become(BOTH, database=shared)
        server.drop(own)

    connection.close()
    server.clone(template, shared)
    server.become(BOTH, database=shared)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_setup", classmethod(clone_for_test))
        patch.setattr(TransactionTestCase, "_fixture_teardown", drop_after_test)
        yield
    server.become(roles.OWNER, database=template)
    server.drop(shared)


@pytest.fixture
def database_url(server: Server, db: None) -> Callable[[str], str]:
    """Give the URL of this test's database for a true login: ``database_url("sequencer")``, for real processes."""
    return lambda role: server.url(f"dcase_{role}", connection.settings_dict["NAME"])


@pytest.fixture(autouse=True)
def actor() -> Iterator[None]:
    """Let tests write; every door of the product names its own actor, so this hides none that forgot."""
    with acting("test"):
        yield


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Drive the system's Chromium, which may speak to this machine alone."""
    switches = ("disable-gpu", "disable-quic", "no-first-run", "disable-background-networking", "disable-sync")
    more = ("no-sandbox", "disable-component-update", "disable-dev-shm-usage")
    only_loopback = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
    arguments = [*(f"--{switch}" for switch in (*switches, *more)), only_loopback]
    return {**browser_type_launch_args, "executable_path": doctor.chromium(), "args": arguments}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """See pages as somebody in Tokyo does, without animations."""
    return {
        **browser_context_args,
        "locale": "ja-JP",
        "timezone_id": "Asia/Tokyo",
        "viewport": {"width": 1280, "height": 900},
        "reduced_motion": "reduce",
    }
