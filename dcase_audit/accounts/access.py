"""What one user may do at this moment, as a plain value that the rules of ``permissions`` read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import connection

from dcase_audit import clock

if TYPE_CHECKING:
    from dcase_audit.accounts.models import User


@dataclass(frozen=True)
class Access:
    """Ids of parties by the role held there, slugs of the cases audited, and the scopes of the token shown.

    ``scopes`` is None where a person came by a session: a session has every scope.
    """

    user_id: int | None = None
    is_administrator: bool = False
    owns: frozenset[int] = frozenset()
    approves: frozenset[int] = frozenset()
    heads: frozenset[int] = frozenset()
    manages: frozenset[int] = frozenset()
    audits: frozenset[str] = frozenset()
    serves: frozenset[int] = frozenset()
    scopes: frozenset[str] | None = field(default=None)

    @property
    def departments(self) -> frozenset[int]:
        """Parties whose evidence is this user's own department's (a machine's department included)."""
        return self.owns | self.approves | self.heads | self.serves

    @property
    def parties(self) -> frozenset[int]:
        """Parties through which cases are seen: the departments, and those the user manages."""
        return self.departments | self.manages

    @property
    def is_member(self) -> bool:
        return bool(self.departments)

    def has_scope(self, scope: str) -> bool:
        """Tell whether a token's scopes, where there is a token, hold ``scope``."""
        return self.scopes is None or scope in self.scopes


NOBODY = Access(scopes=frozenset())
AUDITS = "audits"
# Asked by every request. As querysets the same takes twenty times as long to put into words as to answer.
HELD = """
SELECT m.role, m.party_id, NULL AS case_slug FROM accounts_membership m
WHERE m.since <= %(at)s AND (m.until IS NULL OR m.until > %(at)s) AND (m.user_id = %(user)s OR EXISTS (
    SELECT FROM accounts_delegation d
    WHERE d.deputy_id = %(user)s AND d.principal_id = m.user_id AND d.party_id = m.party_id
    AND d.since <= %(at)s AND (d.until IS NULL OR d.until > %(at)s)))
UNION ALL
SELECT 'audits', NULL, e.case_slug FROM accounts_engagement e
WHERE e.user_id = %(user)s AND e.since <= %(at)s AND e.until > %(at)s
"""


def access_of(user: User, *, at: datetime | None = None) -> Access:
    """Read what holds at ``at`` (default: now), in one query: the roles of the user, those that others delegated to

    the user in a party, and the engagements. A deputy's deputy gets nothing: only who holds a role delegates it.
    """
    if not user.is_active:
        return NOBODY
    with connection.cursor() as cursor:
        cursor.execute(HELD, {"user": user.pk, "at": at or clock.now()})
        held = cursor.fetchall()

    def parties(role: str) -> frozenset[int]:
        return frozenset(party for name, party, _ in held if name == role)

    return Access(
        user_id=user.pk,
        is_administrator=user.is_administrator,
        owns=parties("owner"),
        approves=parties("approver"),
        heads=parties("head"),
        manages=parties("management"),
        audits=frozenset(slug for name, _, slug in held if name == AUDITS),
    )
