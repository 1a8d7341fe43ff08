"""What one user may do at this moment, as a plain value that the rules of ``permissions`` read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Q

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
    """Read the memberships and engagements in force at ``at`` (default: now), and the roles that people delegated to

    the user in a party for that time: three queries.
    """
    at = at or clock.now()
    if not user.is_active:
        return NOBODY
    held: dict[str, set[int]] = {"owner": set(), "approver": set(), "head": set(), "management": set()}
    for role, party_id in user.memberships.in_force(at=at).values_list("role", "party_id"):
        held[role].add(party_id)
    for role, party_id in _delegated(user, at):
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


def _delegated(user: User, at: datetime) -> Iterable[tuple[str, int]]:
    """Return the roles that others hold at ``at`` in the parties for which they delegated to the user."""
    from dcase_audit.accounts.models import Membership

    open_ = Q(until=None) | Q(until__gt=at)
    for principal, party in user.delegations_taken.filter(open_, since__lte=at).values_list("principal", "party"):
        held = Membership.objects.in_force(at=at).filter(user=principal, party=party)
        yield from held.values_list("role", "party_id")
