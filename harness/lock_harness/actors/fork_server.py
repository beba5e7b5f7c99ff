"""Fork servers: processes that have everything imported, from which actor processes are forked."""

import atexit
import contextlib
import functools
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import multiprocess
from multiprocess import context, forkserver, popen_forkserver, reduction, resource_tracker, spawn

from lock_harness.actors import wall_clock
from lock_harness.guardian import Guardian


class ForkedProcess(context.ForkServerProcess):  # type: ignore[misc]
    """A process that is forked from the given fork server instead of multiprocessing's global one."""

    def __init__(self, server: forkserver.ForkServer, **options: Any) -> None:
        super().__init__(**options)
        self.server = server

    def __getstate__(self) -> dict[str, Any]:
        """Return the state for the new process, which does not need its fork server."""
        return {key: value for key, value in vars(self).items() if key != "server"}

    @staticmethod
    def _Popen(process: Any) -> "_Popen":  # noqa: N802 - the name that multiprocess calls
        return _Popen(process)


class _Popen(popen_forkserver.Popen):  # type: ignore[misc]
    """Starts a process that does not import the parent's `__main__` again.

    The import would take time in every process, and would run a user's unguarded script again.  Objects that
    are defined in `__main__` are sent by value, by dill.
    """

    def _launch(self, process: Any) -> None:
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
        self.pid = forkserver.read_signed(self.sentinel)


@functools.cache
def fork_server(faketime: Path | None, module: str | None) -> forkserver.ForkServer:
    """Return a fork server that has imported the actor and `module`.

    With `faketime`, a libfaketime, its processes read their wall clock's offset from a file each.
    """
    directory = _guarded_directory()
    server = forkserver.ForkServer()
    server.set_forkserver_preload(["lock_harness.actors.main", *([module] if module else [])])
    if faketime is None:
        # the server starts when it is first needed
        return server
    right = wall_clock.clock_file(directory, "right")
    wall_clock.step(right, 0)
    # the resource tracker starts first, so that it does not inherit the environment of the fork server
    resource_tracker.ensure_running()
    with _added_environment(wall_clock.environment(faketime, right)):
        server.ensure_running()
    return server


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
def _added_environment(added: dict[str, str]) -> Iterator[None]:
    """Add variables to `os.environ` for a `with` block: a fork server inherits it and takes no other."""
    before = dict(os.environ)
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name)
        os.environ.update(before)
