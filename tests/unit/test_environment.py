"""Which environment variables name the server."""

import os

import pytest

from lock_harness.servers.environment import NamedBy, from_environment

LIBPQ = "postgresql://"


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({}, None),
        ({"LOCK_HARNESS_PG": ""}, None),
        ({"LOCK_HARNESS_PG": "embedded"}, ("embedded", "LOCK_HARNESS_PG")),
        ({"HYPERDRIVE_CONNECTION_STRING": "a"}, ("a", "HYPERDRIVE_CONNECTION_STRING")),
        ({"LOCK_HARNESS_PG": "b", "HYPERDRIVE_CONNECTION_STRING": "a"}, ("b", "LOCK_HARNESS_PG")),
        ({"HYPERDRIVE_CONNECTION_STRING": "a", "PGSERVICE": "s"}, ("a", "HYPERDRIVE_CONNECTION_STRING")),
        ({"PGSERVICE": "s"}, (LIBPQ, "PGSERVICE")),
        ({"PGHOST": "h", "PGDATABASE": "d"}, (LIBPQ, "PGHOST and PGDATABASE")),
        ({"PGHOSTADDR": "1.2.3.4", "PGDATABASE": "d"}, (LIBPQ, "PGHOSTADDR and PGDATABASE")),
    ],
)
def test_the_variable_that_is_meant_for_the_harness_most_names_the_server(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], found: tuple[str, str] | None
) -> None:
    monkeypatch.setattr(os, "environ", variables)
    assert from_environment() == (NamedBy(*found) if found else None)


@pytest.mark.parametrize(
    "names",
    [
        ["PGUSER"],
        ["PGUSER", "PGPASSWORD"],
        ["PGDATABASE", "PGUSER"],
        ["PGPORT"],
        ["PGHOST"],
        ["PGHOST", "PGPORT", "PGUSER", "PGPASSWORD"],
        ["PGHOSTADDR", "PGSSLMODE"],
        ["PGSERVICEFILE", "PGPASSFILE", "PGOPTIONS", "PGAPPNAME"],
    ],
)
def test_variables_that_name_no_database_of_a_server_name_no_server(
    monkeypatch: pytest.MonkeyPatch, names: list[str]
) -> None:
    monkeypatch.setattr(os, "environ", dict.fromkeys(names, "x"))
    assert from_environment() is None
