"""What is read from the connection to a server that the user named."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from lock_harness.servers import address, embedded
from lock_harness.servers.daemon import give_to_server_account
from lock_harness.servers.embedded import postmaster
from lock_harness.servers.named import named_server, resolve
from lock_harness.servers.server import Server
from tests.frontends.command import within


def test_an_address_without_variables_stays_as_it_is(lock_server: Server) -> None:
    assert resolve(lock_server.url).url == lock_server.url


def test_given_options_are_kept_and_defaults_are_not_added(lock_server: Server) -> None:
    url = f"{lock_server.url}?sslmode=prefer&keepalives_idle=7&options=-c%20search_path%3Dx"
    assert conninfo_to_dict(resolve(url).url) == conninfo_to_dict(url)


def test_an_address_besides_the_host_replaces_it(lock_server: Server) -> None:
    options = conninfo_to_dict(lock_server.url)
    found = resolve(
        address.with_options(lock_server.url, host="nowhere.invalid", hostaddr=str(options["host"]))
    )
    assert found.url == lock_server.url


def test_options_of_the_environment_reach_the_lock_by_the_environment_alone(
    lock_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGOPTIONS", "-c search_path=x")
    found = resolve(lock_server.url)
    assert found.url == lock_server.url
    assert conninfo_to_dict(found.dsn)["options"] == "-c search_path=x"


# Encryption


def _bin_with_tls() -> Path | None:
    """Return the programs of a PostgreSQL that is built with TLS, which the embedded one is not."""
    if not (shutil.which("pg_config") and shutil.which("openssl")):
        return None
    configured = subprocess.run(
        ["pg_config", "--bindir", "--configure"], check=True, capture_output=True, text=True
    )
    folder, configure = configured.stdout.split("\n", 1)
    return Path(folder) if "openssl" in configure and Path(folder, "initdb").exists() else None


@pytest.fixture
def encrypted(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server whose port can be used with and without TLS."""
    binaries = _bin_with_tls()
    if binaries is None:
        pytest.skip("needs a PostgreSQL with TLS and openssl: apt install postgresql openssl")
    monkeypatch.setattr(embedded, "_wheel_binaries", lambda: binaries)
    folder = Path(os.path.realpath(tmp_path_factory.mktemp("certificate")))
    names = {"ssl_cert_file": str(folder / "server.crt"), "ssl_key_file": str(folder / "server.key")}
    request = ["openssl", "req", "-new", "-x509", "-nodes", "-subj", "/CN=localhost"]
    files = ["-out", names["ssl_cert_file"], "-keyout", names["ssl_key_file"]]
    subprocess.run([*request, *files], check=True, capture_output=True)
    for path in (*folder.iterdir(), folder):
        path.chmod(0o600 if path.suffix == ".key" else 0o755)
        give_to_server_account(path)
    for parent in folder.parents[:-2]:
        parent.chmod(parent.stat().st_mode | 0o011)
    with postmaster({"ssl": "on", **names}) as running:
        yield running.server


def _require_tls(server: Server) -> None:
    access = Path(str(conninfo_to_dict(server.dsn)["host"])) / "data" / "pg_hba.conf"
    access.write_text(access.read_text().replace("\nhost ", "\nhostssl "))
    with address.connect(server.dsn, "test") as conn:
        conn.execute("SELECT pg_reload_conf()")
        rules = "SELECT count(*) FROM pg_hba_file_rules WHERE type = 'host'"
        assert within(10, lambda: conn.execute(rules).fetchone() == (0,))


def test_a_proxy_can_stand_before_a_server_that_merely_offers_tls(encrypted: Server) -> None:
    assert named_server(encrypted.url).why_unreadable is None
    assert named_server(f"{encrypted.url}?sslmode=require").why_unreadable == (
        "sslmode=require encrypts the messages that the proxy must read: name the server without TLS"
    )
    why = named_server(f"{encrypted.url}?channel_binding=require").why_unreadable
    assert "not available without TLS" in (why or "")


def test_no_proxy_can_stand_before_a_server_that_requires_tls(encrypted: Server) -> None:
    _require_tls(encrypted)
    assert within(
        10, lambda: "not available without TLS" in (named_server(encrypted.url).why_unreadable or "")
    )


def test_an_sslmode_of_the_environment_becomes_part_of_the_address(
    encrypted: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGSSLMODE", "require")
    assert resolve(encrypted.url).url == f"{encrypted.url}?sslmode=require"
