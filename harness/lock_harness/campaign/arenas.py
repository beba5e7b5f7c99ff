"""The arenas that a lane keeps open, one for each kind of equipment and each lock."""

import contextlib
from collections import OrderedDict
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from lock_harness.core.errors import NotApplicable
from lock_harness.core.verdict import Bounds
from lock_harness.execution.arena import open_arena
from lock_harness.execution.faults import why_unavailable
from lock_harness.exploration.executor import Executor
from lock_harness.locks.interface import Lock
from lock_harness.locks.loading import LockSpec
from lock_harness.programs.equipment import Equipment
from lock_harness.servers.server import Server
from lock_harness.servers.years import Years

# Each open arena keeps processes.  More than these would share hash seeds, since fork servers are limited.
MOST_OPEN = 3


class Kind(NamedTuple):
    """The kind of an arena: programs with the same kind can share one."""

    lock: LockSpec | Lock
    equipment: Equipment


class OpenArenas:
    """Opens an arena when it is needed first, and closes the one that was not used for the longest time."""

    def __init__(self, server: Server, years: Years) -> None:
        self._server = server
        self._years = years
        # on a server that the user named, each arena takes two of the years
        self._most = MOST_OPEN if server.ours else 1
        self._executors: OrderedDict[Kind, Executor] = OrderedDict()

    def why_unavailable(self, needed: Equipment) -> str | None:
        """Return why the equipment is not available here; None if it is."""
        return why_unavailable(needed, self._server)

    def executor(self, lock: LockSpec | Lock, needed: Equipment, bounds: Bounds) -> Executor:
        """Return an executor that judges by these bounds.  `NotApplicable` if the equipment is not available here."""
        return self._open(lock, needed, bounds, keep=None)

    @contextlib.contextmanager
    def gate(
        self, executor: Executor, lock: LockSpec | Lock, needed: Equipment, bounds: Bounds
    ) -> Iterator[Executor]:
        """Yield an executor with a gate, beside `executor`, which stays open, too."""
        yield self._open(lock, needed, bounds, keep=executor)

    def _open(
        self, lock: LockSpec | Lock, needed: Equipment, bounds: Bounds, keep: Executor | None
    ) -> Executor:
        if (why := self.why_unavailable(needed)) is not None:
            raise NotApplicable(why)
        kind = Kind(lock, needed.shared)
        executor = self._executors.pop(kind, None)
        if executor is None:
            self._make_room(keep)
            opener = partial(open_arena, self._server, lock, bounds, self._years, kind.equipment)
            executor = Executor(opener)
        self._executors[kind] = executor
        executor.judge_by(bounds)
        return executor

    def _make_room(self, keep: Executor | None) -> None:
        """End the actors of the idle arenas, and close those that are too many, the one that was used first before others."""
        for kind, executor in list(self._executors.items()):
            executor.arena.dismiss()
            if len(self._executors) >= self._most and executor is not keep:
                self._executors.pop(kind).close()

    def drop(self, executor: Executor) -> None:
        """Close an executor that cannot be used any more, because the lock left months locked on the user's server."""
        for kind, one in list(self._executors.items()):
            if one is executor:
                self._executors.pop(kind).close()

    def close(self) -> None:
        """Close all arenas."""
        with contextlib.ExitStack() as stack:
            for executor in self._executors.values():
                stack.callback(executor.close)
            self._executors.clear()
