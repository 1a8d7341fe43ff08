from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from dcase_audit.accounts.models import ApiToken, Engagement, Membership, User


class UserQuerySet(models.QuerySet["User"]):
    """Questions about people."""

    def people(self) -> Self:
        """Keep people who may log in."""
        return self.filter(kind="person", is_active=True)

    def holding(self, role: str, party_id: int, *, at: datetime) -> Self:
        """Keep active people who hold ``role`` in the party at ``at``."""
        held = Q(memberships__role=role, memberships__party_id=party_id, memberships__since__lte=at)
        open_ = Q(memberships__until__isnull=True) | Q(memberships__until__gt=at)
        return self.people().filter(held & open_).distinct()

    def members_of(self, party_ids: Iterable[int], *, at: datetime) -> Self:
        """Keep active people who hold any role in one of the parties at ``at``."""
        held = Q(memberships__party__in=list(party_ids), memberships__since__lte=at)
        open_ = Q(memberships__until__isnull=True) | Q(memberships__until__gt=at)
        return self.people().filter(held & open_).distinct()


class MembershipQuerySet(models.QuerySet["Membership"]):
    def in_force(self, *, at: datetime) -> Self:
        """Keep memberships that hold at ``at`` (end excluded)."""
        return self.filter(since__lte=at).filter(Q(until__isnull=True) | Q(until__gt=at))


class EngagementQuerySet(models.QuerySet["Engagement"]):
    def in_force(self, *, at: datetime) -> Self:
        """Keep engagements that hold at ``at`` (end excluded)."""
        return self.filter(since__lte=at, until__gt=at)


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def valid(self, *, at: datetime) -> Self:
        """Keep tokens that are neither revoked nor expired and whose account is active."""
        return self.filter(revoked_at__isnull=True, expires_at__gt=at, user__is_active=True)
