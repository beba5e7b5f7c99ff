"""Mistakes of the user: each is reported in one line with the remedy, and with the right exit code."""

import socket
import threading
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from lock_harness.servers.embedded import postmaster
from lock_harness.servers.server import Server
from tests.frontends.command import Shell

SECRET = "s3cret-pass"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["run", "crashs"], "did you mean 'crashes'"),
        (["run", "--pg", "nonsense"], "is not a connection string"),
        (["run", "--pg", f"postgresql//u:{SECRET}@h/d"], "is not a connection string"),
        (["run", "--lock", "no_such_module:Lock"], "does not import: ModuleNotFoundError"),
        (["run", "--lock", "lock_harness.locks.month_lock:MonthLok"], "did you mean 'MonthLock'?"),
        (["run", "--lock", "nocolon"], "not of the form package.module:attr"),
        (["run", "--lock-command", "no-such-program"], "'no-such-program' is not found"),
        (["run", "--lock", "a:b", "--lock-command", "sh"], "exclude each other"),
        (["run", "--examples", "0"], "--examples 0 must be 1 or more"),
        (["run", "--examples", "many"], "many"),
        (["run", "--for", "soon"], "write it as 90, 90s, 5m or 2h"),
        (["run", "-n", "0"], "-n 0 must be 1 or more"),
        (["run", "--years", "1999-2005"], "must lie within 2000-2099"),
        (["run", "--years", "2090"], "write it as 2090-2099"),
        (["run", "--nonsense"], "--nonsense"),
        (["nonsense"], "nonsense"),
        (["replay", "no/such/run.json"], "cannot read"),
        (["locks"], "name a server with --pg"),
        (["doctor"], "name a server with --pg"),
    ],
)
def test_a_mistake_in_the_arguments_is_reported_in_one_line(
    sh: Shell, arguments: list[str], why: str
) -> None:
    outcome = sh.run(*arguments)
    assert outcome.code == 2
    assert why in outcome.error_line
    assert SECRET not in outcome.out + outcome.err


def test_an_unreachable_server_is_reported_in_one_line(sh: Shell) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    outcome = sh.run("run", HYPERDRIVE_CONNECTION_STRING=f"postgresql://u:{SECRET}@127.0.0.1:{port}/d")
    assert outcome.code == 2
    assert f"cannot connect to 127.0.0.1:{port}/d" in outcome.error_line
    assert SECRET not in outcome.out + outcome.err


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", None])
def test_a_peer_that_is_not_postgresql_is_reported_in_one_line(sh: Shell, answer: bytes | None) -> None:
    """The peer sends a reply of another protocol, closes the connection, or sends nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept = []

        def serve() -> None:
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                kept.append(peer)
                if answer is not None:
                    peer.recv(64)
                    peer.sendall(answer)
                    peer.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        url = f"postgresql://u:{SECRET}@127.0.0.1:{server.getsockname()[1]}/d?connect_timeout=2"
        outcome = sh.run("run", "--pg", url)
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
        for peer in kept:
            peer.close()
    assert outcome.code == 2
    assert "cannot connect to 127.0.0.1" in outcome.error_line
    assert SECRET not in outcome.out + outcome.err


def test_a_wrong_password_is_reported_without_showing_it(sh: Shell, lock_server: Server) -> None:
    right = conninfo_to_dict(lock_server.url)["password"]
    outcome = sh.run("run", "--pg", lock_server.url.replace(str(right), SECRET))
    assert outcome.code == 2
    assert "password authentication failed" in outcome.error_line
    assert SECRET not in outcome.out + outcome.err


def test_a_scenario_for_which_the_server_has_too_few_connections_is_skipped_with_the_remedy(
    sh: Shell,
) -> None:
    with postmaster({"max_connections": "20"}) as small:
        outcome = sh.run("run", "soak", "timeout_returns_false", "--pg", small.server.url)
    assert outcome.without_violation, outcome.out + outcome.err
    skipped = next(line for line in outcome.out.splitlines() if "skipped" in line)
    assert "soak" in skipped
    assert "64 actors and 2 spare ones need" in skipped
    assert "raise its max_connections, or take fewer actors, or fewer lanes with -n" in skipped
    assert "timeout_returns_false" in outcome.out


def test_a_run_without_any_server_is_skipped_with_the_reason(sh: Shell) -> None:
    outcome = sh.run("run", "--pg", "none")
    assert outcome.code == 0
    assert outcome.out.startswith("skipped: --pg none")


LOCKS = {
    "raises when it opens": "class Lock:\n    def __init__(self, dsn):\n        raise RuntimeError('no luck ' + dsn)\n",
    "lacks methods": "class Lock:\n    def __init__(self, dsn): pass\n    def close(self): pass\n",
    "exits": "import os\nclass Lock:\n    def __init__(self, dsn): os._exit(7)\n",
    "exits when it is imported": "import sys\nsys.exit('not today')\n",
    "raises when it is imported": "class Odd(Exception): pass\nraise Odd('not today')\n",
    "has an asynchronous method": (
        "class Lock:\n    def __init__(self, dsn): pass\n    def close(self): pass\n"
        "    async def acquire(self, *a): return True\n    def release(self, *a): return False\n"
    ),
    "is asynchronous": "async def Lock(dsn): pass\n",
    "takes other arguments": (
        "class Lock:\n    def __init__(self, dsn): pass\n    def close(self): pass\n"
        "    def acquire(self, key): return True\n    def release(self, *a): return False\n"
    ),
}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("raises when it opens", "the lock cannot be used: RuntimeError: no luck"),
        ("lacks methods", "the lock cannot be used: it has no acquire"),
        ("exits", "the lock ended before it could be used"),
        ("exits when it is imported", "does not import: its module exits with 'not today'"),
        ("raises when it is imported", "does not import: Odd: not today"),
        ("has an asynchronous method", "its acquire() is asynchronous"),
        ("is asynchronous", "the lock is asynchronous"),
        ("takes other arguments", "its acquire() must take (year, month, timeout_ms): too many positional"),
    ],
)
def test_a_lock_that_cannot_be_used_is_reported_in_one_line(sh: Shell, name: str, why: str) -> None:
    (sh.cwd / "some_lock.py").write_text(LOCKS[name])
    outcome = sh.run("run", "--lock", "some_lock:Lock", "interleavings", "--examples", "20")
    assert outcome.code == 2
    assert why in outcome.error_line


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("exit 3", "the lock command ended at 'open' with exit code 3"),
        ("echo hello; cat >/dev/null", "the lock command answered 'hello' to 'open'"),
        ('read x; echo \'{"id":1,"ok":true}\'; read x; echo \'{"id":9}\'; cat >/dev/null', "its id is not 2"),
        ('read x; echo \'{"id":1,"ok":["fly"]}\'; cat >/dev/null', "offers 'fly'"),
    ],
)
def test_a_lock_command_that_cannot_be_used_is_reported_in_one_line(sh: Shell, script: str, why: str) -> None:
    (sh.cwd / "lock.sh").write_text(script)
    outcome = sh.run("run", "--lock-command", "sh lock.sh", "timeout_returns_false")
    assert outcome.code == 2
    assert why in outcome.error_line


def test_a_truncated_run_json_is_reported_in_one_line(sh: Shell) -> None:
    assert sh.run("run", "timeout_returns_false").code == 0
    saved = next(sh.cwd.glob("reports/timeout_returns_false/*/run.json"))
    saved.write_bytes(saved.read_bytes()[:500])
    outcome = sh.run("replay", str(saved))
    assert outcome.code == 2
    assert "is not a saved run, or is incomplete" in outcome.error_line


def test_a_folder_for_reports_that_cannot_be_written_ends_the_run_with_code_3(sh: Shell) -> None:
    (sh.cwd / "reports").write_text("not a folder")
    outcome = sh.run("run", "timeout_returns_false")
    assert outcome.code == 3
    assert "choose another folder with --reports" in outcome.error_line


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk that is always full")
def test_a_full_disk_under_reports_ends_the_run_with_code_3(sh: Shell) -> None:
    (sh.cwd / "reports").mkdir()
    (sh.cwd / "reports" / ".writable").symlink_to("/dev/full")
    outcome = sh.run("run", "timeout_returns_false")
    assert outcome.code == 3
    assert "No space left on device" in outcome.error_line
