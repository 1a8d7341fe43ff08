"""``python -m dcase_audit.embedded run``: everything up from nothing, each with its own secrets, and down again."""

from __future__ import annotations

import signal
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import psycopg
import pytest

from dcase_audit.embedded.database import Database
from tests.embedded.processes import eventually, script, using


def environment_of(process: str) -> dict[str, str]:
    pairs = Path("/proc", process, "environ").read_text().split("\0")
    return dict(pair.split("=", 1) for pair in pairs if "=" in pair)


@pytest.mark.usefixtures("bare")
def test_all_of_it_starts_from_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    with script("-m", "dcase_audit.embedded", "run", "--no-demo", DATA_DIR=str(tmp_path), PORT="18000") as running:
        address = running.says("READY", patience=240).removeprefix("READY ")
        with urlopen(f"{address}readyz", timeout=10) as answer:
            assert answer.status == HTTPStatus.OK
        with urlopen(Request(f"{address}livez", headers={"SCRIPT_NAME": "/elsewhere"}), timeout=10) as answer:
            assert answer.status == HTTPStatus.OK
        assert urlsplit(address).hostname == "127.0.0.1"

        processes = {line.split()[0]: line for line in using(tmp_path)}
        for name in ("postgres -D", "valkey-server", "gunicorn", "worker --pool", "beat"):
            assert any(name in line for line in processes.values()), name
        secrets = Database(tmp_path).secrets
        for process in processes:
            told = environment_of(process).values()
            assert not [value for value in told if secrets["DCASE_OWNER_PASSWORD"] in value]
            assert not [value for value in told if secrets["POSTGRES_PASSWORD"] in value]
        with psycopg.connect(Database(tmp_path).url("dcase_app")) as app:
            row = app.execute("SELECT count(*) FROM django_migrations").fetchone()
            assert row is not None
            assert row[0] > 0

        running.send(signal.SIGINT)

        assert running.end() == 0, running.text
        assert eventually(lambda: not using(tmp_path), 5)
    assert not list(tmp_path.glob("*/run/*"))
