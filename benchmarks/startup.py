"""Start-up: help, a mistake, the pytest plugin, the embedded server, and the first example of a run."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import NamedTuple
from unittest import mock

from rich.progress import track
from rich.table import Table

from benchmarks import figures
from benchmarks.figures import REPEATS, Row
from lock_harness.servers.embedded import embedded_server

COMMAND = ("-m", "lock_harness")
COLLECT = ("-m", "pytest", "--collect-only", "-p", "no:cacheprovider")
SCENARIO = "interleavings"


class Measurement(NamedTuple):
    """What is measured, with its aim, and the function that returns the seconds that it took."""

    what: str
    aim: str
    seconds: Callable[[], float]


def table() -> Table:
    """Measure each start repeatedly, in turns, and return the table."""
    with _empty_folder() as folder:
        kinds = _measurements(folder)
        # the first round writes the byte code and the cached data directory
        for one in kinds:
            one.seconds()
        rounds = [
            [one.seconds() for one in kinds]
            for _ in track(range(REPEATS), "measuring the start", transient=True)
        ]
    rows = [
        figures.row(one.what, values, "s", one.aim, 2)
        for one, values in zip(kinds, zip(*rounds, strict=True), strict=True)
    ]
    return figures.table(f"Start-up; median of {REPEATS} and the range", [*rows, _cost_of_plugin(rounds)])


def _measurements(folder: Path) -> list[Measurement]:
    def command(*arguments: str) -> Callable[[], float]:
        return lambda: _run(folder, *COMMAND, *arguments)

    return [
        # _cost_of_plugin compares these two
        Measurement("pytest --collect-only without the plugin", "", lambda: _collect(folder, plugin=False)),
        Measurement("  with the plugin", "", lambda: _collect(folder, plugin=True)),
        Measurement("lock-harness --help", "≤ 0.40", command("--help")),
        Measurement("lock-harness run --help", "≤ 0.40", command("run", "--help")),
        Measurement("a mistake in an option", "≤ 0.40", command("run", "--nonsense")),
        Measurement("an unknown scenario", "≤ 0.40", command("run", "nonsense")),
        Measurement("embedded server ready, nothing cached", "", lambda: _server_ready(cached=False)),
        Measurement("  from the cached data directory", "", lambda: _server_ready(cached=True)),
        Measurement("first example of a run done", "≤ 1.50", lambda: _first_example(folder)),
    ]


def _cost_of_plugin(rounds: list[list[float]]) -> Row:
    differences = [with_plugin - without for without, with_plugin, *_ in rounds]
    return figures.row("pytest --collect-only, cost of the plugin", differences, "s", "≤ 0.15", 2)


@contextmanager
def _empty_folder() -> Iterator[Path]:
    """Create a folder in which the commands run."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _environment(folder: Path) -> dict[str, str]:
    """Return an environment in which byte code is written, as in an installed package."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return inherited | {"PYTHONPYCACHEPREFIX": str(folder / "bytecode")}


def _run(folder: Path, *arguments: str) -> float:
    """Return how many seconds a Python command takes."""
    began = perf_counter()
    subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=_environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return perf_counter() - began


def _collect(folder: Path, *, plugin: bool) -> float:
    return _run(folder, *COLLECT, *(() if plugin else ("-p", "no:lock_harness")))


def _server_ready(*, cached: bool) -> float:
    """Return how many seconds an embedded server takes until it accepts connections."""
    cache = tempfile.mkdtemp() if not cached else os.environ.get("XDG_CACHE_HOME", "")
    with mock.patch.dict(os.environ, {"XDG_CACHE_HOME": cache}):
        began = perf_counter()
        with embedded_server():
            seconds = perf_counter() - began
    if not cached:
        shutil.rmtree(cache)
    return seconds


def _first_example(folder: Path) -> float:
    """Return how many seconds pass from the command to the result of a run of a single example."""
    began = perf_counter()
    with subprocess.Popen(
        [sys.executable, *COMMAND, "run", SCENARIO, "--examples", "1", "--pg", "embedded"],
        cwd=folder,
        env=_environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout is not None
        for line in run.stdout:
            if SCENARIO in line:
                seconds = perf_counter() - began
                run.stdout.read()
                return seconds
    raise AssertionError("the run has printed no result")
