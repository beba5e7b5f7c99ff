"""`run -n N`: the same scenarios, shared out to N processes by pytest-xdist.

The workers share nothing but the server; each has a database, or months, of its own.  They send word of
how it goes to a socket here.
"""

import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Generator, Sequence
from pathlib import Path

import msgspec

from lock_harness.core.errors import MachineError
from lock_harness.exploration.search import Plan
from lock_harness.frontends.messages import PROGRESS_VARIABLE, SERVER_VARIABLE, WorkerMessage
from lock_harness.guardian import Guardian, guarded_directory
from lock_harness.locks.loading import LockSpec
from lock_harness.programs.scenario import Scenario
from lock_harness.servers.lease import Years
from lock_harness.servers.server import Server

LARGEST = 65_536
TICK_S = 0.2
_decoder: msgspec.json.Decoder[WorkerMessage] = msgspec.json.Decoder(WorkerMessage)


def run_shared(
    scenarios: Sequence[Scenario],
    plan: Plan,
    workers: int,
    server: Server,
    lock: LockSpec | None,
    years: Years,
    release_ms: int | None,
    reports: Path,
) -> Generator[WorkerMessage, None, None]:
    """Yield what the workers say, until all are done."""
    options = [
        *(part for one in scenarios for part in ("--lock-scenario", one.name)),
        *("--lock-seed", str(plan.seed), "--lock-years", str(years), "--lock-reports", str(reports)),
        *("--lock-shares", str(workers), "-n", str(workers)),
        *(("--lock-examples", str(plan.examples)) if plan.examples else ()),
        *(("--lock-seconds", str(plan.seconds)) if plan.seconds else ()),
        *(("--lock-release-ms", str(release_ms)) if release_ms is not None else ()),
    ]
    if lock:
        options += ["--lock-command", str(lock)] if lock.command else ["--lock-under-test", str(lock)]
    with guarded_directory() as guardian:
        yield from _listen(guardian, options, server)


def _listen(guardian: Guardian, options: list[str], server: Server) -> Generator[WorkerMessage, None, None]:
    directory = guardian.directory
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear, open(directory / "log", "wb") as log:
        ear.bind(str(directory / "progress"))
        (directory / "pytest.ini").write_text("[pytest]\n")
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "pytest", str(directory), "-q", "-c", str(directory / "pytest.ini")),
                *(
                    "-p",
                    "xdist",
                    "-p",
                    "lock_harness.frontends.pytest_plugin",
                    "-p",
                    "no:cacheprovider",
                    "--basetemp",
                    str(directory / "tmp"),
                    *options,
                ),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # so that it gets a Ctrl-C once, from us
            env={
                **os.environ,
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                PROGRESS_VARIABLE: str(directory / "progress"),
                SERVER_VARIABLE: msgspec.json.encode(server).decode(),
            },
        )
        guardian.own(process.pid)
        try:
            while (running := process.poll() is None) or select.select([ear], [], [], 0)[0]:
                if select.select([ear], [], [], TICK_S if running else 0)[0]:
                    yield _decoder.decode(ear.recv(LARGEST))
        finally:
            if process.poll() is None:  # somebody pressed Ctrl-C, or does not want to hear more
                os.killpg(process.pid, signal.SIGINT)  # the workers save what they have
                process.wait()
        if process.returncode not in (0, 1):
            last = (directory / "log").read_text(errors="replace").strip().splitlines()[-1:]
            raise MachineError(f"the workers ended with exit code {process.returncode}: {' '.join(last)}")
