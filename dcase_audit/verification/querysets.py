"""Questions to the log; ``visible_to`` is the only door to its entries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from dcase_audit.accounts.models import ApiToken, User
from dcase_audit.cases.models import Case
from dcase_audit.verification import belonging

if TYPE_CHECKING:
    from dcase_audit.verification.models import Checkpoint, Entry


class EntryQuerySet(models.QuerySet["Entry"]):
    def visible_to(self, user: User) -> Self:
        """Keep what tells of rows that the user sees; of departments' evidence, as ``Artefact`` is visible."""
        return self._of(belonging.to_reader(user))

    def of_case(self, case: Case, user: User) -> Self:
        """Keep, of what the user sees, what belongs to the case."""
        return self.visible_to(user)._of(belonging.to_case(case))

    def of_objects(self, objects: Iterable[models.QuerySet[models.Model]]) -> Self:
        """Keep what tells of objects that one of these queries of names has."""
        named = Q(pk__in=[])
        for names in objects:
            named |= Q(object__in=names)
        return self.filter(named)

    def by(self, actor: str) -> Self:
        """Keep what one actor did: as the trail names it (``command:sweep``), or a user name, tokens included."""
        if ":" in actor or not User.objects.filter(username=actor).exists():
            return self.filter(disclosure__actor=actor)
        person = User.objects.get(username=actor)
        tokens = ApiToken.objects.filter(user=person).values_list("prefix", flat=True)
        named = [f"user:{person.pk}", *(f"token:{prefix}" for prefix in tokens)]
        return self.filter(disclosure__actor__in=named)

    def _of(self, told: Q) -> Self:
        return self.alias(**belonging.COLUMNS).filter(told)


class CheckpointQuerySet(models.QuerySet["Checkpoint"]):
    def witnessed(self) -> Self:
        """Keep those that a witness cosigned; all of them where no witness is asked."""
        return self.filter(witnessed_at__isnull=False) if settings.TRAIL_WITNESSES else self.all()

    def covering(self, seq: int) -> Self:
        """Order those that have the entry ``seq``, the smallest first."""
        return self.filter(size__gt=seq).order_by("size", "id")
