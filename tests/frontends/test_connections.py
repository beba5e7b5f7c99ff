"""Every way of naming a server that libpq knows works in every scenario, and none is seen by another server."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from lock_harness.servers.embedded import postmaster
from lock_harness.servers.server import Server
from tests.frontends.command import Shell

FOREIGN = Path(__file__).parents[1] / "foreign"
# lockstep, a race, the gate, and a proxy that breaks connections
SCENARIOS = ("timeout_returns_false", "races", "statement_order", "network_cut")
EXAMPLES = ("--examples", "2")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server whose port needs a password.  It is not the server that libpq would choose without an address."""
    with postmaster() as running:
        yield running.server


@pytest.fixture
def login(server: Server) -> dict[str, str]:
    return {key: str(value) for key, value in conninfo_to_dict(server.url).items()}


def password_file(folder: Path, login: dict[str, str]) -> str:
    """Write a file that has the password for this host and port only."""
    path = folder / "pgpass"
    path.touch(mode=0o600)
    path.write_text(f"{login['host']}:{login['port']}:*:{login['user']}:{login['password']}\n")
    return str(path)


def service_file(folder: Path, login: dict[str, str]) -> str:
    path = folder / "services"
    path.write_text("\n".join(["[months]", *(f"{key}={value}" for key, value in login.items()), ""]))
    return str(path)


def without_password(login: dict[str, str]) -> str:
    return f"postgresql://{login['user']}@{login['host']}:{login['port']}/{login['dbname']}"


def by_password_variable(_: Path, login: dict[str, str]) -> tuple[str, dict[str, str]]:
    return without_password(login), {"PGPASSWORD": login["password"]}


def by_password_file_variable(folder: Path, login: dict[str, str]) -> tuple[str, dict[str, str]]:
    return without_password(login), {"PGPASSFILE": password_file(folder, login)}


def by_password_file_parameter(folder: Path, login: dict[str, str]) -> tuple[str, dict[str, str]]:
    return f"{without_password(login)}?passfile={password_file(folder, login)}", {}


def by_password_file_at_home(folder: Path, login: dict[str, str]) -> tuple[str, dict[str, str]]:
    Path(password_file(folder, login)).rename(folder / ".pgpass")
    return without_password(login), {"HOME": str(folder)}


def by_service(folder: Path, login: dict[str, str]) -> tuple[str, dict[str, str]]:
    return "service=months", {"PGSERVICEFILE": service_file(folder, login)}


def by_service_variable(folder: Path, login: dict[str, str]) -> tuple[str, dict[str, str]]:
    return "postgresql://", {"PGSERVICEFILE": service_file(folder, login), "PGSERVICE": "months"}


def by_several_hosts(_: Path, login: dict[str, str]) -> tuple[str, dict[str, str]]:
    hosts = f"127.0.0.1:1,{login['host']}:{login['port']}"
    url = f"postgresql://{login['user']}:{login['password']}@{hosts}/{login['dbname']}"
    return f"{url}?target_session_attrs=read-write", {}


def by_variables(_: Path, login: dict[str, str]) -> tuple[str, dict[str, str]]:
    names = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "DATABASE"}
    return "postgresql://", {f"PG{name}": login[key] for key, name in names.items()}


def by_pairs(_: Path, login: dict[str, str]) -> tuple[str, dict[str, str]]:
    return " ".join(f"{key}={value}" for key, value in login.items()), {}


def by_address_variable(_: Path, login: dict[str, str]) -> tuple[str, dict[str, str]]:
    """libpq connects to PGHOSTADDR whatever the host is."""
    elsewhere = f"postgresql://{login['user']}:{login['password']}@nowhere.invalid:{login['port']}/postgres"
    return elsewhere, {"PGHOSTADDR": login["host"]}


Way = Callable[[Path, dict[str, str]], tuple[str, dict[str, str]]]
WAYS: list[Way] = [
    by_password_variable,
    by_password_file_variable,
    by_password_file_parameter,
    by_password_file_at_home,
    by_service,
    by_service_variable,
    by_several_hosts,
    by_variables,
    by_pairs,
    by_address_variable,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_server_is_reached_in_every_mode(sh: Shell, login: dict[str, str], way: Way) -> None:
    pg, environment = way(sh.cwd, login)
    outcome = sh.run("run", *SCENARIOS, *EXAMPLES, "--pg", pg, **environment)
    assert outcome.without_violation, outcome.out + outcome.err
    assert "skipped" not in outcome.out
    assert login["password"] not in outcome.out + outcome.err


def test_a_lock_command_needs_no_password_file(sh: Shell, login: dict[str, str]) -> None:
    pg, environment = by_password_file_variable(sh.cwd, login)
    command = f"{sys.executable} {FOREIGN / 'month_lock.py'}"
    outcome = sh.run(
        "run",
        "different_months_are_independent",
        "every_order",
        "--pg",
        pg,
        "--lock-command",
        command,
        **environment,
    )
    assert outcome.without_violation, outcome.out + outcome.err
    assert "skipped" not in outcome.out


def test_workers_use_the_server_that_the_command_found(sh: Shell, login: dict[str, str]) -> None:
    pg, environment = by_service(sh.cwd, login)
    outcome = sh.run("run", "races", "statement_order", *EXAMPLES, "-n", "2", "--pg", pg, **environment)
    assert outcome.without_violation, outcome.out + outcome.err


@pytest.mark.parametrize("command", ["doctor", "locks"])
def test_the_other_commands_read_the_same_addresses(sh: Shell, login: dict[str, str], command: str) -> None:
    pg, environment = by_service(sh.cwd, login)
    outcome = sh.run(command, "--pg", pg, **environment)
    assert outcome.code == 0, outcome.out + outcome.err


@pytest.mark.parametrize(
    ("way", "names"), [(by_variables, "PGHOST and PGDATABASE"), (by_service_variable, "PGSERVICE")]
)
def test_the_variables_of_libpq_name_the_server_by_themselves(
    sh: Shell, login: dict[str, str], way: Way, names: str
) -> None:
    _, environment = way(sh.cwd, login)
    outcome = sh.run("run", "timeout_returns_false", **environment)
    assert outcome.without_violation, outcome.out + outcome.err
    assert f", named, address from {names}, " in outcome.out
    for command in ("locks", "doctor"):
        assert sh.run(command, **environment).code == 0
    assert sh.run("doctor", **environment).out.startswith(f"named by {names}\n")


def test_the_variable_of_the_harness_wins_over_all_others(sh: Shell, login: dict[str, str]) -> None:
    pg, variables = by_variables(sh.cwd, login)
    others = {"PGHOST": "nowhere.invalid", "HYPERDRIVE_CONNECTION_STRING": "postgresql://nowhere.invalid/x"}
    url = "postgresql://{user}:{password}@{host}:{port}/{dbname}".format(**login)
    named = sh.run("run", "timeout_returns_false", **variables | others, LOCK_HARNESS_PG=url)
    assert named.without_violation, named.out + named.err
    assert ", named, address from LOCK_HARNESS_PG, " in named.out
    embedded = sh.run("run", "timeout_returns_false", **variables | others, LOCK_HARNESS_PG="embedded")
    assert ", embedded, " in embedded.out
    none = sh.run("run", "timeout_returns_false", LOCK_HARNESS_PG="none")
    assert (none.code, none.out.startswith("skipped: --pg none")) == (0, True)
    option = sh.run("run", "timeout_returns_false", "--pg", pg, **variables, LOCK_HARNESS_PG="none")
    assert ", named, lock" in option.out


def test_an_unreachable_server_of_the_environment_says_which_variables_name_it(sh: Shell) -> None:
    outcome = sh.run("run", PGHOST="nowhere.invalid", PGDATABASE="app")
    assert outcome.code == 2
    assert "(named by PGHOST and PGDATABASE; --pg embedded starts a server instead)" in outcome.error_line


# What the lock gets

PARSES = """
from urllib.parse import unquote, urlparse

import psycopg

from lock_harness.locks.month_lock import MonthLock


class Lock(MonthLock):
    def __init__(self, dsn):
        url = urlparse(dsn)
        assert url.scheme == "postgresql", dsn
        self._conn = psycopg.connect(
            host=url.hostname,
            port=url.port,
            user=url.username,
            password=url.password,
            dbname=unquote(url.path.removeprefix("/")),
            application_name=unquote(url.query.removeprefix("application_name=")),
            autocommit=True,
        )
"""


@pytest.mark.parametrize("where", ["embedded", "named"])
def test_a_lock_gets_a_url_with_host_and_port_in_every_mode(
    sh: Shell, login: dict[str, str], where: str
) -> None:
    (sh.cwd / "parses.py").write_text(PARSES)
    pg, environment = ("embedded", {}) if where == "embedded" else by_service(sh.cwd, login)
    modes = (*SCENARIOS, "server_restart", "clock_step", "crash_points") if where == "embedded" else SCENARIOS
    outcome = sh.run("run", *modes, *EXAMPLES, "--lock", "parses:Lock", "--pg", pg, **environment)
    assert outcome.without_violation, outcome.out + outcome.err


def test_a_server_that_is_named_by_its_socket_is_reached_by_sockets_alone(sh: Shell, server: Server) -> None:
    """A proxy that listens on TCP would let every user of the machine pass as this one."""
    outcome = sh.run("run", *SCENARIOS, *EXAMPLES, "--pg", server.dsn)
    assert outcome.without_violation, outcome.out + outcome.err
    skipped = [line for line in outcome.out.splitlines() if line.startswith("- ")]
    assert len(skipped) == 1
    assert "network_cut" in skipped[0]
    assert "the address is a Unix socket, but network faults need TCP" in skipped[0]


# Settings of the environment


def test_timeouts_of_the_environment_reach_the_lock_and_not_the_harness(sh: Shell) -> None:
    """A database takes longer to create than the statement_timeout allows."""
    (sh.cwd / "asks.py").write_text(
        "from lock_harness.locks.month_lock import MonthLock\n"
        "class Lock(MonthLock):\n"
        "    def __init__(self, dsn):\n"
        "        super().__init__(dsn)\n"
        "        assert self._conn.execute('SHOW statement_timeout').fetchone() == ('40ms',)\n"
    )
    timeouts = "-c statement_timeout=40ms -c lock_timeout=40ms"
    outcome = sh.run("run", *SCENARIOS, *EXAMPLES, "--lock", "asks:Lock", PGOPTIONS=timeouts)
    assert outcome.without_violation, outcome.out + outcome.err


def test_variables_for_another_server_do_not_reach_an_embedded_one(sh: Shell) -> None:
    other = {
        "PGHOST": "nowhere.invalid",
        "PGHOSTADDR": "192.0.2.1",
        "PGPORT": "1",
        "PGSSLMODE": "verify-full",
    }
    outcome = sh.run("run", *SCENARIOS, *EXAMPLES, **other)
    assert outcome.without_violation, outcome.out + outcome.err


# Mistakes


def test_a_server_that_ends_idle_sessions_is_refused_with_the_remedy(sh: Shell, server: Server) -> None:
    outcome = sh.run("run", "--pg", server.url, PGOPTIONS="-c idle_session_timeout=7s")
    assert outcome.code == 2
    assert "ends idle sessions, and their locks, after 7000 ms (idle_session_timeout)" in outcome.error_line
    assert "PGOPTIONS='-c idle_session_timeout=0'" in outcome.error_line


def test_a_missing_password_is_one_line_with_the_remedy(sh: Shell, login: dict[str, str]) -> None:
    outcome = sh.run("run", "--pg", without_password(login), HOME=str(sh.cwd))
    assert outcome.code == 2
    assert "no password supplied; put it into the connection string" in outcome.error_line


def test_an_unknown_service_is_one_line(sh: Shell) -> None:
    outcome = sh.run("run", "--pg", "service=monthz", PGSERVICEFILE=os.devnull)
    assert outcome.code == 2
    assert (
        'cannot connect to service monthz: connection is bad: definition of service "monthz" not found'
        in (outcome.error_line)
    )


def test_an_unescaped_character_in_a_password_is_one_line_without_it(sh: Shell) -> None:
    outcome = sh.run("run", "--pg", "postgresql://bob:s3cr@t@db.example/app")
    assert outcome.code == 2
    assert "%40 for @" in outcome.error_line
    assert "t@db" not in outcome.out + outcome.err
