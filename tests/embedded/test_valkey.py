"""The embedded broker keeps what it was given."""

from __future__ import annotations

import os
from pathlib import Path

import redis

from dcase_audit.embedded.child import Child, Process
from dcase_audit.embedded.valkey import Valkey
from tests.embedded.processes import eventually


def run(valkey: Valkey) -> Child:
    child = Child(Process("valkey", valkey.command(), 9), os.environ, lambda child: None)
    assert eventually(valkey.answers)
    return child


def test_messages_survive_a_killed_broker(tmp_path: Path) -> None:
    valkey = Valkey(tmp_path)
    assert not valkey.answers()
    child = run(valkey)
    with redis.Redis(unix_socket_path=str(valkey.socket)) as client:
        client.rpush("settle", "message")
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}

    child.kill()
    child.wait()
    assert not valkey.answers()

    child = run(valkey)
    with redis.Redis(unix_socket_path=str(valkey.socket)) as client:
        assert client.lpop("settle") == b"message"
    child.ask_to_stop()
    child.wait()
    assert child.returncode == 0
