"""``make run``: everything on one machine, in order, until somebody stops it."""

from __future__ import annotations

import http.client
import socket
import sys
from collections.abc import Mapping

from dcase_audit.embedded import CannotStart, doctor, plan
from dcase_audit.embedded.child import Process
from dcase_audit.embedded.database import Database, data_directory
from dcase_audit.embedded.static_files import StaticFiles
from dcase_audit.embedded.supervisor import Stop, Supervisor
from dcase_audit.embedded.valkey import Valkey
from dcase_audit.embedded.witness import Witness

HOST = "127.0.0.1"
FIRST_PORT = 8000
PORTS_TO_TRY = 20
OWNER_VARIABLES = ("DATABASE_OWNER_URL", "DATABASE_OWNER_URL_FILE")
SEQUENCER_VARIABLES = ("DATABASE_SEQUENCER_URL", "DATABASE_SEQUENCER_URL_FILE")


def run(environ: Mapping[str, str], *, with_demo: bool) -> int:
    """Start everything, stay in front, stop everything; return the exit status.

    ``DATABASE_URL`` (with ``DATABASE_OWNER_URL`` for migrations) and ``CELERY_BROKER_URL`` in ``environ`` stand for
    servers that somebody else runs.
    """
    supervisor = Supervisor(data_directory(environ), environ)
    try:
        supervisor.enter()
        port = _start(supervisor, with_demo=with_demo)
        print(f"READY http://{HOST}:{port}/", flush=True)
        supervisor.stay()
    except Stop:
        return 0
    except CannotStart as refusal:
        print(f"stopped: {refusal}", file=sys.stderr, flush=True)
        return 1
    finally:
        supervisor.stop()
    return 1


def _start(supervisor: Supervisor, *, with_demo: bool) -> int:
    for line in doctor.advise(doctor.PDF, supervisor.environ):
        print(line, flush=True)
    listener = listen(int(supervisor.environ.get("PORT") or FIRST_PORT))
    port: int = listener.getsockname()[1]
    supervisor.environ["PORT"] = str(port)
    owner, sequencer = _start_database(supervisor)
    _start_broker(supervisor)
    supervisor.step(plan.migrate(owner) if owner else plan.nothing_to_migrate())
    supervisor.step(plan.gate())
    _collect_static(supervisor)
    _start_log(supervisor, sequencer)
    loaded = with_demo and supervisor.step(plan.demo(), speaks=True, accepts=(0, plan.NOT_THE_DEMO)) == 0
    home = data_directory(supervisor.environ)
    with listener:
        for process in plan.servers(listener.fileno(), home, with_demo=loaded):
            supervisor.start(process)
    supervisor.until(lambda: is_ready(port), 120, "the web server")
    if loaded:
        supervisor.step(plan.first_report(), speaks=True)
    return port


def _start_database(supervisor: Supervisor) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Start the embedded database unless another is named.

    Returns the variables that tell the owner's and the sequencer's URL, taken out of the environment that the other
    processes get; without the owner's nothing is migrated here, without the sequencer's nothing is sequenced.
    """
    environ = supervisor.environ
    home = data_directory(environ)
    environ["DATA_DIR"] = str(home)
    owner = {name: environ.pop(name) for name in OWNER_VARIABLES if environ.get(name)}
    sequencer = {name: environ.pop(name) for name in SEQUENCER_VARIABLES if environ.get(name)}
    database = Database(home)
    environ.setdefault("SECRET_KEY", database.secrets["SECRET_KEY"])
    if environ.get("DATABASE_URL") or environ.get("DATABASE_URL_FILE"):
        return owner, sequencer
    supervisor.at_end(lambda: database.cluster.stop(immediately=supervisor.in_a_hurry))
    database.start(alone=True)
    if database.cluster.process is not None:
        supervisor.watch("postgres", database.cluster.process)
    environ["DATABASE_URL"] = database.url("dcase_app")
    return (
        {"DATABASE_OWNER_URL": database.url("dcase_owner")},
        {"DATABASE_SEQUENCER_URL": database.url("dcase_sequencer")},
    )


def _collect_static(supervisor: Supervisor) -> None:
    """Collect the static files unless those of an earlier start are what would come out."""
    files = StaticFiles(data_directory(supervisor.environ) / "static")
    if not files.are_current():
        files.forget()
        supervisor.step(plan.static())
        files.remember()


def _start_log(supervisor: Supervisor, variables: Mapping[str, str]) -> None:
    """Start the sequencer, with a witness of this host's unless others are named (``TRAIL_WITNESSES``)."""
    if not variables:
        print("DATABASE_SEQUENCER_URL is not set: the log is left to another host.", flush=True)
        return
    environ = supervisor.environ
    home = data_directory(environ)
    log_keys = home / "log.vkey"
    supervisor.step(plan.log_key(variables, log_keys))
    if not environ.get("TRAIL_WITNESSES"):
        witness = Witness(home / "witness", _free_port())
        environ["TRAIL_WITNESSES"] = f"{witness.prepare(log_keys.read_text())} {witness.url}"
        supervisor.start(witness.process(plan.STORES_WORK))
    supervisor.start(plan.sequencer(variables))


def _start_broker(supervisor: Supervisor) -> None:
    """Start the embedded broker unless another is named."""
    if supervisor.environ.get("CELERY_BROKER_URL"):
        return
    valkey = Valkey(data_directory(supervisor.environ) / "valkey")
    supervisor.start(Process("valkey", valkey.command(), plan.STORES_WORK))
    supervisor.until(valkey.answers, 60, "the broker")
    supervisor.environ["CELERY_BROKER_URL"] = valkey.url


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as found:
        port: int = found.getsockname()[1]
        return port


def listen(first: int) -> socket.socket:
    """Return a listening socket on ``first`` or the next free port; the web server inherits it, so nobody can step in.

    Raises:
        CannotStart: none of the next ports is free.
    """
    for port in range(first, first + PORTS_TO_TRY):
        try:
            return socket.create_server((HOST, port), backlog=128)
        except OSError as taken:
            print(f"port {port} cannot be had ({taken.strerror})", file=sys.stderr, flush=True)
    raise CannotStart(f"no free port from {first} to {first + PORTS_TO_TRY - 1}; set PORT.")


def is_ready(port: int) -> bool:
    """Ask ``/readyz``; straight, whatever proxy the environment names."""
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
