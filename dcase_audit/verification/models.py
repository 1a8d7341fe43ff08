"""The log as the application reads it: tables of the schema ``trail``, which the sequencer alone writes."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from dcase_audit.verification.querysets import CheckpointQuerySet, EntryQuerySet


class Entry(models.Model):
    """An event, once it has its number in the log."""

    seq = models.BigIntegerField(primary_key=True)
    source = models.TextField()
    kind = models.TextField()
    object = models.TextField()
    version = models.IntegerField()
    xid = models.BigIntegerField()
    at = models.DateTimeField()
    leaf = models.BinaryField()
    hash = models.BinaryField()

    objects = EntryQuerySet.as_manager()

    class Meta:
        managed = False
        db_table = '"trail"."log"'
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.seq} {self.object}"


class Disclosure(models.Model):
    """What an entry commits to: its fields, sorted by name. A text that was redacted is null, its commitment kept."""

    entry = models.OneToOneField(
        Entry, models.DO_NOTHING, primary_key=True, db_column="seq", related_name="disclosure", db_constraint=False
    )
    actor = models.TextField(null=True)  # noqa: DJ001 - the column is what it is
    names = ArrayField(models.TextField())
    salts = models.BinaryField()
    texts = ArrayField(models.TextField(null=True))
    closed = models.JSONField(default=dict)

    objects: models.Manager[Disclosure] = models.Manager()

    class Meta:
        managed = False
        db_table = '"trail"."disclosure"'
        default_permissions = ()


class Checkpoint(models.Model):
    """A checkpoint that was published; ``witnessed_at`` is null where no witness had cosigned it by then."""

    id = models.BigIntegerField(primary_key=True)
    size = models.BigIntegerField()
    root = models.BinaryField()
    note = models.TextField()
    witnessed_at = models.DateTimeField(null=True)
    published_at = models.DateTimeField()

    objects = CheckpointQuerySet.as_manager()

    class Meta:
        managed = False
        db_table = '"trail"."checkpoint"'
        default_permissions = ()
