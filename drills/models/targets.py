"""Which monitor measures which target."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from dcase_audit.cases.models import Node
from drills.models.monitors import Monitor


class TargetFeed(models.Model):
    """That a monitor measures a context's target from ``since`` on: as its department said when this was born."""

    monitor = models.ForeignKey(Monitor, models.PROTECT, related_name="feeds", verbose_name=_("monitor"))
    node = models.ForeignKey(Node, models.PROTECT, related_name="feeds", verbose_name=_("context with the target"))
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"), null=True)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects: models.Manager[TargetFeed] = models.Manager()

    class Meta:
        verbose_name = _("measured target")
        verbose_name_plural = _("measured targets")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["monitor", "node"], condition=Q(until=None), name="one_open_feed"),
            models.CheckConstraint(condition=Q(until=None) | Q(until__gt=F("since")), name="feed_ends_after_start"),
        ]

    def __str__(self) -> str:
        return f"{self.monitor} → {self.node}"
