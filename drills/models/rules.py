"""Acceptance rules: what may count as support without a person's decision on each result."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from dcase_audit.accounts.models import ApiToken
from drills.models.drills import Drill, DrillResult, SignerKey
from drills.querysets import AcceptanceRuleQuerySet

WORKFLOW = ("published", "ended")


def _person(verbose_name: Any, **more: Any) -> Any:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=verbose_name, **more
    )


class AcceptanceRule(models.Model):
    """That passes of a drill which come by one token, in these formats, are accepted at receipt.

    Born when it is proposed; it acts once another person publishes it, and until it is ended. Nothing else about it
    changes, and it is not deleted: the database sees to that, too. ``through`` is what results say of the token.
    """

    drill = models.ForeignKey(Drill, models.PROTECT, related_name="rules", verbose_name=_("drill"))
    token = models.ForeignKey(ApiToken, models.PROTECT, related_name="+", verbose_name=_("token"))
    through = models.CharField(max_length=100)
    signer = models.ForeignKey(
        SignerKey, models.PROTECT, null=True, related_name="+", verbose_name=_("key that has to have signed")
    )
    formats = ArrayField(models.CharField(max_length=20, choices=DrillResult.Format.choices), verbose_name=_("formats"))
    reason = models.CharField(_("reason"), max_length=300)
    proposed_by = _person(_("proposed by"))
    proposed_at = models.DateTimeField(_("proposed"))
    published_by = _person(_("published by"), null=True)
    published_at = models.DateTimeField(_("published"), null=True)
    published_reason = models.CharField(max_length=300, blank=True)
    ended_by = _person(_("ended by"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    ended_reason = models.CharField(max_length=300, blank=True)

    objects = AcceptanceRuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("acceptance rule")
        verbose_name_plural = _("acceptance rules")
        ordering = ["-proposed_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="rule_proposed_for_a_reason"),
            models.CheckConstraint(condition=Q(formats__len__gt=0), name="rule_names_formats"),
            models.CheckConstraint(condition=~Q(published_by=F("proposed_by")), name="rule_published_by_another"),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{done}_at": None, f"{done}_by": None, f"{done}_reason": ""})
                    | (Q(**{f"{done}_at__isnull": False, f"{done}_by__isnull": False}) & ~Q(**{f"{done}_reason": ""})),
                    name=f"rule_{done}_for_a_reason",
                )
                for done in WORKFLOW
            ),
        ]

    PREFIX: ClassVar[str] = "acceptance-rule/"

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """What decisions call it."""
        return f"{self.PREFIX}{self.pk}"

    @property
    def state(self) -> str:
        if self.ended_at is not None:
            return "ended"
        return "proposed" if self.published_at is None else "published"
