"""The broker: a Valkey (or Redis) server on a private unix socket, with an append-only file."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from dcase_audit.embedded import binaries, sockets


class Valkey:
    """The server whose files are in ``home``; the supervisor runs ``command`` and asks ``answers``."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.socket = sockets.directory(home) / "s"

    @property
    def url(self) -> str:
        """Return the broker's URL for Celery."""
        return f"redis+socket://{self.socket}"

    def command(self) -> list[str]:
        """Return the server's command line, with its directories made."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        sockets.make(self.home)
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.home),
            "appendonly": "yes",
            "save": "",
            "maxmemory-policy": "noeviction",
            "logfile": "",
            "loglevel": "warning",
            "daemonize": "no",
        }
        return [str(binaries.valkey()), *(word for name, value in options.items() for word in (f"--{name}", value))]

    def answers(self) -> bool:
        """Tell whether the server serves: a stale socket refuses, a server that still loads its file says LOADING."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(2)
            try:
                client.connect(os.fspath(self.socket))
                client.sendall(b"PING\r\n")
                return client.recv(64).startswith(b"+PONG")
            except OSError:
                return False
