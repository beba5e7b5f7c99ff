"""The lanes of a run: processes that are forked from the process of the command, and the connections to them."""

import atexit
import contextlib
import mmap
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import NamedTuple

import msgspec

from lock_harness.campaign.messages import Close, Report, Task
from lock_harness.guardian import Guardian, guarded_directory

RunLane = Callable[[Connection, Callable[[], bool]], None]
"""Runs a lane in its process: with the connection to the scheduler, and whether the run is stopped."""

# how long a lane may take to close
CLOSE_S = 10.0
POLL_S = 0.01

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Report] = msgspec.msgpack.Decoder(Report)


class LaneEnded(NamedTuple):
    """A lane ended although no end was requested."""

    log: str


class Lanes:
    """The processes of the lanes, by number, and what they report.

    A lane is forked when it gets its first task.  The process of the command must have no threads then: a copy of a process
    with threads may have locks that no thread will release.
    """

    def __init__(self, guardian: Guardian, run: RunLane, prepare: Callable[[int], None], count: int) -> None:
        self._guardian = guardian
        self._run = run
        self._prepare = prepare
        self.numbers = range(count)
        self._flag = mmap.mmap(-1, 1)
        self._connections: dict[int, Connection] = {}
        self._pids: dict[int, int] = {}

    def fork(self, number: int) -> None:
        """Start a lane."""
        self._prepare(number)
        ours, theirs = Pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            for connection in (ours, *self._connections.values()):
                connection.close()
            _run_lane(self._run, theirs, self._flag, self._log(number))
        theirs.close()
        self._guardian.own(pid)
        self._pids[number], self._connections[number] = pid, ours

    def _log(self, number: int) -> Path:
        return self._guardian.directory / f"lane{number}.log"

    def send(self, lane: int, task: Task) -> None:
        """Give a lane a task; start it if this is the first one."""
        if lane not in self._pids:
            self.fork(lane)
        with contextlib.suppress(BrokenPipeError):
            self._connections[lane].send_bytes(_encoder.encode(task))

    def receive(self, timeout_s: float) -> Iterator[tuple[int, Report | LaneEnded]]:
        """Yield what the lanes have reported; wait for a report, but not longer than the timeout."""
        numbers = {connection: number for number, connection in self._connections.items()}
        for connection in wait([*numbers], timeout_s):
            assert isinstance(connection, Connection)
            lane = numbers[connection]
            try:
                yield lane, _decoder.decode(connection.recv_bytes())
            except (EOFError, ConnectionResetError):
                self._forget(lane)
                yield lane, LaneEnded(self._log(lane).read_text(errors="replace").strip())

    def stop(self) -> None:
        """Tell all lanes to finish the example that they run, and no other."""
        self._flag[0] = 1

    def close(self, patience_s: float = CLOSE_S) -> None:
        """Let all lanes close their arenas and end, and kill those that take too long."""
        for lane in [*self._connections]:
            self.send(lane, Close())
        until = time.monotonic() + patience_s
        while self._pids and time.monotonic() < until:
            self._reap(os.WNOHANG)
            time.sleep(POLL_S)
        self.kill()

    def kill(self) -> None:
        """Kill all lanes.  Their guardians clean up after them."""
        for pid in self._pids.values():
            for kill in (os.killpg, os.kill):
                with contextlib.suppress(ProcessLookupError):
                    kill(pid, signal.SIGKILL)
        self._reap(0)
        # without a connection, `close` has nothing to send
        for lane in [*self._connections]:
            self._forget(lane)

    def _reap(self, options: int) -> None:
        """Forget the processes of the lanes that have ended; wait for all of them unless `options` is os.WNOHANG."""
        for lane, pid in list(self._pids.items()):
            if os.waitpid(pid, options)[0]:
                self._guardian.disown(pid)
                del self._pids[lane]

    def _forget(self, lane: int) -> None:
        self._connections.pop(lane).close()


@contextlib.contextmanager
def open_lanes(run: RunLane, prepare: Callable[[int], None], count: int) -> Iterator[Lanes]:
    """Yield lanes that are forked when they are needed; close them in the end.

    `prepare` is called with the number of a lane, in this process, before the lane is forked.
    """
    with guarded_directory() as guardian:
        lanes = Lanes(guardian, run, prepare, count)
        try:
            yield lanes
        finally:
            lanes.stop()
            lanes.close()


def _run_lane(run: RunLane, connection: Connection, flag: mmap.mmap, log: Path) -> None:
    """Run a lane in this process, which was just forked, and end the process."""
    # a Ctrl-C in the terminal is for the process of the command
    os.setsid()
    # the rest of the stack, and what is to be done at exit, belong to the process of the command
    atexit._clear()  # noqa: SLF001
    for number_of_signal in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number_of_signal, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with open(log, "wb") as file, open(os.devnull, "rb") as nothing:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        os.dup2(nothing.fileno(), 0)
    code = 1
    try:
        run(connection, lambda: flag[0] != 0)
        code = 0
    finally:
        if code:
            sys.excepthook(*sys.exc_info())
        atexit._run_exitfuncs()  # noqa: SLF001
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
