"""Each saved finding fails again, and each confirmation without the harness runs: `nox -s libraries`."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lock_harness.servers.embedded import embedded_server

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
VIOLATED = 1
# Some failures need luck.
TIMES = "5"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of a server for the confirmations."""
    with embedded_server() as server:
        yield server.url


@pytest.mark.parametrize("path", sorted(FOLDER.glob("found/*.json")), ids=lambda path: path.stem)
def test_a_saved_finding_fails_again(path: Path) -> None:
    replay = [sys.executable, "-m", "lock_harness", "replay", path, "--times", TIMES, "--pg", "embedded"]
    done = subprocess.run(replay, check=False, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == VIOLATED, done.stdout + done.stderr


@pytest.mark.parametrize("path", sorted(FOLDER.glob("confirm/*.*")), ids=lambda path: path.name)
def test_a_confirmation_without_the_harness_runs(path: Path, url: str) -> None:
    program = sys.executable if path.suffix == ".py" else "node"
    done = subprocess.run([program, path, url], check=False, cwd=FOLDER, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
