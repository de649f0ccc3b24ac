"""Who gets in, and where things are."""

import stat
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from integration.embedded.users import server_processes
from isthmus import embedded


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("user", ["isthmus", "postgres"])
@pytest.mark.parametrize("password", [None, "wrong"])
def test_nobody_gets_in_without_the_password(
    home: Path, user: str, password: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSFILE", "/nonexistent")
    with embedded.running(home) as server:
        conninfo = make_conninfo(host=server.host, user=user, password=password, dbname="isthmus")
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(conninfo)


def test_password_and_socket_are_for_their_owner_only(home: Path) -> None:
    with embedded.running(home) as server:
        assert mode(server.data / "isthmus.password") == 0o600
        assert mode(Path(server.host)) == 0o700
        assert mode(server.data) == 0o700
        assert mode(server.data.parent) == 0o700


def test_the_server_listens_on_no_network(home: Path) -> None:
    with embedded.running(home):
        for process in server_processes(home):
            # One that cleans up may end while it is looked at.
            with suppress(psutil.NoSuchProcess):
                with_ports = [c for c in process.net_connections("inet") if c.laddr]
                assert with_ports == [], process


def test_the_password_appears_in_no_representation_and_no_log(new_home: Path) -> None:
    with embedded.running(new_home) as server:
        assert server.password not in repr(server)
        logs = [server.data.parent / "start.log", *server.logs.iterdir()]
        assert logs
        assert all(server.password not in log.read_text() for log in logs)
        for process in server_processes(new_home):
            assert server.password not in " ".join(process.cmdline())


def test_the_application_is_no_superuser_but_may_make_databases(home: Path) -> None:
    with (
        embedded.running(home) as server,
        psycopg.connect(server.conninfo, autocommit=True) as connection,
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("COPY (SELECT 1) TO PROGRAM 'cat'")
        connection.execute("CREATE DATABASE another")


def test_values_of_customers_stay_out_of_the_log(home: Path) -> None:
    with embedded.running(home) as server, psycopg.connect(server.conninfo) as connection:
        connection.execute("CREATE TABLE person (email text PRIMARY KEY)")
        insert = "INSERT INTO person VALUES (%s)"
        connection.execute(insert, ["alice@example.com"])
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(insert, ["alice@example.com"])
    written = "".join(log.read_text() for log in server.logs.iterdir())
    assert "duplicate key" in written
    assert "alice" not in written


def test_the_database_sorts_and_stores_the_same_on_every_machine(home: Path) -> None:
    question = (
        "SELECT pg_encoding_to_char(encoding), datlocprovider::text, datlocale, "
        "current_setting('data_checksums'), current_setting('fsync'), "
        "current_setting('synchronous_commit'), current_setting('TimeZone') "
        "FROM pg_database WHERE datname = current_database()"
    )
    with embedded.running(home) as server, psycopg.connect(server.conninfo) as connection:
        found = connection.execute(question).fetchone()
    assert found == ("UTF8", "b", "C.UTF-8", "on", "on", "on", "UTC")


def test_what_psql_and_django_need_leads_to_the_same_database(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with embedded.running(home) as server:
        for name, value in server.environ.items():
            monkeypatch.setenv(name, value)
        with psycopg.connect() as connection:
            assert connection.info.dbname == server.django["NAME"] == "isthmus"


def test_variables_meant_for_clients_do_not_change_the_server(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "6543")
    monkeypatch.setenv("PGDATA", "/nonexistent")
    with embedded.running(home) as server:
        assert server.port == 5432
        psycopg.connect(server.conninfo).close()


def test_settings_of_local_conf_win(home: Path) -> None:
    with embedded.running(home, settings={"work_mem": "9MB"}) as server:
        local = server.data / "local.conf"
        assert setting(server.conninfo, "work_mem") == "9MB"
    local.write_text("work_mem = '10MB'\nport = 5499\n")
    with embedded.running(home, settings={"work_mem": "9MB"}) as server:
        assert setting(server.conninfo, "work_mem") == "10MB"
        assert server.port == 5499


def setting(conninfo: str, name: str) -> object:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    return row[0] if row else None
