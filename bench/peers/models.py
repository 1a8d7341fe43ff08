"""A row of ten columns and some 500 bytes, once for each way of keeping its history."""

from __future__ import annotations

import pghistory
from auditlog.registry import auditlog
from django.db import models
from simple_history.models import HistoricalRecords

EVERYTHING = (pghistory.InsertEvent, pghistory.UpdateEvent, pghistory.DeleteEvent)


class Shape(models.Model):
    key = models.CharField(max_length=60, db_index=True)
    title_ja = models.CharField(max_length=300)
    title_en = models.CharField(max_length=300)
    note = models.TextField()
    kind = models.CharField(max_length=20)
    number = models.IntegerField()
    is_open = models.BooleanField()
    valid_from = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        abstract = True


class PlainRow(Shape):
    """Nothing is kept of it."""

    objects: models.Manager[PlainRow] = models.Manager()


class CapturedRow(Shape):
    """The trail captures it."""

    objects: models.Manager[CapturedRow] = models.Manager()


class AuditlogRow(Shape):
    """As django-auditlog registers a model."""

    objects: models.Manager[AuditlogRow] = models.Manager()


class HistoricRow(Shape):
    """As django-simple-history tracks a model."""

    objects: models.Manager[HistoricRow] = models.Manager()
    history = HistoricalRecords()


@pghistory.track(*(event() for event in EVERYTHING))
class EventRow(Shape):
    """As django-pghistory tracks a model: triggers for each row, the context in a table of its own."""

    objects: models.Manager[EventRow] = models.Manager()


@pghistory.track(
    *(event() for event in EVERYTHING), level=pghistory.Statement, context_field=pghistory.ContextJSONField()
)
class StatementRow(Shape):
    """As django-pghistory does it best: triggers for each statement, the context in each event."""

    objects: models.Manager[StatementRow] = models.Manager()


auditlog.register(AuditlogRow)
