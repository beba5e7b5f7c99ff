"""Fork servers: processes that have imported the harness and its drivers, from which actor processes are forked.

A forked process has the hash seed and the imported modules of its fork server.  So a fork server never imports the
lock, and each actor comes from a fork server of its own: see `ForkServers`.
"""

import atexit
import contextlib
import functools
import io
import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import multiprocess
from multiprocess import connection, context, forkserver, popen_forkserver, reduction, resource_tracker, spawn

from lock_harness.actors import wall_clock
from lock_harness.core.errors import MachineError
from lock_harness.guardian import Guardian

# what every actor imports
HARNESS = "lock_harness.actors.main"
# what a fork server imports last
LAST = "lock_harness.actors.preloaded"
# Each fork server takes about 25 MB.  The largest program of the shipped scenarios but the crowds needs 12.
MOST_SERVERS = 12


class ForkedProcess(context.ForkServerProcess):  # type: ignore[misc]
    """A process that is forked from the given fork server instead of multiprocessing's global one."""

    def __init__(self, server: "ForkServer", **options: Any) -> None:
        super().__init__(**options)
        self.server = server

    def __getstate__(self) -> dict[str, Any]:
        """Return the state for the new process, which does not need its fork server."""
        return {key: value for key, value in vars(self).items() if key != "server"}

    def is_forked(self) -> bool:
        """Return whether the process exists already, which takes a while if its fork server is still starting."""
        return bool(vars(self)["_popen"].is_forked())

    @staticmethod
    def _Popen(process: Any) -> "_Popen":  # noqa: N802 - the name that multiprocess calls
        return _Popen(process)


class _Popen(popen_forkserver.Popen):  # type: ignore[misc]
    """Starts a process that does not import the parent's `__main__` again, and does not wait until it is forked.

    The import would take time in every process, and would run a user's unguarded script again.  Objects that
    are defined in `__main__` are sent by value, by dill.
    """

    def _launch(self, process: Any) -> None:
        self._pid: int | None = None
        preparation = spawn.get_preparation_data(process.name)
        preparation.pop("init_main_from_name", None)
        preparation.pop("init_main_from_path", None)
        buffer = io.BytesIO()
        context.set_spawning_popen(self)
        try:
            reduction.dump(preparation, buffer)
            reduction.dump(process, buffer)
        finally:
            context.set_spawning_popen(None)
        self.sentinel, into = process.server.connect_to_new_process(self._fds)
        keep = os.dup(into)
        self.finalizer = multiprocess.util.Finalize(self, multiprocess.util.close_fds, (keep, self.sentinel))
        with open(into, "wb") as pipe:
            pipe.write(buffer.getbuffer())

    @property
    def pid(self) -> int:
        """The process id, which is the first number that the fork server writes to the sentinel."""
        if self._pid is None:
            try:
                self._pid = int(forkserver.read_signed(self.sentinel))
            except EOFError:
                raise MachineError(
                    "an actor process could not be started: its fork server has ended"
                ) from None
        return self._pid

    def is_forked(self) -> bool:
        return self._pid is not None or bool(connection.wait([self.sentinel], 0))

    def poll(self, flag: int = os.WNOHANG) -> int | None:
        """Return the exit code, or None if the process has not ended."""
        if flag == os.WNOHANG and not self.is_forked():
            return None
        # what follows the process id on the sentinel is the exit code
        assert self.pid
        code: int | None = super().poll(flag)
        return code


class ForkServer(forkserver.ForkServer):  # type: ignore[misc]
    """A fork server that is running or starting.  It imports the harness and the modules `more`.

    A process that is forked from the one which started it can use it, too, but does not watch or stop it.
    """

    def __init__(self, more: frozenset[str], environment: Mapping[str, str]) -> None:
        super().__init__()
        self._starter = os.getpid()
        self.preloaded = more
        self.set_forkserver_preload([HARNESS, *sorted(more), LAST])
        # the resource tracker starts first, so that it does not inherit the environment of the fork server
        resource_tracker.ensure_running()
        with _added_environment(environment):
            self.ensure_running()

    def ensure_running(self) -> None:
        """Start the fork server unless it runs already."""
        if self._starter == os.getpid():
            super().ensure_running()

    def stop(self) -> None:
        """End the fork server, from which no living process may have come."""
        if self._starter == os.getpid():
            self._stop()


class ForkServers:
    """Fork servers that take turns, so that no two processes that are alive have the same hash seed.

    Each fork server is an interpreter of its own, with a hash seed of its own.  A process is forked from one from which no living
    process came, and of these from the one that has been free for the longest time; there are `MOST_SERVERS` at most.
    Only if all are in use, the one with the fewest processes is taken.
    """

    def __init__(self, start: Callable[[frozenset[str]], ForkServer]) -> None:
        """`start` starts a fork server that imports the given modules beside those of the harness."""
        self._start = start
        self._preload: frozenset[str] = frozenset()
        self._free: deque[ForkServer] = deque()
        # the number of living processes of each other fork server
        self._used: Counter[ForkServer] = Counter()

    def preload(self, modules: Iterable[str]) -> None:
        """Let the fork servers that are started from now on import these modules, too."""
        self._preload |= frozenset(modules)

    def reserve(self, free: int) -> None:
        """Start fork servers until `free` of them have no process, without waiting for them."""
        while len(self._free) < free and self._count < MOST_SERVERS:
            self._free.append(self._start(self._preload))

    def take(self) -> ForkServer:
        """Return the fork server for the next process."""
        self._retire_first()
        self.reserve(1)
        server = self._free.popleft() if self._free else min(self._used, key=lambda one: self._used[one])
        self._used[server] += 1
        return server

    def give_back(self, server: ForkServer) -> None:
        """Note that a process of this fork server has ended."""
        self._used[server] -= 1
        if not self._used[server]:
            del self._used[server]
            self._free.append(server)

    @property
    def _count(self) -> int:
        return len(self._free) + len(self._used)

    def _retire_first(self) -> None:
        """Stop free fork servers until the first one imports all modules that are wanted now."""
        while self._free and not self._free[0].preloaded >= self._preload:
            self._free.popleft().stop()


@functools.cache
def fork_servers(faketime: Path | None = None) -> ForkServers:
    """Return the fork servers of this process.

    With `faketime`, a libfaketime, their processes read their wall clock's offset from a file each.
    """
    directory = _guarded_directory()
    environment: dict[str, str] = {}
    if faketime:
        right = wall_clock.clock_file(directory, "right")
        wall_clock.step(right, 0)
        environment = wall_clock.environment(faketime, right)
    return ForkServers(lambda more: ForkServer(more, environment))


@functools.cache
def _guarded_directory() -> Path:
    """Return the directory of the fork servers' sockets, which the guardian removes even after a SIGKILL.

    Fork servers outlive a pool, so this process has a single directory for all of them.
    """
    guardian = Guardian()
    atexit.register(guardian.close)
    configuration: dict[str, Any] = vars(multiprocess.current_process())["_config"]
    configuration.setdefault("tempdir", str(guardian.directory))
    return guardian.directory


@contextlib.contextmanager
def _added_environment(added: Mapping[str, str]) -> Iterator[None]:
    """Add variables to `os.environ` for a `with` block: a fork server inherits it and takes no other."""
    before = dict(os.environ)
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name)
        os.environ.update(before)
