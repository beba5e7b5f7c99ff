"""`run -n N`: share scenarios among N worker processes of pytest-xdist.

The workers share nothing but the server, where each has a database, or years, of its own.  They run the
pytest plugin and report on the progress socket.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import msgspec

from lock_harness.core.errors import MachineError
from lock_harness.exploration.plan import Plan
from lock_harness.frontends.messages import WorkerMessage
from lock_harness.frontends.options import RunOptions
from lock_harness.frontends.progress_socket import PROGRESS_VARIABLE, ProgressSocket, open_progress_socket
from lock_harness.frontends.session_server import SERVER_VARIABLE
from lock_harness.guardian import guarded_directory
from lock_harness.programs.scenario import Scenario
from lock_harness.servers.server import Server

PLUGIN = "lock_harness.frontends.pytest_plugin"
POLL_S = 0.2  # how long to wait for a message before looking whether the workers still run
TESTS_RAN = (0, 1)  # the exit codes of pytest when no test failed, and when some did


def run_in_workers(
    scenarios: Sequence[Scenario], plan: Plan, workers: int, server: Server, options: RunOptions
) -> Generator[WorkerMessage, None, None]:
    """Run the scenarios in worker processes and yield their messages until all workers are done.

    Closing the generator interrupts the workers; each saves its results.  `MachineError` if pytest fails.
    """
    with guarded_directory() as guardian:
        directory = guardian.directory
        command = [*_pytest_command(directory), *_plugin_options(scenarios, plan, workers, options)]
        with (
            open_progress_socket(directory / "progress") as progress,
            _start(command, directory, server) as pytest,
        ):
            guardian.own(pytest.pid)
            yield from _receive_messages(progress, pytest)
        if pytest.returncode not in TESTS_RAN:
            last = (directory / "log").read_text(errors="replace").strip().splitlines()[-1:]
            raise MachineError(f"the workers ended with exit code {pytest.returncode}: {' '.join(last)}")


def _pytest_command(directory: Path) -> list[str]:
    configuration = directory / "pytest.ini"
    configuration.write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", str(directory), "--quiet", "-c", str(configuration)]
    for plugin in ("xdist", PLUGIN, "no:cacheprovider"):
        command += ["-p", plugin]
    return [*command, "--basetemp", str(directory / "tmp")]


def _plugin_options(
    scenarios: Sequence[Scenario], plan: Plan, workers: int, options: RunOptions
) -> list[str]:
    lock = options.lock
    values: list[tuple[str, object]] = [("--lock-scenario", scenario.name) for scenario in scenarios]
    values += [
        ("--lock-under-test", lock if lock and not lock.command else None),
        ("--lock-command", lock if lock and lock.command else None),
        *(("--lock-contract", f"{name}={value}") for name, value in (lock.contract if lock else ())),
        ("--lock-examples", plan.examples),
        ("--lock-seconds", plan.seconds),
        ("--lock-seed", plan.seed),
        ("--lock-years", options.years),
        ("--lock-release-ms", options.release_ms),
        ("--lock-reports", options.reports),
        ("--lock-shares", workers),
        ("--numprocesses", workers),
    ]
    return [part for name, value in values if value is not None for part in (name, str(value))]


@contextlib.contextmanager
def _start(command: list[str], directory: Path, server: Server) -> Iterator[subprocess.Popen[bytes]]:
    """Start pytest; in the end, interrupt it if it still runs, and wait for it."""
    environment = {
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        PROGRESS_VARIABLE: str(directory / "progress"),
        SERVER_VARIABLE: msgspec.json.encode(server).decode(),
    }
    with open(directory / "log", "wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # A Ctrl-C in the terminal must reach pytest once, from here.
            start_new_session=True,
            env={**os.environ, **environment},
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
            process.wait()


def _receive_messages(
    progress: ProgressSocket, pytest: subprocess.Popen[bytes]
) -> Generator[WorkerMessage, None, None]:
    """Yield messages until pytest has ended and the socket is empty."""
    while True:
        running = pytest.poll() is None
        message = progress.receive(POLL_S if running else 0)
        if message is not None:
            yield message
        elif not running:
            return
