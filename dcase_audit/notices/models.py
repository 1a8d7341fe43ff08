"""What people were told: open items that somebody must act on, and the notices that went out about them."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from dcase_audit.accounts.models import Membership, Party
from dcase_audit.notices.querysets import NoticeQuerySet, OpenItemQuerySet


class OpenItem(models.Model):
    """Something that somebody must see to: a leaf that does not stand, a revision to decide on, a drill not reported.

    Born when a layer above opens it under its ``key``; closed when that no longer holds. ``opened_at`` is since when
    it is what it is. ``step`` is how far it has escalated: 0 the owner or, where nobody is named, those who hold
    ``role`` in the party; 1 its heads; 2 management. ``not_to`` is never told before management: who submitted does not
    decide. ``told_at`` is when the people of the present step were first told, ``rounds`` how often anybody was.
    """

    class Role(models.TextChoices):
        OWNER = Membership.Role.OWNER.value, Membership.Role.OWNER.label
        APPROVER = Membership.Role.APPROVER.value, Membership.Role.APPROVER.label

    key = models.CharField(max_length=200)
    kind = models.CharField(max_length=40)
    text_ja = models.CharField(max_length=500)
    text_en = models.CharField(max_length=500)
    href = models.CharField(max_length=300)
    party = models.ForeignKey(Party, models.PROTECT, related_name="open_items")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="open_items")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.OWNER)
    not_to = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    opened_at = models.DateTimeField()
    due_on = models.DateField(null=True)
    step = models.PositiveSmallIntegerField(default=0)
    told_at = models.DateTimeField(null=True)
    rounds = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)

    objects = OpenItemQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key"], condition=Q(closed_at=None), name="one_open_item_a_key"),
            models.CheckConstraint(condition=Q(step__lte=2), name="three_steps"),
        ]
        indexes = [
            models.Index("next_at", name="item_to_remind", condition=Q(closed_at=None, next_at__isnull=False)),
            models.Index("party", "due_on", name="item_of_party", condition=Q(closed_at=None)),
        ]

    def __str__(self) -> str:
        return self.key

    def text(self, language: str) -> str:
        """Return what is to be done, in ``language``, on one line."""
        return self.text_ja if language == "ja" else self.text_en


class Notice(models.Model):
    """That a person was told something: shown in the inbox, sent by mail, once."""

    class Kind(models.TextChoices):
        REMINDER = "reminder", _("reminder")
        ESCALATION = "escalation", _("escalation")
        DIGEST = "digest", _("digest")

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="notices")
    key = models.CharField(max_length=300)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    subject = models.CharField(max_length=300)
    body = models.TextField()
    href = models.CharField(max_length=300, blank=True)
    items = models.ManyToManyField(OpenItem, related_name="notices", through="NoticeItem")
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["recipient", "key"], name="one_notice_a_key")]


class NoticeItem(models.Model):
    """Which open items a notice was about."""

    append_only: ClassVar[bool] = True

    notice = models.ForeignKey(Notice, models.PROTECT, related_name="+")
    item = models.ForeignKey(OpenItem, models.PROTECT, related_name="+")

    objects: models.Manager[NoticeItem] = models.Manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["notice", "item"], name="one_mention")]
