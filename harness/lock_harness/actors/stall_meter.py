"""The stall meter: a witness for upper bounds on time, which records when the machine did not run processes.

A separate process sleeps for a millisecond at a time and records how much it overslept.  If an answer is late
while the meter overslept too, the machine may be the cause, and the verdict is unknown.
"""

import signal
import subprocess
import sys
import time
from pathlib import Path

from lock_harness.actors.journal import Journal, JournalReader
from lock_harness.core.clock import now_ns
from lock_harness.core.history import Stall
from lock_harness.guardian import Guardian

SLEEP_S = 0.001
SHORTEST_STALL_NS = 3_000_000


class StallMeter:
    """Starts the process of the meter and reads the stalls that it recorded."""

    def __init__(self, guardian: Guardian) -> None:
        path = guardian.directory / "stalls.journal"
        self._reader = JournalReader(path)
        self._guardian = guardian
        self._process = subprocess.Popen(
            [sys.executable, "-m", "lock_harness.actors.stall_meter", str(path)],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        guardian.own(self._process.pid)

    def read(self) -> list[Stall]:
        """Return the stalls since the last call."""
        return self._reader.read_stalls()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.close()
        self._guardian.disown(self._process.pid)


def _measure(path: Path) -> None:
    journal = Journal(path)
    while True:
        before = now_ns()
        time.sleep(SLEEP_S)
        after = now_ns()
        overslept = after - before - int(SLEEP_S * 1e9)
        if overslept > SHORTEST_STALL_NS:
            journal.write(Stall(after, overslept))


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _measure(Path(sys.argv[1]))
