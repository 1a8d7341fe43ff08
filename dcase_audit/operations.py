"""For those who run it: alive, ready, and the numbers. None of these asks for the broker, whose absence only delays."""

from __future__ import annotations

import time
from collections.abc import Callable
from ipaddress import ip_address

from django.core import checks
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dcase_audit import metrics
from dcase_audit.accounts import permissions
from dcase_audit.accounts.models import User
from dcase_audit.errors import AuditError, NotFound
from evidence.storage import object_store

OK = "ok"
HOLD = 5.0
FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP")

_held: dict[str, tuple[float, str]] = {}


@never_cache
@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """Say that the process answers; nothing else is asked."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether requests can be served: each part with ``ok`` or what is wrong with it (503)."""
    parts = {name: _said(part) for name, part in PARTS.items()}
    ready = all(said == OK for said in parts.values())
    return JsonResponse(
        {"ready": ready, **parts}, status=200 if ready else 503, headers={} if ready else {"Retry-After": "5"}
    )


@never_cache
@require_safe
def metrics_page(request: HttpRequest) -> HttpResponse:
    """Give the numbers to this machine and to administrators; nobody else learns that they are here."""
    user = request.user
    configures = isinstance(user, User) and permissions.may_configure(user.access)
    if not (_is_local(request) or configures):
        raise NotFound("There is nothing at this address.")
    return HttpResponse(metrics.text(), content_type="text/plain; version=0.0.4; charset=utf-8")


def _is_local(request: HttpRequest) -> bool:
    """Tell whether the peer is this machine itself, and not a proxy on it that passes somebody on."""
    try:
        local = ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
    return local and not any(header in request.META for header in FORWARDED)


def _said(part: Callable[[], str]) -> str:
    try:
        return part()
    except DatabaseError:
        return "the database does not answer"
    except AuditError as refusal:
        return refusal.title


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return OK


def _migrations() -> str:
    return _hold("migrations", _unapplied, for_good=True)


def _unapplied() -> str:
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(waiting)} migrations are not applied" if waiting else OK


def _login() -> str:
    return _hold("login", _database_checks)


def _database_checks() -> str:
    found = checks.run_checks(tags=[checks.Tags.database], databases=["default"])
    return "; ".join(message.msg for message in found if message.is_serious() and not message.is_silenced()) or OK


def _objects() -> str:
    return _hold("objects", _object_store)


def _object_store() -> str:
    # A store that is slow to say no is not asked again by everybody.
    try:
        object_store().check_ready()
    except AuditError as refusal:
        return refusal.title
    return OK


def _hold(name: str, ask: Callable[[], str], *, for_good: bool = False) -> str:
    """Return what was said in the last seconds; ``for_good``: once it is in order it stays so for this process."""
    asked_at, said = _held.get(name, (float("-inf"), ""))
    if not (for_good and said == OK) and time.monotonic() - asked_at > HOLD:
        said = ask()
        _held[name] = (time.monotonic(), said)
    return said


PARTS: dict[str, Callable[[], str]] = {
    "database": _database,
    "migrations": _migrations,
    "login": _login,
    "objects": _objects,
}
