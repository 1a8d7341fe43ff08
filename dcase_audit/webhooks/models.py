"""Other systems that are told when the status of a case's nodes changes."""

from __future__ import annotations

import base64

from django.conf import settings
from django.db import models
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from dcase_audit.cases.models import Case


class Webhook(models.Model):
    """An address that is sent a case's status changes, signed with a secret of its own, until it is stopped.

    The secret is made from ``nonce`` and the installation's SECRET_KEY, and kept nowhere.
    """

    case = models.ForeignKey(Case, models.PROTECT, related_name="webhooks", verbose_name=_("case"))
    name = models.CharField(_("name"), max_length=100)
    url = models.CharField(_("address"), max_length=500)
    nonce = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(_("added"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("added by")
    )
    stopped_at = models.DateTimeField(_("stopped"), null=True, blank=True)

    objects: models.Manager[Webhook] = models.Manager()

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name

    def secrets(self) -> list[str]:
        """Return the secret, and those of earlier keys for as long as they are told to be good."""
        return secrets_from(self.nonce, purpose="dcase_audit.webhooks")


def secrets_from(nonce: str, *, purpose: str) -> list[str]:
    """Return secrets of 32 bytes as Standard Webhooks spells them: of the installation's key, and of earlier ones."""
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    made = (salted_hmac(purpose, nonce, secret=key, algorithm="sha256").digest() for key in keys)
    return ["whsec_" + base64.b64encode(each).decode() for each in made]


class Progress(models.Model):
    """Up to which change a webhook was answered for, and what the last answer was."""

    not_captured = "a mark of what was sent; what was sent are the changes"

    webhook = models.OneToOneField(Webhook, models.PROTECT, primary_key=True, related_name="progress")
    change_id = models.BigIntegerField(default=0)
    answered_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=500, blank=True)

    objects: models.Manager[Progress] = models.Manager()
