"""F5: the broker is away, comes back with nothing, and delivers everything three times."""

from __future__ import annotations

import time
import uuid
from http import HTTPStatus

from bench.faults import client
from bench.faults.outcome import Outcome
from bench.faults.rig import OPEN_JOBS, RESULTS, Rig
from bench.uploads import result

UPLOADS = 12
THRICE = 3
# A request may not wait for a broker that is down.
LONGEST = 5.0
QUEUES = {"reports.render": "render"}
JOBS = "SELECT kind, state, attempts FROM jobs_job WHERE id = ANY(%s)"
REPORT = "SELECT state, file_id IS NOT NULL FROM reports_accountabilityreport WHERE id = %s"
UNMAILED = "SELECT count(*) FROM notices_notice WHERE mailed_at IS NULL"
NOTICES = "SELECT count(*), count(DISTINCT (recipient_id, key)) FROM notices_notice"


def broker_away(rig: Rig, *, uploads: int = UPLOADS) -> Outcome:
    """Kill and empty the broker, upload and order a report, start it, and publish each waiting job three times."""
    acked: dict[str, int] = {}
    broken, longest = [], 0.0
    rig.wait_for_jobs()
    rig.end_broker(flushed=True)
    try:
        for number in range(uploads):
            mark, begun = str(uuid.uuid4()), time.monotonic()
            body = result(mark, passed=number % 3 > 0)
            answer = client.result_of_drill(rig.drill(number), rig.made["secret"], mark, body).send(rig.address)
            longest = max(longest, time.monotonic() - begun)
            if answer.status == HTTPStatus.CREATED:
                acked[mark] = answer.number
            else:
                broken.append(f"an upload was answered {answer.status}")
        order = client.post("/api/v1/reports", rig.person("owner"), {"case": "bench", "language": "en"})
        report = order.send(rig.address)
        waiting = rig.ask(OPEN_JOBS)
    finally:
        rig.start_broker()
    _publish(rig, waiting, THRICE)
    took = rig.wait_for_jobs()
    jobs = rig.ask(JOBS, [number for number, _ in waiting])
    if twice := [kind for kind, state, attempts in jobs if (state, attempts) != ("done", 1)]:
        broken.append(f"not done by one attempt: {twice}")
    if report.status != HTTPStatus.ACCEPTED or rig.ask(REPORT, report.number) != [("done", True)]:
        broken.append(f"the report: {report.status}, {rig.ask(REPORT, report.number)}")
    if longest > LONGEST:
        broken.append("an upload waited for the broker")
    told = rig.ask(NOTICES)[0]
    if told[0] != told[1]:
        broken.append(f"{told[0]} notices of {told[1]} things")
    kinds = sorted({kind for _, kind in waiting})
    beside = (
        f"longest upload without broker {longest:.1f} s; {len(waiting)} jobs ({', '.join(kinds)}) waited, each"
        f" delivered {THRICE} times, done once within {took:.0f} s"
    )
    stored = rig.stored(RESULTS, list(acked))
    return Outcome("broker down, flushed, each job thrice", acked, stored, broken, beside)


def _publish(rig: Rig, jobs: list[tuple[int, str]], times: int) -> None:
    """Wake a worker so many times for each job, as a broker that delivers again and again would."""
    from celery import Celery

    app = Celery(broker=rig.valkey.url, set_as_current=False)
    with app.connection_for_write() as connection:
        for _ in range(times):
            for number, kind in jobs:
                queue = QUEUES.get(kind, "notify")
                app.send_task("jobs.run", (number,), queue=queue, connection=connection, ignore_result=True)
