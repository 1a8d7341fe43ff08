"""What is kept beside the facts: what lists read, answers given before, who was told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from dcase_audit.accounts.models import Party
from dcase_audit.cases.models import Case
from evidence.models.artefacts import Artefact, Revision

FAR = datetime(9999, 12, 31, tzinfo=UTC)


class Standing(models.Model):
    """What lists read of an artefact; can be rebuilt. Its status at a moment follows from ``state`` and two moments.

    ``state`` is what holds until ``warn_at``; from then on it is *expiring*, from ``due_at`` on *expired*. A far date
    stands for never, so that lists sort by ``due_at``. ``refresh_at``: when facts known today change the state itself.
    """

    not_captured = "derived from facts"

    artefact = models.OneToOneField(Artefact, models.PROTECT, primary_key=True, related_name="standing")
    department = models.ForeignKey(Party, models.PROTECT, related_name="+", db_index=False)
    revision = models.ForeignKey(Revision, models.PROTECT, null=True, related_name="+", db_index=False)
    state = models.CharField(max_length=12)
    warn_at = models.DateTimeField()
    due_at = models.DateTimeField()
    refresh_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField()

    objects: models.Manager[Standing] = models.Manager()

    class Meta:
        indexes = [
            models.Index(fields=["department", "due_at", "artefact"], name="standing_department"),
            models.Index(fields=["department", "state", "due_at", "artefact"], name="standing_state"),
            models.Index(fields=["due_at", "artefact"], name="standing_due"),
            models.Index("refresh_at", name="standing_refresh", condition=Q(refresh_at__isnull=False)),
        ]


class IdempotencyRecord(models.Model):
    """The first answer to a request that carried an ``Idempotency-Key``; kept as long as the evidence."""

    not_captured = "answers given before, about rows that are captured"

    append_only: ClassVar[bool] = True

    account = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    route = models.CharField(max_length=200)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.JSONField()
    created_at = models.DateTimeField()

    objects: models.Manager[IdempotencyRecord] = models.Manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "route", "key"], name="one_answer_a_key")]


class HandedIn(models.Model):
    """How many files, and bytes, a department handed in by one call: what its quota is counted from."""

    not_captured = "follows from revisions and their files"

    append_only: ClassVar[bool] = True

    department = models.ForeignKey(Party, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()
    files = models.PositiveIntegerField()
    bytes = models.PositiveBigIntegerField()

    objects: models.Manager[HandedIn] = models.Manager()

    class Meta:
        indexes = [models.Index(fields=["department", "at"], include=["files", "bytes"], name="handed_in_a_day")]


class Told(models.Model):
    """Up to which of a case's status changes people were told; the row is the lock of whoever tells them."""

    not_captured = "a cursor"

    case = models.OneToOneField(Case, models.PROTECT, primary_key=True, related_name="+")
    change_id = models.BigIntegerField(default=0)

    objects: models.Manager[Told] = models.Manager()
