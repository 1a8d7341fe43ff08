"""The product's database in the embedded cluster of one ``DATA_DIR``, and how a ``manage.py`` command reaches it."""

from __future__ import annotations

import atexit
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from dcase_audit.embedded import environment_file, roles, valkey
from dcase_audit.embedded.cluster import Cluster

# The process chooses its login by DATABASE_ROLE; each role's URL has a variable of its own.
URL_OF_ROLE = {"app": "DATABASE_URL", "owner": "DATABASE_OWNER_URL", "sequencer": "DATABASE_SEQUENCER_URL"}
DEFAULT_DATA_DIRECTORY = Path(__file__).resolve().parents[2] / "var"


class Database:
    """The cluster with the product's four roles and its database."""

    def __init__(self, data_directory: Path) -> None:
        self.secrets = environment_file.load(data_directory)
        self.cluster = Cluster(data_directory / "pg", self.secrets["POSTGRES_PASSWORD"])

    def start(self, *, alone: bool = False) -> bool:
        """Start or share the cluster; True if this process has to stop it (see ``Cluster.start``)."""
        passwords = {role: self._password(role) for role in roles.ROLES}
        return self.cluster.start(lambda connection: roles.ensure(connection, passwords), alone=alone)

    def url(self, role: str) -> str:
        """Return the URL by which ``dcase_owner``, ``dcase_app`` ... connects."""
        return self.cluster.url(role, self._password(role), roles.DATABASE)

    def _password(self, role: str) -> str:
        return self.secrets[f"{role.upper()}_PASSWORD"]


def data_directory(environ: Mapping[str, str]) -> Path:
    """Return ``DATA_DIR``, made absolute."""
    return Path(environ.get("DATA_DIR") or DEFAULT_DATA_DIRECTORY).resolve()


def attach(environ: MutableMapping[str, str]) -> None:
    """Give this process the embedded database of its ``DATA_DIR``, unless another is named or this is production.

    A cluster that this process had to start is stopped when the process ends and nobody else uses it any more. Of the
    URLs, the one of ``DATABASE_ROLE`` is added to the application's: the owner's reaches no process that did not ask.
    """
    named = any(environ.get(name) or environ.get(f"{name}_FILE") for name in URL_OF_ROLE.values())
    if named or environ.get("DJANGO_ENV") == "production":
        return
    home = data_directory(environ)
    database = Database(home)
    atexit.register(database.cluster.stop, after_others=True)
    database.start()
    environ.setdefault("SECRET_KEY", database.secrets["SECRET_KEY"])
    for role in {"app", environ.get("DATABASE_ROLE", "app")}:
        environ[URL_OF_ROLE[role]] = database.url(f"dcase_{role}")
    broker = valkey.Valkey(home / "valkey")
    if broker.answers():
        environ.setdefault("CELERY_BROKER_URL", broker.url)
