"""What ``/metrics`` tells: how the work stands, and the answers of this process.

With ``PROMETHEUS_MULTIPROC_DIR`` the answers of all processes of the machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime

from django.db.models import Count, Min, Q
from django.http import HttpRequest
from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

registry = CollectorRegistry()
answers = Counter(
    "dcase_http_responses",
    "Answers given, by method, route and status.",
    ["method", "route", "status"],
    registry=registry,
)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def count(request: HttpRequest, status: int) -> None:
    """Count an answer; what nobody routes is one series, so that guessed addresses and methods make no more of them."""
    match = request.resolver_match
    method = request.method if request.method in METHODS else "other"
    answers.labels(method, f"/{match.route}" if match else "none", str(status)).inc()


def text() -> bytes:
    """Return all metrics in Prometheus' text format."""
    collected = CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        MultiProcessCollector(collected)  # type: ignore[no-untyped-call]
    else:
        collected.register(_Answers())
    collected.register(_Work())
    collected.register(_Log())
    return generate_latest(collected)


class _Answers(Collector):
    """The counts of this process."""

    def collect(self) -> Iterator[Metric]:
        yield from registry.collect()


class _Work(Collector):
    """The job table and the heartbeats, asked when somebody looks."""

    def collect(self) -> Iterator[Metric]:
        from dcase_audit.jobs.models import Heartbeat, Job

        now = datetime.now(UTC)
        waiting = Q(state=Job.State.QUEUED, run_at__lte=now)
        found = Job.objects.filter(state__in=[Job.State.QUEUED, Job.State.PARKED]).aggregate(
            oldest=Min("run_at", filter=waiting),
            waiting=Count("pk", filter=waiting),
            parked=Count("pk", filter=Q(state=Job.State.PARKED)),
        )
        oldest = (now - found["oldest"]).total_seconds() if found["oldest"] else 0.0
        yield _gauge("dcase_jobs_oldest_unclaimed_seconds", "Age of the oldest job that is due and unclaimed.", oldest)
        yield _gauge("dcase_jobs_waiting", "Jobs that are due and unclaimed.", found["waiting"])
        yield _gauge("dcase_jobs_parked", "Jobs that failed too often and wait for a person.", found["parked"])
        ages = GaugeMetricFamily(
            "dcase_heartbeat_age_seconds", "Seconds since a process was last alive.", labels=["name"]
        )
        for name, beaten_at in Heartbeat.objects.order_by("name").values_list("name", "beaten_at"):
            ages.add_metric([name], (now - beaten_at).total_seconds())
        yield ages


class _Log(Collector):
    """How far the log is behind, and what others do for it, asked when somebody looks."""

    def collect(self) -> Iterator[Metric]:
        from dcase_audit.trail import delay, stamping

        waited = delay.waiting()
        yield _gauge(
            "dcase_log_merge_delay_seconds",
            "Age of the oldest event that no witnessed checkpoint covers; 0 where each is covered.",
            waited.total_seconds() if waited is not None else 0.0,
        )

        ages = GaugeMetricFamily(
            "dcase_time_stamp_age_seconds",
            "Seconds since a time-stamping authority's last token.",
            labels=["authority"],
        )
        for authority, age in stamping.ages().items():
            ages.add_metric([authority], age)
        yield ages


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)
