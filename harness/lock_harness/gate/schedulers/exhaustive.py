"""All schedules of one program: a depth-first search that runs the program anew for each.

Without a bound, sleep sets leave out orders that differ only in moves that commute.  With a bound on context
switches they are not used: the order that was left out may have had fewer switches than the one that stands for it
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
from lock_harness.gate.schedulers.sleep_sets import NextMoves, sleep_set, woken


class NextSchedule(NamedTuple):
    """What to run next."""

    choices: tuple[int, ...]
    scheduler: SchedulerSpec | None


@dataclass
class _Node:
    """A decision on the path that was run last."""

    move: Move
    sleep: NextMoves
    switches: int  # before it
    tried: dict[int, Access] = field(default_factory=dict)

    def switched(self, actor: int) -> int:
        """How many switches away from one who could go on there are, with this choice."""
        return self.switches + (actor != self.move.enabled[0])


class ExhaustiveSearch:
    """Says what to run, and is told what came of it.  `next` is None when there is nothing left."""

    def __init__(self, switches: int | None = None, reduce: bool = True) -> None:
        self._most = switches
        self._reduce = reduce and switches is None
        self._path: list[_Node] = []
        self.next: NextSchedule | None = NextSchedule((), None)
        self._runs = self._redundant = self._left_out = 0

    @property
    def coverage(self) -> OrderCoverage:
        """How far it has come."""
        return OrderCoverage(self._runs, self._redundant, self.next is None, self._most, self._left_out)

    def record(self, moves: Sequence[Move]) -> str | None:
        """These were the moves of `next`.  If they did not follow its choices: where, in one line; they do not count."""
        path = [node.move for node in self._path]
        if elsewhere := divergence(path, moves[: len(path)]):
            return elsewhere
        self._runs += 1
        if self._path:
            self._path[-1].move = moves[len(self._path) - 1]
        self._redundant += self._extend(moves)
        self._backtrack()
        return None

    def _extend(self, moves: Sequence[Move]) -> bool:
        """Remember the decisions that are new; whether one of them was of somebody who need not have moved."""
        redundant = False
        for move in moves[len(self._path) :]:
            sleep: NextMoves = {}
            switches = 0
            if self._path:
                last = self._path[-1]
                switches = last.switched(last.move.actor)
                if self._reduce:
                    sleep = woken({**last.sleep, **last.tried}, last.move)
            redundant = redundant or move.actor in sleep
            if redundant:
                break  # nothing below it is new
            self._path.append(_Node(move, sleep, switches))
        return redundant

    def _backtrack(self) -> None:
        """Go back to the last decision where somebody else may move."""
        while self._path:
            node = self._path[-1]
            node.tried[node.move.actor] = access(node.move)
            for actor in node.move.enabled:
                if actor in node.tried or actor in node.sleep:
                    continue
                if self._most is not None and node.switched(actor) > self._most:
                    self._left_out += 1
                    node.tried[actor] = Access(None)
                    continue
                self._take(node, actor)
                return
            self._path.pop()
        self.next = None

    def _take(self, node: _Node, actor: int) -> None:
        enabled = node.move.enabled
        node.move = Move(0, actor, 0, "", enabled)  # until it has been run
        choices = tuple(one.move.enabled.index(one.move.actor) for one in self._path)
        sleep = {**node.sleep, **node.tried} if self._reduce else {}
        self.next = NextSchedule(choices, sleep_set(sleep.items()) if sleep else None)
