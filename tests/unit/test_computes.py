"""A process is running if any of its threads is."""

import subprocess
import sys
from pathlib import Path

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
