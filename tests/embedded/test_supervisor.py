"""The supervisor: all end together, in order, and nothing outlives it."""

from __future__ import annotations

import os
import re
import signal
import socket
from contextlib import closing
from pathlib import Path

import pytest

from dcase_audit.embedded.run import listen
from dcase_audit.embedded.supervisor import STOPPING_SIGNALS
from tests.embedded.processes import Script, eventually, script, using

SAMPLE = str(Path(__file__).with_name("sample_run.py"))
CHILDREN = ("store", "worker", "web")


def up(running: Script) -> None:
    for name in CHILDREN:
        running.says(f"{name:<10}| up")


def process_of(name: str, directory: Path) -> int:
    """Return the number of the child ``name``, known by what it alone was told."""
    for line in using(directory):
        number = line.split()[0]
        if f"ONLY_FOR={name}\0".encode() in Path("/proc", number, "environ").read_bytes():
            return int(number)
    raise AssertionError(f"no {name} among {using(directory)}")


@pytest.mark.parametrize("number", STOPPING_SIGNALS)
def test_a_signal_stops_the_children_round_by_round(tmp_path: Path, number: signal.Signals) -> None:
    with script(SAMPLE, str(tmp_path)) as running:
        up(running)

        running.send(number)

        assert running.end() == 0
        assert re.findall(r"(\w+) +\| bye|(the last)", running.text) == [
            ("web", ""),
            ("worker", ""),
            ("store", ""),
            ("", "the last"),
        ]
        assert not using(tmp_path)


def test_a_dead_child_ends_all_with_status_1(tmp_path: Path) -> None:
    with script(SAMPLE, str(tmp_path)) as running:
        up(running)

        os.kill(process_of("worker", tmp_path), signal.SIGKILL)

        assert running.end() == 1
        assert "stopped: worker ended (SIGKILL)" in running.text
        assert "store     | bye" in running.text


def test_a_failing_step_ends_all_with_status_1(tmp_path: Path) -> None:
    with script(SAMPLE, str(tmp_path), "failing-step") as running:
        assert running.end() == 1
        assert "stopped: second ended (exit 7)" in running.text


def test_a_second_signal_kills_who_does_not_listen(tmp_path: Path) -> None:
    with script(SAMPLE, str(tmp_path), "deaf") as running:
        up(running)
        running.send(signal.SIGINT)
        running.says("web       | bye")

        running.send(signal.SIGINT)

        assert running.end() == 0
        assert "the last" in running.text
        assert not using(tmp_path)


def test_nothing_outlives_a_killed_supervisor_and_the_next_one_starts(tmp_path: Path) -> None:
    with script(SAMPLE, str(tmp_path)) as killed:
        up(killed)
        killed.send(signal.SIGKILL)
        killed.popen.wait()
        with script(SAMPLE, str(tmp_path)) as running:
            up(running)
            assert len([line for line in using(tmp_path) if "threading" in line]) == len(CHILDREN)
            running.send(signal.SIGTERM)
            assert running.end() == 0

    assert eventually(lambda: not using(tmp_path), 5)


def test_a_directory_has_one_supervisor(tmp_path: Path) -> None:
    with script(SAMPLE, str(tmp_path)) as first:
        first.says("READY")
        with script(SAMPLE, str(tmp_path)) as second:
            assert second.end() == 1
            assert f"process {first.popen.pid} is running" in second.text


def test_a_taken_port_is_said_and_the_next_one_tried(capsys: pytest.CaptureFixture[str]) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]

        with closing(listen(port)) as listener:
            assert listener.getsockname()[1] > port
            assert f"port {port} cannot be had" in capsys.readouterr().err
