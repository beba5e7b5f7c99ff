"""Whose turn it is: where every actor stands, as the gate sees it, and who moves next.  No I/O.

After one was let through nobody else moves until it rests again: it stands before the gate, has finished, sleeps
between two tries, or waits in the server for somebody else.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import msgspec

from harness.actors.mailbox import AtGate
from harness.gate.algorithms.chooser import Chooser, Turn
from harness.model import Month, Statement

LOOK_NS = 1_000_000  # between two looks
ASK_NS = 2_000_000  # an answer that takes longer: does the server make it wait?
NAP_NS = 3_000_000  # a client that does nothing for so long sleeps
LONG_SLEEP_NS = 200_000_000  # it was picked but goes on sleeping: somebody else moves


class Parked(NamedTuple):
    """What stands before the gate: a step, or what a client says to the server (`text`); `go` lets it through.

    `harmless`: it only prepares, and whether a client does that can depend on what it did long ago, so it is no move.
    """

    text: str | None
    go: Callable[[], None]
    harmless: bool = False


class World(Protocol):
    """What must be looked at outside."""

    def now_ns(self) -> int: ...
    def waiting(self, actors: Iterable[int]) -> set[int]:
        """Those of `actors` whom another session makes wait in the server."""
        ...

    def runs(self, actor: int) -> bool:
        """Whether its process computes."""
        ...

    def after(self, delay_ns: int, call: Callable[[], None]) -> None:
        """Call back after so long."""
        ...


@dataclass
class Mover:
    """One actor as the gate sees it."""

    parked: deque[Parked] = field(default_factory=deque)
    step: int = 0
    month: Month | None = None
    owed: int = 0  # answers of the server
    came: bool = False  # has been at the gate before
    finished: bool = False
    waits: bool = False  # in the server, for somebody else
    asleep: bool = False
    follows: bool = False  # was let take a step, and its first message goes with it
    still: bool = False  # did nothing when we looked; if nothing has come of it by the next look, it sleeps
    stirred_ns: int = 0

    @property
    def rests(self) -> bool:
        at_gate = self.finished or bool(self.parked)
        return self.waits or self.asleep or (at_gate and not self.owed)


class Turns:
    """Takes turns among `actors` as `chooser` says.  `statements` is what was let through, in order."""

    def __init__(self, actors: int, chooser: Chooser, world: World) -> None:
        self._movers = [Mover() for _ in range(actors)]
        self._chooser = chooser
        self._world = world
        self._last = 0
        self._picked: int | None = None  # a sleeper whose turn it is as soon as it wakes
        self._closed = False
        self.statements: list[Statement] = []
        self._world.after(LOOK_NS, self.look)

    # What happens

    def at_step(self, step: AtGate, go: Callable[[], None]) -> None:
        """An actor stands before a step of its own."""
        mover = self._movers[step.actor]
        mover.step, mover.month, mover.follows = step.number, step.month, False
        self._park(step.actor, Parked(None, go))

    def said(self, actor: int, parked: Parked) -> None:
        """An actor says something to the server.  The first message of a step goes with the step."""
        mover = self._movers[actor]
        if self._closed or not mover.came:
            parked.go()
        elif parked.harmless and not mover.parked:
            self._pass(mover, parked)
        elif mover.follows:
            mover.follows = False
            said = msgspec.structs.replace(
                self.statements[-1], at_ns=self._world.now_ns(), text=parked.text or ""
            )
            self.statements[-1] = said
            self._pass(mover, parked)
        else:
            self._park(actor, parked)

    def answered(self, actor: int, replies: int = 1) -> None:
        """The server has answered."""
        mover = self._movers[actor]
        mover.owed = max(0, mover.owed - replies)
        mover.waits = mover.still = False
        mover.stirred_ns = self._world.now_ns()
        self._settle()

    def through(self, actor: int) -> None:
        """An actor has taken all its steps."""
        mover = self._movers[actor]
        mover.finished, mover.asleep = True, False
        if self._picked == actor:
            self._picked = None
        self._settle()

    def close(self) -> None:
        """Let everything through from now on."""
        self._closed = True
        for mover in self._movers:
            while mover.parked:
                mover.parked.popleft().go()

    def look(self) -> None:
        """Time has passed: whoever does not rest may wait in the server, or sleep."""
        if self._closed:
            return
        now = self._world.now_ns()
        owing = [
            actor
            for actor, mover in enumerate(self._movers)
            if mover.owed and not mover.waits and now - mover.stirred_ns > ASK_NS
        ]
        for actor in self._world.waiting(owing) if owing else ():
            self._movers[actor].waits = True
        for actor, mover in enumerate(self._movers):
            quiet = mover.came and not mover.owed and now - mover.stirred_ns > NAP_NS
            still = quiet and not mover.rests and not self._world.runs(actor)
            mover.asleep = mover.asleep or (still and mover.still)
            mover.still = still
        if self._picked is not None and now - self._movers[self._picked].stirred_ns > LONG_SLEEP_NS:
            self._picked = None
            self._settle(all_awake=True)
        else:
            self._settle()
        self._world.after(LOOK_NS, self.look)

    # Who moves next

    def _park(self, actor: int, parked: Parked) -> None:
        if self._closed:
            parked.go()
            return
        mover = self._movers[actor]
        mover.came = True
        mover.parked.append(parked)
        if self._picked == actor:
            self._picked = None
            self._let(actor, self._enabled)
        else:
            self._settle()

    def _settle(self, all_awake: bool = False) -> None:
        """Once everybody rests, somebody moves."""
        if self._closed or self._picked is not None or not all(mover.rests for mover in self._movers):
            return
        waiting = [actor for actor, mover in enumerate(self._movers) if mover.waits]
        if waiting:
            for actor in set(waiting) - self._world.waiting(waiting):
                self._movers[actor].waits = False
        if all(mover.rests for mover in self._movers):
            self._decide(all_awake)

    def _decide(self, all_awake: bool) -> None:
        def order(actor: int) -> tuple[bool, int]:
            return actor != self._last, actor

        movers = list(enumerate(self._movers))
        ready = sorted((a for a, m in movers if m.parked and not m.asleep and not m.waits), key=order)
        asleep = [actor for actor, mover in movers if mover.asleep and (mover.parked or not all_awake)]
        if not ready and not asleep:
            return
        turn = Turn(tuple(ready), tuple(asleep), self.statements)
        actor = self._chooser.choose(turn)
        self._enabled = turn.enabled
        if self._movers[actor].parked:
            self._let(actor, self._enabled)
        else:
            self._picked = actor
            self._movers[actor].stirred_ns = self._world.now_ns()

    def _let(self, actor: int, enabled: tuple[int, ...]) -> None:
        mover = self._movers[actor]
        parked = mover.parked.popleft()
        mover.asleep = False
        mover.follows = parked.text is None
        self._last = actor
        now = self._world.now_ns()
        self.statements.append(Statement(now, actor, mover.step, parked.text or "", enabled, mover.month))
        self._pass(mover, parked)

    def _pass(self, mover: Mover, parked: Parked) -> None:
        mover.still = False
        mover.owed += parked.text is not None
        mover.stirred_ns = self._world.now_ns()
        parked.go()
