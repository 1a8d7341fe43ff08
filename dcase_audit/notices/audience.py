"""Who is told about an item at each step: people in their roles and the deputies who stand in for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q

from dcase_audit.accounts.models import Delegation, Membership, Party, User
from dcase_audit.notices.ladder import HEADS, MANAGEMENT, OWNER
from dcase_audit.notices.models import OpenItem


@dataclass(frozen=True)
class Roster:
    """Who holds which role where, and who stands in for whom, at one moment.

    ``heirs`` names the party that a closed or merged one has become; what is left to it is the heir's.
    """

    heirs: dict[int, int]
    members: dict[tuple[int, str], list[User]]
    management: list[tuple[User, int]]
    deputies: dict[tuple[int, int], list[User]]

    def audience(self, item: OpenItem, step: int) -> list[User]:
        """Return the active people of the step, each with whoever stands in for them; nobody twice."""
        if step == MANAGEMENT:
            led = [self._reach([person], {party_id, item.party_id}) for person, party_id in self.management]
            return _each_once(person for people in led for person in people)
        party_id = self.heir(item.party_id)
        parties = {party_id, item.party_id}
        found: list[User] = []
        if step == OWNER and item.owner is not None:
            found = self._reach([item.owner], parties)
        if not found:
            role = Membership.Role.HEAD.value if step == HEADS else item.role
            found = self._reach(self.members.get((party_id, role), []), parties)
        return [person for person in found if person.pk != item.not_to_id]

    def heir(self, party_id: int) -> int:
        """Return the party that answers today for what ``party_id`` held."""
        return _last_heir(party_id, self.heirs)

    def _reach(self, principals: Iterable[User], party_ids: set[int]) -> list[User]:
        found: dict[int, User] = {}
        waiting = list(principals)
        while waiting:
            person = waiting.pop()
            if person.pk not in found:
                found[person.pk] = person
                for party_id in party_ids:
                    waiting += self.deputies.get((person.pk, party_id), [])
        return _each_once(person for person in found.values() if may_be_told(person))


def read(items: Iterable[OpenItem], *, at: datetime) -> Roster:
    """Read the roster for ``items`` at ``at``, in three queries."""
    day = at.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    closed = Party.objects.filter(successor__isnull=False, until__lte=day)
    heirs: dict[int, int] = dict(closed.values_list("pk", "successor_id"))
    named = {item.party_id for item in items}
    named |= {_last_heir(party_id, heirs) for party_id in named}
    memberships = Membership.objects.in_force(at=at).filter(Q(party__in=named) | Q(role=Membership.Role.MANAGEMENT))
    members: dict[tuple[int, str], list[User]] = defaultdict(list)
    management: list[tuple[User, int]] = []
    for membership in memberships.select_related("user"):
        members[membership.party_id, membership.role].append(membership.user)
        if membership.role == Membership.Role.MANAGEMENT:
            management.append((membership.user, membership.party_id))
    deputies: dict[tuple[int, int], list[User]] = defaultdict(list)
    delegations = Delegation.objects.filter(since__lte=at, party__in=named | {party_id for _, party_id in management})
    for delegation in delegations.filter(Q(until=None) | Q(until__gt=at)).select_related("deputy"):
        deputies[delegation.principal_id, delegation.party_id].append(delegation.deputy)
    return Roster(heirs, members, management, deputies)


def may_be_told(person: User) -> bool:
    """Tell whether ``person`` reads an inbox: a person who has not left."""
    return person.is_active and person.kind == User.Kind.PERSON


def _last_heir(party_id: int, heirs: dict[int, int]) -> int:
    passed = {party_id}
    while (heir := heirs.get(party_id)) is not None and heir not in passed:
        passed.add(heir)
        party_id = heir
    return party_id


def _each_once(people: Iterable[User]) -> list[User]:
    by_id = {person.pk: person for person in people}
    return [by_id[pk] for pk in sorted(by_id)]
