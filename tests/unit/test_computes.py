"""A process is running if any of its threads is."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from lock_harness.gate.running import is_running

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="there is no /proc here")
COMPUTES_IN_A_THREAD = """
import threading
threading.Thread(target=lambda: [None for _ in iter(int, 1)], daemon=True).start()
print(flush=True)
input()
"""
WAITS = "print(flush=True); input()"
LOOKS = 10_000


@pytest.mark.parametrize(("code", "expected"), [(COMPUTES_IN_A_THREAD, True), (WAITS, False)])
def test_a_process_is_running_if_another_of_its_threads_computes(code: str, expected: bool) -> None:
    """A client that waits for a thread of its own, as Node does for a name lookup, is not polling."""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert any(is_running(child.pid) == expected for _ in range(LOOKS))
        child.kill()


def test_a_process_that_has_ended_is_not_running() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert not is_running(child.pid)


@pytest.mark.parametrize("error", [FileNotFoundError, ProcessLookupError])
def test_a_process_that_ends_during_the_look_is_not_running(
    error: type[OSError], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading /proc/PID/task fails with ENOENT or ESRCH if the process ends after the directory was opened."""

    def entries() -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(path="/proc/self/task/0")
        raise error

    monkeypatch.setattr("lock_harness.gate.running.os.scandir", lambda _: nullcontext(entries()))
    assert not is_running(os.getpid())


def test_a_thread_that_ends_during_the_look_does_not_hide_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = [SimpleNamespace(path=f"/proc/self/task/{thread}") for thread in (0, os.getpid())]
    monkeypatch.setattr("lock_harness.gate.running.os.scandir", lambda _: nullcontext(threads))
    assert is_running(os.getpid())
