"""The embedded PostgreSQL: start, share, survive, refuse."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import psycopg
import pytest

from dcase_audit.embedded import CannotStart, binaries, identity, roles, sockets
from dcase_audit.embedded.cluster import Cluster
from dcase_audit.embedded.data_files import major_version
from tests.embedded.conftest import MakeCluster
from tests.embedded.processes import eventually, script, using

PASSWORDS = dict.fromkeys(roles.ROLES, "word")
HOLD = str(Path(__file__).with_name("hold_cluster.py"))
# Every way to run the server that this machine knows, be the tests root's or an ordinary user's.
WAYS = [way for way in (identity.find(), identity.as_nobody()) if way]


def prepare(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    roles.ensure(connection, PASSWORDS)


def tell(cluster: Cluster, statement: str) -> None:
    with cluster.connect() as connection:
        connection.execute(statement.encode())


def ask(cluster: Cluster, question: str) -> object:
    with cluster.connect() as connection:
        row = connection.execute(question.encode()).fetchone()
    return row[0] if row else None


def test_a_new_cluster_is_private_checked_and_sorts_by_code_point(cluster: Cluster) -> None:
    assert cluster.start(prepare)

    assert ask(cluster, "SHOW listen_addresses") == ""
    assert ask(cluster, "SHOW data_checksums") == "on"
    assert ask(cluster, "SHOW random_page_cost") == "1.1"
    assert ask(cluster, "SELECT datcollate FROM pg_database WHERE datname = 'dcase'") == "C.UTF-8"
    assert ask(cluster, "SELECT bool_and(auth_method = 'scram-sha-256') FROM pg_hba_file_rules") is True
    assert sockets.directory(cluster.home).stat().st_mode & 0o777 == 0o700
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(cluster.url("postgres", "wrong", "postgres"))


def test_the_roles_have_no_power_and_can_be_made_again(cluster: Cluster) -> None:
    cluster.start(prepare)
    cluster.stop()
    cluster.start(prepare)

    powers = "bool_or(rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls)"
    assert ask(cluster, f"SELECT {powers} FROM pg_roles WHERE rolname LIKE 'dcase%'") is False
    app = psycopg.connect(cluster.url(roles.APP, "word", roles.DATABASE))
    with app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("CREATE TEMP TABLE t ()")
    assert "word" not in (cluster.home / "server.log").read_text().split("'")


def test_the_script_for_a_dba_does_the_same_twice(cluster: Cluster, tmp_path: Path) -> None:
    psql = binaries.postgres() / "psql"
    cluster.start()
    passwords = "".join(f"ALTER ROLE {role} PASSWORD 'word';\n" for role in roles.ROLES)
    file = tmp_path / "dbsetup.sql"
    file.write_text(roles.script().partition("-- Passwords")[0] + passwords)

    for _ in range(2):
        assert (
            os.spawnv(os.P_WAIT, psql, ["psql", "-q", cluster.url("postgres", "secret", "postgres"), "-f", str(file)])
            == 0
        )

    with psycopg.connect(cluster.url(roles.OWNER, "word", roles.DATABASE)) as owner:
        owner.execute("CREATE TABLE t ()")


def test_the_setup_command_does_the_same_and_names_what_it_lacks(cluster: Cluster) -> None:
    cluster.start()
    passwords = {f"{role.upper()}_PASSWORD": "word" for role in roles.ROLES}

    with script("-m", "dcase_audit.embedded", "dbsetup", "--apply", **passwords) as lacking:
        assert lacking.end() == 2
        assert "not set: DBSETUP_URL" in lacking.text
    with script(
        *("-m", "dcase_audit.embedded", "dbsetup", "--apply"),
        DBSETUP_URL=cluster.url("postgres", "secret", "postgres"),
        **passwords,
    ) as done:
        assert done.end() == 0

    with psycopg.connect(cluster.url(roles.READER, "word", roles.DATABASE)) as reader:
        assert reader.execute("SELECT current_user").fetchone() == (roles.READER,)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: " ".join(way.prefix[:2]) or "as it is")
def test_rows_survive_a_killed_server_however_it_runs(make_cluster: MakeCluster, way: identity.Identity) -> None:
    cluster = make_cluster(runs_as=way, throw_away=False)
    cluster.start()
    tell(cluster, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    assert cluster.process is not None
    os.kill(cluster.process.pid, signal.SIGKILL)
    cluster.process.wait()
    cluster.stop()

    assert cluster.start()

    assert ask(cluster, "SELECT count(*) FROM kept") == 1000


def test_a_second_process_shares_and_the_owner_waits_for_it(cluster: Cluster) -> None:
    cluster.start()
    with script(HOLD, str(cluster.home)) as other:
        other.says("shared")
        stopping = threading.Thread(target=lambda: cluster.stop(after_others=True))
        stopping.start()
        assert cluster.answers()

        other.popen.communicate(b"\n")

        stopping.join(10)
        assert not cluster.answers()


def test_who_wants_the_server_alone_gets_it_when_its_owner_has_left(cluster: Cluster) -> None:
    cluster.start()
    with script(HOLD, str(cluster.home), "alone") as other:
        other.says("waiting for process")
        assert cluster.answers()

        cluster.stop(after_others=True)

        other.says("owner")
        assert cluster.answers()


def test_a_server_ends_when_its_owner_is_killed_and_starts_again(cluster: Cluster) -> None:
    with script(HOLD, str(cluster.home)) as owner:
        owner.says("owner")
        tell(cluster, "CREATE TABLE kept ()")
        owner.send(signal.SIGKILL)
        owner.popen.wait()

        assert eventually(lambda: not using(cluster.home), 20)

    assert cluster.start()
    assert ask(cluster, "SELECT count(*) FROM kept") == 0


def test_a_server_without_owner_is_ended_first(cluster: Cluster, make_cluster: MakeCluster) -> None:
    cluster.start()
    orphan = cluster.process
    assert orphan is not None
    cluster.process = None  # its owner forgets it, as one that was killed does
    cluster.stop()

    assert make_cluster().start()

    assert orphan.wait(10) == 0


def test_a_path_too_long_for_a_socket_is_no_hindrance(make_cluster: MakeCluster, tmp_path: Path) -> None:
    cluster = make_cluster(tmp_path / ("long" * 25) / "pg")

    cluster.start()

    assert ask(cluster, "SELECT 1") == 1
    assert not sockets.directory(cluster.home).is_relative_to(tmp_path)
    cluster.stop()
    assert not sockets.directory(cluster.home).exists()


def test_a_socket_directory_that_others_can_enter_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run").chmod(0o755)

    with pytest.raises(CannotStart, match="only this user"):
        sockets.make(tmp_path)


def test_an_interrupted_initdb_is_begun_again(cluster: Cluster) -> None:
    half = cluster.home / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("half")

    cluster.start()

    assert not half.exists()


def test_a_directory_with_other_data_is_left_as_it_is(cluster: Cluster) -> None:
    cluster.data.mkdir(parents=True)
    (cluster.data / "thesis.txt").write_text("years of work")

    with pytest.raises(CannotStart, match="not a PostgreSQL cluster"):
        cluster.start()

    assert (cluster.data / "thesis.txt").read_text() == "years of work"


def test_another_versions_data_are_refused_by_name(cluster: Cluster) -> None:
    cluster.data.mkdir(parents=True)
    (cluster.data / "PG_VERSION").write_text("9\n")

    with pytest.raises(CannotStart, match="made by PostgreSQL 9 .* pg_upgrade"):
        cluster.start()


def test_a_cluster_whose_password_was_lost_says_so(cluster: Cluster, make_cluster: MakeCluster) -> None:
    cluster.start()
    cluster.stop()
    forgetful = make_cluster()
    forgetful.password = "another"

    with pytest.raises(CannotStart, match="DATA_DIR/env"):
        forgetful.start(prepare)

    assert not forgetful.answers()


def test_binaries_are_looked_for_in_the_environment_first(tmp_path: Path) -> None:
    here = binaries.postgres({})

    assert major_version(here) >= binaries.OLDEST_POSTGRES
    assert binaries.postgres({"DCASE_PG_BIN": str(here)}) == here
    with pytest.raises(CannotStart, match="DCASE_PG_BIN"):
        binaries.postgres({"DCASE_PG_BIN": str(tmp_path)})
    with pytest.raises(CannotStart, match="DCASE_VALKEY_BIN"):
        binaries.valkey({"DCASE_VALKEY_BIN": str(tmp_path / "none")})
    assert os.access(binaries.valkey({}), os.X_OK)
