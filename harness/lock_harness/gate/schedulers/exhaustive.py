"""All schedules of one program: a depth-first search that runs the program again for each.

Without a bound, sleep sets leave out orders that differ only in moves that commute.  With a bound on context
switches they are not used: the order that is left out may have fewer switches than the one that stands for it
(Coons, Musuvathi, McKinley: "Bounded partial-order reduction", OOPSLA 2013).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from lock_harness.core.history import Move
from lock_harness.core.run import OrderCoverage
from lock_harness.core.schedule import Access, SchedulerSpec
from lock_harness.gate.schedulers.access import access
from lock_harness.gate.schedulers.replay import divergence
from lock_harness.gate.schedulers.sleep_sets import NextMoves, sleep_set, without_woken


class NextSchedule(NamedTuple):
    """The choices and the scheduler of the next run."""

    choices: tuple[int, ...]
    scheduler: SchedulerSpec | None


@dataclass
class _Node:
    """A decision on the path of the last run.  `switches`: context switches before it."""

    move: Move
    sleeping: NextMoves
    switches: int
    tried: dict[int, Access] = field(default_factory=dict)

    def switches_with(self, actor: int) -> int:
        """Return the number of switches away from an actor that could continue, if `actor` moves here."""
        return self.switches + (actor != self.move.enabled[0])


class ScheduleEnumerator:
    """Enumerates the schedules: run `next`, pass its moves to `record`, until `next` is None.

    The first `fixed_moves` moves are the same in all of them.
    """

    def __init__(self, switches: int | None = None, reduce: bool = True, fixed_moves: int = 0) -> None:
        self._fixed_moves = fixed_moves
        self._most_switches = switches
        self._reduce = reduce and switches is None
        self._path: list[_Node] = []
        self.next: NextSchedule | None = NextSchedule((), None)
        self._runs = self._redundant = self._left_out = 0

    @property
    def coverage(self) -> OrderCoverage:
        """How many orders were run, and whether any is left."""
        return OrderCoverage(
            self._runs, self._redundant, self.next is None, self._most_switches, self._left_out
        )

    def record(self, moves: Sequence[Move]) -> str | None:
        """Take note of the moves of the run of `next`, and determine the following schedule.

        If the moves do not follow the choices of `next`, they do not count: return the divergence in one line.
        """
        path = [node.move for node in self._path]
        if diverged := divergence(path, moves[: len(path)]):
            return diverged
        self._runs += 1
        if self._path:
            self._path[-1].move = moves[len(self._path) - 1]
        self._redundant += self._extend_path(moves)
        self._backtrack()
        return None

    def _extend_path(self, moves: Sequence[Move]) -> bool:
        """Append the new decisions; return whether an actor in the sleep set moved, so that the rest is redundant."""
        redundant = False
        for move in moves[len(self._path) :]:
            sleeping: NextMoves = {}
            switches = 0
            if self._path:
                last = self._path[-1]
                switches = last.switches_with(last.move.actor)
                if self._reduce:
                    sleeping = without_woken({**last.sleeping, **last.tried}, last.move)
            redundant = redundant or move.actor in sleeping
            if redundant:
                break
            self._path.append(_Node(move, sleeping, switches))
        return redundant

    def _backtrack(self) -> None:
        """Return to the last decision where another actor may move, and choose that actor."""
        while len(self._path) > self._fixed_moves:
            node = self._path[-1]
            node.tried[node.move.actor] = access(node.move)
            for actor in node.move.enabled:
                if actor in node.tried or actor in node.sleeping:
                    continue
                if self._most_switches is not None and node.switches_with(actor) > self._most_switches:
                    self._left_out += 1
                    node.tried[actor] = Access(None)
                    continue
                self._choose(node, actor)
                return
            self._path.pop()
        self.next = None

    def _choose(self, node: _Node, actor: int) -> None:
        enabled = node.move.enabled
        # a placeholder until the move has been made
        node.move = Move(0, actor, 0, "", enabled)
        choices = tuple(one.move.enabled.index(one.move.actor) for one in self._path)
        sleeping = {**node.sleeping, **node.tried} if self._reduce else {}
        self.next = NextSchedule(choices, sleep_set(sleeping.items()) if sleeping else None)
