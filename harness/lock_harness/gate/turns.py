"""Whose turn it is: where every actor stands, as the gate sees it, and who moves next.  No I/O.

After one was let through nobody else moves until it rests again: it stands before the gate, has finished, sleeps
between two tries, or waits in the server for somebody else.  Nor while a fault strikes.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import msgspec

from lock_harness.actors.mailbox import AtGate
from lock_harness.core.history import Move
from lock_harness.core.program import Month
from lock_harness.gate.parked import Parked, Speaker
from lock_harness.gate.schedulers.scheduler import Scheduler, Turn
from lock_harness.gate.strikes import Strike, Strikes

LOOK_NS = 1_000_000  # between two looks
ASK_NS = 2_000_000  # an answer that takes longer: does the server make it wait?
NAP_NS = 3_000_000  # a client that does nothing for so long sleeps
LATE_NS = 100_000_000  # an answer that is late comes so long after the timeout
LONG_SLEEP_NS = 200_000_000  # it was picked but goes on sleeping: somebody else moves


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

    def strike(self, number: int) -> None:
        """Have this fault of the program strike; whoever does it calls `go_on` when it is done."""
        ...


@dataclass
class Mover:
    """One actor as the gate sees it."""

    strikes: Strikes
    parked: deque[Parked] = field(default_factory=deque)
    step: int = 0
    said: str | None = None  # last, in this step
    timeout_ns: int = 0
    due_ns: int = 0  # then the timeout of its step is over
    month: Month | None = None
    owed: int = 0  # answers of the server
    came: bool = False  # has been at the gate before
    finished: bool = False
    waits: bool = False  # in the server, for somebody else
    asleep: bool = False
    follows: bool = False  # was let take a step, and its first message goes with it
    awaited: Strike | None = None  # strikes as soon as the server has done what it was asked
    struck: Strike | None = None  # strikes now
    still: bool = False  # did nothing when we looked; if nothing has come of it by the next look, it sleeps
    stirred_ns: int = 0

    @property
    def tries_again(self) -> bool:
        """Whether it sleeps between two tries, or has slept and says the same again: on a slow machine that is chance."""
        return self.asleep or (
            self.said is not None and bool(self.parked) and self.parked[0].text == self.said
        )

    @property
    def rests(self) -> bool:
        at_gate = self.finished or bool(self.parked)
        return not self.struck and (self.waits or self.asleep or (at_gate and not self.owed))


class Turns:
    """Takes turns among actors, for each of whom there are `strikes`, as `scheduler` says.

    `moves` is what was let through, in order.
    """

    def __init__(self, strikes: Iterable[Strikes], scheduler: Scheduler, world: World) -> None:
        self._movers = [Mover(one) for one in strikes]
        self._scheduler = scheduler
        self._world = world
        self._last = 0
        self._picked: int | None = None  # a sleeper whose turn it is as soon as it wakes
        self._closed = False
        self.moves: list[Move] = []
        self._world.after(LOOK_NS, self.look)

    # What happens

    def at_step(self, step: AtGate, go: Callable[[], None]) -> None:
        """An actor stands before a step of its own."""
        mover = self._movers[step.actor]
        mover.step, mover.month, mover.follows, mover.said = step.number, step.month, False, None
        mover.timeout_ns = step.timeout_ms * 1_000_000
        mover.strikes.at_step(step.number)
        self._park(step.actor, Parked(None, go))

    def said(self, actor: int, parked: Parked) -> None:
        """An actor says something to the server.  The first message of a step goes with the step."""
        mover = self._movers[actor]
        if self._closed or not mover.came:
            parked.go()
        elif parked.harmless and all(one.speaker is not parked.speaker for one in mover.parked):
            self._pass(actor, parked)
        elif mover.follows:
            mover.follows = False
            said = msgspec.structs.replace(self.moves[-1], at_ns=self._world.now_ns(), text=parked.text or "")
            self.moves[-1] = said
            self._pass(actor, parked)
        else:
            self._park(actor, parked)

    def answered(self, actor: int, replies: int = 1) -> None:
        """The server has answered."""
        mover = self._movers[actor]
        mover.owed = max(0, mover.owed - replies)
        mover.waits = mover.still = False
        mover.stirred_ns = self._world.now_ns()
        if mover.awaited and not mover.owed:
            self._strike(mover, mover.awaited)
        self._settle()

    def through(self, actor: int) -> None:
        """An actor has taken all its steps."""
        mover = self._movers[actor]
        mover.finished, mover.asleep = True, False
        if self._picked == actor:
            self._picked = None
        self._settle()

    def go_on(self, actor: int) -> None:
        """The fault has struck."""
        mover, now = self._movers[actor], self._world.now_ns()
        struck, mover.struck, mover.stirred_ns = mover.struck, None, now
        assert struck is not None
        match struck.fault.kind, struck.fault.point:
            case "kill", _:
                _forget(mover.parked)  # what it had said to another connection before it died
                self._movers[actor] = Mover(mover.strikes, stirred_ns=now)
            case "terminate", "before":
                mover.owed += 1
                struck.parked.go()
            case "terminate", _:
                mover.owed += 1
                struck.speaker.await_end()
            case "late", _:
                mover.owed += 1
                late = partial(self._answer_late, actor, struck.speaker)
                self._world.after(max(0, mover.due_ns + LATE_NS - now), late)

    def _answer_late(self, actor: int, speaker: Speaker) -> None:
        speaker.pass_on()
        self.answered(actor)

    @property
    def struck(self) -> Speaker | None:
        """The connection that a fault strikes just now."""
        return next((mover.struck.speaker for mover in self._movers if mover.struck), None)

    def close(self) -> None:
        """Let everything through from now on."""
        self._closed = True
        for mover in self._movers:
            for strike in (mover.awaited, mover.struck):
                if strike:
                    strike.speaker.pass_on()
            while mover.parked:
                mover.parked.popleft().go()

    def look(self) -> None:
        """Time has passed: whoever does not rest may wait in the server, or sleep."""
        if self._closed:
            return
        now = self._world.now_ns()
        stirred_ns = max((mover.stirred_ns for mover in self._movers), default=0)
        if now - stirred_ns < ASK_NS:  # somebody moves
            self._world.after(stirred_ns + ASK_NS - now, self.look)
            return
        owing = [actor for actor, mover in enumerate(self._movers) if mover.owed and not mover.waits]
        for actor in self._world.waiting(owing) if owing else ():
            mover = self._movers[actor]
            mover.waits = True
            if mover.awaited:
                self._strike(mover, mover.awaited)
        for actor, mover in enumerate(self._movers):
            quiet = mover.came and not (mover.owed or mover.struck) and now - mover.stirred_ns >= NAP_NS
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
        if not self._let_go_on():
            self._decide(all_awake)

    def _let_go_on(self) -> bool:
        """Whether the server has let somebody go on who waited for another session."""
        waiting = [actor for actor, mover in enumerate(self._movers) if mover.waits]
        free = set(waiting) - self._world.waiting(waiting) if waiting else set()
        for actor in free:
            self._movers[actor].waits = False
        return bool(free)

    def _decide(self, all_awake: bool) -> None:
        movers = self._movers
        ready: list[int] = []
        asleep: list[int] = []
        for actor, mover in enumerate(movers):
            if mover.tries_again:
                if mover.parked or not all_awake:
                    asleep.append(actor)
            elif mover.parked and not mover.waits:
                ready.insert(0 if actor == self._last else len(ready), actor)
        if not ready and not asleep:
            return
        steps = [mover.step for mover in movers]
        turn = Turn(tuple(ready), tuple(asleep), self.moves, steps)
        actor = self._scheduler.choose(turn)
        self._enabled = turn.enabled
        if movers[actor].parked:
            self._let(actor, self._enabled)
        else:
            self._picked = actor
            movers[actor].stirred_ns = self._world.now_ns()

    def _let(self, actor: int, enabled: tuple[int, ...]) -> None:
        mover = self._movers[actor]
        parked = mover.parked.popleft()
        mover.asleep = False
        mover.follows = parked.text is None
        self._last = actor
        now = self._world.now_ns()
        self.moves.append(Move(now, actor, mover.step, parked.text or "", enabled, mover.month))
        self._pass(actor, parked)

    def _pass(self, actor: int, parked: Parked) -> None:
        mover = self._movers[actor]
        mover.still = False
        mover.stirred_ns = self._world.now_ns()
        mover.said = mover.said if parked.harmless else parked.text
        if parked.text is None:
            mover.due_ns = mover.stirred_ns + mover.timeout_ns
        elif strike := None if parked.harmless else mover.strikes.at_message(parked):
            if strike.fault.point == "before":
                self._strike(mover, strike)
                return
            mover.awaited = strike
            strike.speaker.hold_back()
        mover.owed += parked.text is not None
        parked.go()

    def _strike(self, mover: Mover, strike: Strike) -> None:
        """Let a fault strike: whoever is killed, or whose connection breaks, says no more of what waits here."""
        mover.awaited, mover.struck = None, strike
        if strike.fault.point == "half":
            strike.speaker.pass_on(half=True)
        if strike.fault.kind == "reset":
            mover.parked = deque(one for one in mover.parked if one.speaker is not strike.speaker)
        elif strike.fault.traits.ends_process:
            _forget((strike.parked, *mover.parked))
            mover.parked.clear()
        self._world.strike(strike.number)


def _forget(parked: Iterable[Parked]) -> None:
    """Whoever is dead never said that."""
    for one in parked:
        if one.speaker:
            one.speaker.forget()
