"""A witness for upper bounds on time: did the machine run us at all?

A process of its own sleeps a millisecond at a time and notes by how much it overslept.  When an answer is
late while the meter overslept too, the machine is to blame and nothing is known about the lock.
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

NAP_S = 0.001
WORTH_NOTING_NS = 3_000_000


class StallMeter:
    """Our side: starts the process, reads what it noted."""

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
        """The stalls since the last call."""
        return self._reader.read_stalls()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.close()
        self._guardian.disown(self._process.pid)


def _watch(path: Path) -> None:
    journal = Journal(path)
    while True:
        before = now_ns()
        time.sleep(NAP_S)
        after = now_ns()
        overslept = after - before - int(NAP_S * 1e9)
        if overslept > WORTH_NOTING_NS:
            journal.write(Stall(after, overslept))


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _watch(Path(sys.argv[1]))
