"""What one user may do at this moment, as a plain value that the rules of ``permissions`` read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q

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


def access_of(user: User, *, at: datetime | None = None) -> Access:
    """Read what holds at ``at`` (default: now), in two queries: the roles of the user, those that others delegated to

    the user in a party, and the engagements.
    """
    at = at or clock.now()
    if not user.is_active:
        return NOBODY
    held: dict[str, set[int]] = {"owner": set(), "approver": set(), "head": set(), "management": set()}
    for role, party_id in _roles(user, at):
        held[role].add(party_id)
    audits = user.engagements.in_force(at=at).values_list("case_slug", flat=True)
    return Access(
        user_id=user.pk,
        is_administrator=user.is_administrator,
        owns=frozenset(held["owner"]),
        approves=frozenset(held["approver"]),
        heads=frozenset(held["head"]),
        manages=frozenset(held["management"]),
        audits=frozenset(audits),
    )


def _roles(user: User, at: datetime) -> Iterable[tuple[str, int]]:
    """Return the roles held at ``at``, and those of whoever delegated to the user in the party where they are held.

    A deputy's deputy gets nothing: only who holds a role delegates it.
    """
    from dcase_audit.accounts.models import Delegation, Membership

    given = Delegation.objects.filter(deputy=user, principal=OuterRef("user"), party=OuterRef("party"))
    given = given.filter(Q(until=None) | Q(until__gt=at), since__lte=at)
    held = Membership.objects.in_force(at=at).filter(Q(user=user) | Exists(given))
    return held.values_list("role", "party_id")
