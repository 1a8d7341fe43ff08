"""The job table: the truth about work to be done. The broker only wakes up."""

from __future__ import annotations

from django.db import models

from dcase_audit.jobs.querysets import JobQuerySet


class Job(models.Model):
    """Born in the transaction whose work it carries on; ends as done or parked, and stays as the record of it."""

    not_captured = "a queue; what a job does is captured"

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        PARKED = "parked"

    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=200, unique=True, null=True, blank=True)
    args = models.JSONField(default=dict)
    actor = models.CharField(max_length=100)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    run_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(attempts__lte=20), name="job_attempts_bounded"),
        ]
        indexes = [
            models.Index("run_at", name="job_waiting", condition=models.Q(state="queued")),
            models.Index("lease_until", name="job_leased", condition=models.Q(state="running")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Heartbeat(models.Model):
    """The last sign of life of a process that works in the background; one row a process name."""

    not_captured = "a clock"

    name = models.CharField(max_length=60, primary_key=True)
    beaten_at = models.DateTimeField()

    objects: models.Manager[Heartbeat] = models.Manager()
