"""Monitors, what they sent, and the outages that follow from it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dcase_audit.accounts.models import KEY, ApiToken, Party
from dcase_audit.webhooks.models import secrets_from
from drills.monitors import events, groups
from drills.querysets import MonitorBatchQuerySet, MonitorEventQuerySet, MonitorQuerySet
from evidence.models import Artefact


def watchdog() -> list[str]:
    """Return the alert that Prometheus set-ups keep firing so that its absence is noticed."""
    return ["Watchdog"]


class Monitor(models.Model):
    """A source of events, and the artefact whose leaves it keeps alive; one of its own, so that its silence shows.

    ``resolution_ms``: the longest time that passes between two looks; a shorter outage may go unseen.
    ``services``: which components carry a service, and how many of them it needs:
    ``{"service", "needed", "components": [...]}``; a service that is listed several times needs every group.
    """

    class Source(models.TextChoices):
        PROBE = "probe", _("probe that asks at intervals")
        STATE = "state-events", _("events of the system's own state")
        IN_BAND = "in-band", _("log within the traffic itself")

    key = models.CharField(_("key"), max_length=60, unique=True, validators=[KEY])
    artefact = models.OneToOneField(Artefact, models.PROTECT, related_name="monitor", verbose_name=_("artefact"))
    department = models.ForeignKey(Party, models.PROTECT, related_name="monitors", verbose_name=_("department"))
    source = models.CharField(_("kind of source"), max_length=12, choices=Source.choices, default=Source.PROBE)
    resolution_ms = models.PositiveIntegerField(_("resolution (ms)"))
    clock_source = models.CharField(_("source of its clock"), max_length=100, blank=True)
    clock_uncertainty_us = models.PositiveIntegerField(_("uncertainty of its clock (µs)"), null=True, blank=True)
    services = models.JSONField(_("services and their components"), default=list, blank=True)
    bands = ArrayField(models.CharField(max_length=60), default=list, blank=True, verbose_name=_("time bands"))
    heartbeat_alerts = ArrayField(
        models.CharField(max_length=200), default=watchdog, blank=True, verbose_name=_("alerts that are heartbeats")
    )
    component_label = models.CharField(_("label that names the component"), max_length=100, default="component")
    created_at = models.DateTimeField(_("added"))

    objects = MonitorQuerySet.as_manager()

    class Meta:
        verbose_name = _("monitor")
        verbose_name_plural = _("monitors")
        ordering = ["key"]
        constraints = [models.CheckConstraint(condition=Q(resolution_ms__gt=0), name="monitor_has_a_resolution")]

    def __str__(self) -> str:
        return self.key

    def clean(self) -> None:
        try:
            groups.groups_of(self.services)
        except ValueError as error:
            raise ValidationError({"services": gettext(str(error))}) from None


class IncomingWebhook(models.Model):
    """An address at which a monitor takes signed messages; it acts by ``token``, whose own secret nobody knows.

    Born when an administrator adds it. Its secret is made from the token's SHA-256 and the installation's SECRET_KEY,
    and kept nowhere.
    """

    append_only: ClassVar[bool] = True

    class Format(models.TextChoices):
        ALERTMANAGER = "alertmanager", _("Alertmanager webhook, version 4")
        NATIVE = "native", _("our own events")

    monitor = models.ForeignKey(Monitor, models.PROTECT, related_name="incoming_webhooks", verbose_name=_("monitor"))
    token = models.OneToOneField(ApiToken, models.PROTECT, related_name="incoming_webhook", verbose_name=_("token"))
    format = models.CharField(_("format"), max_length=12, choices=Format.choices, default=Format.ALERTMANAGER)

    objects: models.Manager[IncomingWebhook] = models.Manager()

    class Meta:
        verbose_name = _("incoming webhook")
        verbose_name_plural = _("incoming webhooks")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.token.name

    def secrets(self) -> list[str]:
        """Return the secret, and those of earlier keys for as long as they are told to be good."""
        return secrets_from(self.token.sha256, purpose="drills.incoming_webhooks")


class MonitorBatch(models.Model):
    """What one call of a monitor brought that was new. Its row is in the log, and its root proves each event.

    ``sha256`` is that of the body as received; ``root`` the Merkle root (RFC 6962) over the new events in their order,
    ``count`` how many there are, ``received`` how many the body held, those known before included.
    """

    append_only: ClassVar[bool] = True

    monitor = models.ForeignKey(Monitor, models.PROTECT, related_name="batches")
    format = models.CharField(max_length=20)
    sha256 = models.CharField(max_length=64)
    root = models.CharField(max_length=64)
    count = models.PositiveIntegerField()
    received = models.PositiveIntegerField()
    received_at = models.DateTimeField()
    received_from = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    received_through = models.CharField(max_length=100)

    objects = MonitorBatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("batch of events")
        ordering = ["-id"]
        constraints = [models.CheckConstraint(condition=Q(count__gt=0), name="batch_brings_something")]


class UnreadAlert(models.Model):
    """An alert that could not be read, kept once however often it is repeated; the rest of its call was taken in.

    ``pointer`` says where in the body it stood, ``sha256`` is that of the content as it is kept.
    """

    append_only: ClassVar[bool] = True

    monitor = models.ForeignKey(Monitor, models.PROTECT, related_name="unread_alerts", db_index=False)
    sha256 = models.CharField(max_length=64)
    content = models.TextField()
    pointer = models.CharField(max_length=200)
    detail = models.TextField()
    received_at = models.DateTimeField()
    received_from = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    received_through = models.CharField(max_length=100)

    objects: models.Manager[UnreadAlert] = models.Manager()

    class Meta:
        verbose_name = _("unread alert")
        ordering = ["-received_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["monitor", "sha256"], name="one_row_an_unread_alert")]


class MonitorEvent(models.Model):
    """One event; its times are the sender's, its batch says when we received it. See ``drills.monitors.events``."""

    not_captured = "its batch is, and the batch's root proves it"
    append_only: ClassVar[bool] = True

    class Kind(models.TextChoices):
        HEARTBEAT = events.HEARTBEAT, _("heartbeat")
        DOWN = events.DOWN, _("down")
        UP = events.UP, _("up")
        RESOLVED = events.RESOLVED, _("resolved")
        CONFIRMED = events.CONFIRMED, _("switch-over confirmed")
        CONTRADICTED = events.CONTRADICTED, _("switch-over contradicted")

    batch = models.ForeignKey(MonitorBatch, models.PROTECT, related_name="events", db_index=False)
    position = models.PositiveIntegerField()
    monitor = models.ForeignKey(Monitor, models.PROTECT, related_name="events", db_index=False)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    fingerprint = models.CharField(max_length=200, blank=True)
    component = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    band = models.CharField(max_length=60, blank=True)
    observer = models.CharField(max_length=100, blank=True)
    content = models.TextField()

    objects = MonitorEventQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "position"], name="one_event_a_position"),
            # In this order, it also finds what was said of one thing.
            models.UniqueConstraint(
                fields=["monitor", "fingerprint", "kind", "started_at", "ended_at", "observer"],
                name="one_event_a_saying",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")), name="event_ends_after_start"
            ),
        ]
        indexes = [
            models.Index(
                "monitor",
                "started_at",
                name="switch_overs",
                condition=Q(kind__in=[events.CONFIRMED, events.CONTRADICTED]),
            )
        ]


class Outage(models.Model):
    """That something was down over [started_at, ended_at), open while no end is known; kept by ``drills.outages``.

    ``began_with`` and ``ended_with`` are the events that say so.
    """

    not_captured = "follows from the events of its monitor, which their batches prove"

    monitor = models.ForeignKey(Monitor, models.PROTECT, related_name="outages", db_index=False)
    fingerprint = models.CharField(max_length=200)
    component = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    began_with = models.ForeignKey(MonitorEvent, models.PROTECT, related_name="+", db_index=False)
    ended_with = models.ForeignKey(MonitorEvent, models.PROTECT, null=True, related_name="+", db_index=False)

    objects: models.Manager[Outage] = models.Manager()

    class Meta:
        ordering = ["started_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["monitor", "fingerprint", "started_at"], name="one_outage_a_start"),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")), name="outage_ends_after_start"
            ),
        ]
        indexes = [models.Index(fields=["monitor", "started_at"], name="outage_by_start")]


class PlannedWindow(models.Model):
    """That a service of a monitor (empty: every one) is interrupted over [start, until) on purpose, and who approved
    that and when. It excuses only where it was approved before it began.
    """

    monitor = models.ForeignKey(Monitor, models.PROTECT, related_name="windows")
    service = models.CharField(max_length=100, blank=True)
    start = models.DateTimeField(db_column="from")
    until = models.DateTimeField()
    reason = models.CharField(max_length=300)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)

    objects: models.Manager[PlannedWindow] = models.Manager()

    class Meta:
        verbose_name = _("planned window")
        ordering = ["start", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(until__gt=F("start")), name="window_ends_after_start"),
            models.CheckConstraint(condition=~Q(approved_by=F("proposed_by")), name="window_approved_by_another"),
            models.CheckConstraint(
                condition=Q(approved_at=None, approved_by=None)
                | Q(approved_at__isnull=False, approved_by__isnull=False),
                name="window_approved_by_somebody",
            ),
        ]
