"""What is due for one person: open items that somebody in this person's place must see to, and drafts left lying."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F, Q

from dcase_audit.accounts.models import Delegation, Membership, User
from dcase_audit.notices.models import OpenItem
from dcase_audit.notices.querysets import BY_URGENCY, OpenItemQuerySet
from evidence.models import Revision
from evidence.querysets import RevisionQuerySet

ORDER = BY_URGENCY
HEADS, MANAGEMENT = 1, 2


def due_for(user: User, *, at: datetime) -> OpenItemQuerySet:
    """Return the open items that are ``user``'s to see to at ``at``, the most urgent first.

    The user's own; what the user's role in the party is asked for, where nobody is named and the user may decide; what
    has escalated to the user; the same of people for whom the user stands in.
    """
    mine = Q(owner=user) | _asked(user.access.owns, user.access.approves) | _escalated(user.access.heads)
    if user.access.manages:
        mine |= Q(step__gte=MANAGEMENT)
    delegations = Delegation.objects.filter(Q(until=None) | Q(until__gt=at), deputy=user, since__lte=at)
    held = Membership.objects.in_force(at=at).filter(user__delegations_given__in=delegations)
    stands_in = held.filter(party=F("user__delegations_given__party")).values_list("user_id", "party_id", "role")
    for principal, party, role in stands_in:
        only = frozenset({party})
        mine |= Q(owner=principal, party=party)
        mine |= {
            "owner": _asked(only, frozenset()),
            "approver": _asked(frozenset(), only),
            "head": _escalated(only),
        }.get(role, Q(party=party, step__gte=MANAGEMENT))
    return due_in_departments_of(user).filter(mine).exclude(not_to=user, step__lt=MANAGEMENT)


def due_in_departments_of(user: User) -> OpenItemQuerySet:
    """Return every open item that ``user`` sees, the most urgent first."""
    return OpenItem.objects.visible_to(user).open().by_urgency().select_related("party", "owner")


def drafts_of(user: User) -> RevisionQuerySet:
    """Return revisions that ``user`` added and nobody submitted, the oldest first."""
    drafts = Revision.objects.visible_to(user).filter(submitted_at=None, created_by=user)
    return drafts.select_related("artefact").order_by("created_at", "pk")


def _asked(owns: frozenset[int], approves: frozenset[int]) -> Q:
    nobody = Q(owner=None) | Q(owner__is_active=False)
    return nobody & (Q(role="owner", party__in=owns) | Q(role="approver", party__in=approves))


def _escalated(heads: frozenset[int]) -> Q:
    return Q(step__gte=HEADS, party__in=heads)
