"""Bearer tokens: looked up by their SHA-256, so that neither the database nor a timing tells one."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from dcase_audit import clock
from dcase_audit.accounts import throttle
from dcase_audit.accounts.access import NOBODY, Access, access_of
from dcase_audit.accounts.models import ApiToken, Party, User
from dcase_audit.trail.context import UNCAPTURED
from dcase_audit.trail.events import record

SECRET = re.compile(rb"dca_[A-Za-z0-9_-]{43}")
PREFIX_LENGTH = 12
EVERY = timedelta(minutes=1)
# ``ApiTokenQuerySet.valid``, put into words once, and with the lookup the rate: see ``throttle``.
FOUND = """
{uncaptured} WITH valid AS (
  SELECT t.id FROM accounts_apitoken t JOIN accounts_user u ON u.id = t.user_id
  WHERE t.sha256 = %(sha256)s AND t.revoked_at IS NULL AND t.expires_at > %(at)s AND u.is_active
), paid AS ({take})
SELECT {tokens}, {users}, n.used_at, {wait}
FROM valid JOIN accounts_apitoken t ON t.id = valid.id JOIN accounts_user u ON u.id = t.user_id
LEFT JOIN accounts_tokenuse n ON n.token_id = t.id
LEFT JOIN accounts_tokenrate r ON r.token_id = t.id LEFT JOIN paid ON paid.token_id = t.id
"""


def issue(
    *,
    user: User,
    name: str,
    scopes: list[str],
    expires_at: datetime,
    department: Party | None = None,
    created_by: User | None = None,
    secret: str | None = None,
) -> tuple[ApiToken, str]:
    """Make a token; return it with its secret, which is shown once and never stored."""
    secret = secret or f"dca_{secrets.token_urlsafe(32)}"
    token = ApiToken.objects.create(
        user=user,
        name=name,
        prefix=secret[:PREFIX_LENGTH],
        sha256=digest(secret.encode()),
        scopes=scopes,
        department=department,
        created_by=created_by,
        expires_at=expires_at,
    )
    return token, secret


def revoke(token: ApiToken) -> None:
    """End a token, whose row is locked, from now on; one that was revoked before stays as it is."""
    if token.revoked_at is None:
        token.revoked_at = datetime.now(UTC)
        token.save(update_fields=["revoked_at"])
        record("token.revoked", f"token:{token.prefix}")


def digest(secret: bytes) -> str:
    return hashlib.sha256(secret).hexdigest()


class TokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer TOKEN``. A wrong, expired or revoked token is a 401, whatever is wrong with it."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Return the account and the token; None without the header; sets the account's ``access`` to the token's."""
        parts = get_authorization_header(request).split()
        if not parts:
            return None
        if len(parts) != 2 or parts[0].lower() != b"bearer" or not SECRET.fullmatch(parts[1]):
            raise AuthenticationFailed("the Authorization header holds no bearer token of this service")
        now = datetime.now(UTC)
        found = find(digest(parts[1]), now)
        if found is None:
            raise AuthenticationFailed("the token is unknown, expired or revoked")
        token = found.token
        token.user.__dict__["_access"] = token_access(token)
        request._request.api_token = token  # type: ignore[attr-defined]
        request._request.api_token_waits = found.waits  # type: ignore[attr-defined]
        if found.used_at is None or found.used_at <= now - EVERY:
            touch(token, at=now)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="dcase-audit"'


def token_access(token: ApiToken) -> Access:
    """Return the account's rights narrowed to the token: its scopes, and its department where it names one.

    A machine holds no roles, whatever memberships its account was given: it serves the token's department. A person's
    token of a department opens of the audited cases those that the person audits for it. No token configures.
    """
    only = frozenset({token.department_id} if token.department_id else ())
    if token.user.kind == User.Kind.MACHINE:
        active = token.user.is_active
        return Access(user_id=token.user_id, serves=only, scopes=frozenset(token.scopes)) if active else NOBODY
    access = replace(access_of(token.user), scopes=frozenset(token.scopes), is_administrator=False)
    if not only:
        return access
    return replace(
        access,
        owns=access.owns & only,
        approves=access.approves & only,
        heads=access.heads & only,
        manages=access.manages & only,
        audits=access.audits and _audited_for(token),
    )


def _audited_for(token: ApiToken) -> frozenset[str]:
    """Return the cases that the person audits for the institution that is the token's department."""
    held = token.user.engagements.in_force(at=clock.now()).filter(institution=token.department_id)
    return frozenset(held.values_list("case_slug", flat=True))


def touch(token: ApiToken, *, at: datetime) -> None:
    """Record the use, at most once a minute, whoever else does at the same time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_tokenuse (token_id, used_at) VALUES (%s, %s) ON CONFLICT (token_id)"
            " DO UPDATE SET used_at = excluded.used_at WHERE accounts_tokenuse.used_at <= %s",
            [token.pk, at, at - EVERY],
        )


class Found(NamedTuple):
    """A valid token with its account; ``waits``: seconds until it may ask again, 0 where it may now."""

    token: ApiToken
    used_at: datetime | None
    waits: float


def find(sha256: str, at: datetime) -> Found | None:
    """Return what is known of the valid token and count the request; None without one. Every request asks this."""
    tokens, users = (tuple(field.attname for field in model._meta.concrete_fields) for model in (ApiToken, User))
    limit = throttle.limit()
    asked = FOUND.format(
        uncaptured=UNCAPTURED,
        tokens=_columns("t", tokens),
        users=_columns("u", users),
        take=throttle.TAKE if limit else throttle.TAKE_NOTHING,
        wait=throttle.WAIT if limit else "0",
    )
    with connection.cursor() as cursor:
        cursor.execute(asked, {"sha256": sha256, "at": at, **limit})
        row = cursor.fetchone()
    if row is None:
        return None
    token = ApiToken.from_db(connection.alias, tokens, row[: len(tokens)])
    token.user = User.from_db(connection.alias, users, row[len(tokens) : -2])
    return Found(token, *row[-2:])


def _columns(alias: str, names: tuple[str, ...]) -> str:
    return ", ".join(f"{alias}.{name}" for name in names)


def authenticated(request: Any) -> User:
    """Return the user of a request that has passed the permission classes (for the type checker's sake)."""
    user = request.user
    assert isinstance(user, User)
    return user
