"""Whether a process computes: if any of its threads does."""

import subprocess
import sys
from pathlib import Path

import pytest

from lock_harness.gate.service import is_running

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="there is no /proc here")
WORKS_ASIDE = """
import threading
threading.Thread(target=lambda: [None for _ in iter(int, 1)], daemon=True).start()
print(flush=True)
input()
"""
WAITS = "print(flush=True); input()"
LOOKS = 10_000


@pytest.mark.parametrize(("code", "expected"), [(WORKS_ASIDE, True), (WAITS, False)])
def test_a_thread_aside_counts(code: str, expected: bool) -> None:
    """What waits for a thread of its own, as Node does for a name or a key, is not asleep."""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert any(is_running(child.pid) == expected for _ in range(LOOKS))
        child.kill()


def test_who_is_gone_does_not() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert not is_running(child.pid)
