from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dcase_audit.embedded.cluster import Cluster
from dcase_audit.embedded.identity import Identity

MakeCluster = Callable[..., Cluster]


@pytest.fixture
def make_cluster(tmp_path: Path) -> Iterator[MakeCluster]:
    """Make clusters that are stopped after the test; twice the same home is one cluster seen by two users."""
    made: list[Cluster] = []

    def make(home: Path = tmp_path / "pg", runs_as: Identity | None = None, *, throw_away: bool = True) -> Cluster:
        made.append(Cluster(home, "secret", throw_away=throw_away, runs_as=runs_as))
        return made[-1]

    yield make
    for cluster in reversed(made):
        cluster.stop()


@pytest.fixture
def cluster(make_cluster: MakeCluster) -> Cluster:
    return make_cluster()


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what the tests' own settings put into the environment."""
    for name in ("DATABASE_URL", "SECRET_KEY", "DATABASE_ROLE", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE"):
        monkeypatch.delenv(name, raising=False)
