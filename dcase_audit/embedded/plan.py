"""What ``run`` starts, as data: the steps before, and the table of processes."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from dcase_audit.embedded.child import Process

ROOT = Path(__file__).resolve().parents[2]
MANAGE = (sys.executable, str(ROOT / "manage.py"))
CELERY = (sys.executable, "-m", "celery", "--quiet", "-A", "dcase_audit")
QUEUES = "ingest,settle,render,notify"
NOT_THE_DEMO = 3
# Celery warns of a worker that runs as root; where root says `make run`, that is what was asked for.
AS_ROOT = "ignore:You're running the worker with superuser privileges"

# Rounds of stopping.
HANDS_OUT_WORK, DOES_WORK, READS_LAST, STORES_WORK = 0, 1, 5, 9


def migrate(owner: Mapping[str, str]) -> Process:
    """Return the one process that is given the owner's URL (``DATABASE_OWNER_URL``, or the file that holds it)."""
    return Process("migrate", [*MANAGE, "migrate", "--no-input"], 0, {"DATABASE_ROLE": "owner", **owner})


def nothing_to_migrate() -> Process:
    """Return what fails, as the application, when migrations are pending: where nobody gave us the owner's URL."""
    return Process("migrate", [*MANAGE, "migrate", "--check"], 0, {"DATABASE_ROLE": "app"})


def gate() -> Process:
    """Return what has to succeed before anybody is served: a login that could rewrite history does not."""
    return Process("check", [*MANAGE, "check", "--database", "default"], 0)


def static() -> Process:
    """Return what collects, hashes and compresses the static files."""
    return Process("static", [*MANAGE, "collectstatic", "--no-input", "--verbosity", "0"], 0)


def log_key(sequencer: Mapping[str, str], output: Path) -> Process:
    """Return what makes the log's key where there is none and writes its public half beside the log, and for us."""
    return Process("log key", [*MANAGE, "sequence", "--key", "--output", str(output)], 0, as_sequencer(sequencer))


def sequencer(variables: Mapping[str, str]) -> Process:
    """Return what drains the outbox into the log; it is stopped when nobody writes any more."""
    return Process("sequence", [*MANAGE, "sequence"], READS_LAST, as_sequencer(variables))


def as_sequencer(variables: Mapping[str, str]) -> dict[str, str]:
    return {"DATABASE_ROLE": "sequencer", **variables}


def demo() -> Process:
    """Return what fills an empty database; it ends with ``NOT_THE_DEMO`` where the database holds something else."""
    return Process("demo", [*MANAGE, "demo", "--if-empty"], 0)


def first_report() -> Process:
    """Return what waits for the demo's first report and prints where it is; a worker has to be running."""
    return Process("report", [*MANAGE, "first_report"], 0)


def servers(listening: int, data_directory: Path, *, with_demo: bool) -> list[Process]:
    """Return the long-running processes; web serves the socket whose descriptor is ``listening``."""
    gunicorn = [sys.executable, "-m", "gunicorn", "dcase_audit.wsgi:application", "--bind", f"fd://{listening}"]
    # Kept connections stay with who accepted them: two processes for each of two processors, or all may meet in one.
    gunicorn += ["--worker-class", "gthread", "--workers", "4", "--threads", "2", "--preload"]
    gunicorn += ["--graceful-timeout", "10", "--no-control-socket", "--log-level", "warning"]
    # Every client comes from the loopback, and none of them says under which path the service lies.
    gunicorn += ["--forwarder-headers", ""]
    worker = [
        *CELERY,
        "worker",
        "--pool",
        "prefork",
        "--concurrency",
        "2",
        "--queues",
        QUEUES,
        "--hostname",
        "worker@%h",
    ]
    worker += ["--without-gossip", "--without-mingle", "--loglevel", "warning"]
    schedule = data_directory / "beat"
    beat = [*CELERY, "beat", "--pidfile=", "--schedule", str(schedule / "schedule"), "--loglevel", "warning"]
    schedule.mkdir(mode=0o700, exist_ok=True)
    # All web processes count here; what an earlier run counted is not this one's.
    metrics = data_directory / "metrics"
    shutil.rmtree(metrics, ignore_errors=True)
    metrics.mkdir(mode=0o700)
    counting = {"PROMETHEUS_MULTIPROC_DIR": str(metrics)}
    table = [
        Process("web", gunicorn, HANDS_OUT_WORK, counting, descriptors=(listening,)),
        Process("beat", beat, HANDS_OUT_WORK),
        Process("worker", worker, DOES_WORK, {"PYTHONWARNINGS": AS_ROOT}, patience=30),
    ]
    if with_demo:
        table.append(Process("feed", [*MANAGE, "feed"], HANDS_OUT_WORK))
    return table
