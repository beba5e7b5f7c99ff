"""Histories of a correct lock that suffers faults, and of broken ones, simulated on a clock of our own.

A client talks to the server over a way that takes time, polls while it waits, and does not know what happened to its
session until it hears of it: what it was told just before, or does in good faith just after, is in the history as it
would be in a real one.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any

from benchmarks.agenda import Agenda, Life
from lock_harness.core.fault import FAULTS, FaultKind
from lock_harness.core.history import Audit, Event, EventKind, History, SessionId
from lock_harness.core.program import Month, Verb

MS = 1_000_000
US = 1000
WAY, THINK, WORK, NOTICED, POLL = 200 * US, 500 * US, 3 * MS, 1 * MS, 1 * MS  # means of times
LONGEST_MS = 60  # that a lasting fault takes
PROBE_MS = 1500
MONTHS = (Month(2090, 1), Month(2090, 2))
KINDS: tuple[FaultKind, ...] = (
    *("kill", "terminate", "reset", "cut", "cancel", "pause"),
    *("half_open", "deaf", "mute", "restart_immediate"),
)
DEFECTS = (
    *("grants twice", "refuses", "says free", "says locked", "gives up early"),
    *("forgets a release", "releases all", "keeps what the dead held"),
)
RATE = 0.3  # how often a defect shows

Answer = Generator[int, None, bool]


class _Lost(Exception):
    """The session is no more, as the client now knows."""


@dataclass
class _Session:
    """As the server knows it; `fault` is what its network suffers."""

    id: SessionId
    ended: bool = False
    fault: FaultKind | None = None
    cancelled: bool = False


class World(Agenda):
    """A server with its locks, a number for each month that only the lock protects, and what was written down.

    `defect`: what the lock does wrong now and then.
    """

    def __init__(self, random: Random, actors: int = 3, defect: str | None = None) -> None:
        super().__init__(random)
        self.defect = defect
        self.events: list[Event] = []
        self.locks: dict[Month, list[_Session]] = {month: [] for month in MONTHS}
        self.written = dict.fromkeys(MONTHS, 0)
        self.numbers = count()
        self.clients = [Client(self, actor) for actor in range(actors)]

    def history(self, faults: int) -> History:
        """What is written down of everybody's work, and of one probe of each month when all is over."""
        for client in self.clients:
            self.start(client.live())
        for _ in range(faults):
            self.start(self._fault(self.random.choice(KINDS)))
        self.run()
        for place, month in enumerate(MONTHS):
            self.start(self.clients[place].probe(month))
        self.run()
        audit = Audit(self.now_ns, "at the end", (), (), len(self.clients), 0)
        return History(
            len(self.clients), MONTHS, tuple(sorted(self.events, key=lambda one: one.at_ns)), (audit,)
        )

    def wrong(self, defect: str) -> bool:
        return self.defect == defect and self.random.random() < RATE

    # The server

    def ask(self, session: _Session, verb: Verb, month: Month) -> bool:
        """What it does and says."""
        holds = self.locks[month]
        if verb == "is_locked":
            return not self.wrong("says free") if holds else self.wrong("says locked")
        if verb == "release":
            mine = session in holds
            if mine and not self.wrong("forgets a release"):
                holds.remove(session)
            if self.wrong("releases all"):
                self._let_go(session)
            return mine
        if self.wrong("refuses"):
            return False
        if all(one is session for one in holds) or self.wrong("grants twice"):
            holds.append(session)
            return True
        return False

    def end(self, session: _Session) -> None:
        session.ended = True
        if not self.wrong("keeps what the dead held"):
            self._let_go(session)

    def _let_go(self, session: _Session) -> None:
        for month, holds in self.locks.items():
            self.locks[month] = [one for one in holds if one is not session]

    # Faults

    def _fault(self, kind: FaultKind) -> Life:
        yield self.some(8 * MS)
        client = self.random.choice(self.clients)
        number, victims = next(self.numbers), self.clients if FAULTS[kind].whole_server else [client]
        struck = [(one, one.session) for one in victims if one.may_suffer]
        for one, session in struck:
            self._note("fault", session, number, kind)
            if kind == "kill":
                one.kill()
        yield self.some(50 * US)
        for one, session in struck:
            self.start(self._strike(one, session, number, kind))

    def _strike(self, client: "Client", session: _Session, number: int, kind: FaultKind) -> Life:
        if kind == "cancel":
            session.cancelled = client.asks
            return
        lasts_ns = self.random.randrange(1, LONGEST_MS) * MS
        if kind == "pause":
            client.paused_ns = self.now_ns + lasts_ns
            yield lasts_ns
            self._note("heal", session, number, kind)
            return
        session.fault = kind
        if FAULTS[kind].lasting:
            yield lasts_ns
            self._note("heal", session, number, kind)
            session.fault = "reset"
        yield self.some(NOTICED)
        self.end(session)
        yield self.some(NOTICED)
        self._note("gone", session, number)
        if kind == "kill":
            client.next_life()
            self.start(client.live())

    def _note(self, what: EventKind, session: _Session, number: int, kind: FaultKind | None = None) -> None:
        self.events.append(Event(self.now_ns, what, *session.id, number, fault=kind))


class Client:
    """A worker: asks, waits, counts under the lock, and opens another session when it has lost one."""

    def __init__(self, world: World, actor: int) -> None:
        self._world = world
        self.actor = actor
        self.session = _Session(SessionId(actor, 0))
        self.paused_ns = 0
        self.working = True
        self.asks = False
        self._underway: tuple[Verb, Month] | None = None
        self._held: dict[Month, int] = {}
        self._left = world.random.randrange(2, 9)  # things to do
        self._process = 0

    def kill(self) -> None:
        """What was on its way to the server may arrive."""
        if self._underway and not self.session.ended and self._world.random.random() < 0.5:
            self._world.ask(self.session, *self._underway)
        self._process += 1
        self._held.clear()
        self._underway, self.asks = None, False

    @property
    def may_suffer(self) -> bool:
        return self.working and self.paused_ns <= self._world.now_ns and self.session.fault is None

    def live(self) -> Life:
        """One process: until it is through, or killed."""
        mine = self._process
        for wait_ns in self._work():
            yield wait_ns
            while mine == self._process and self.paused_ns > self._world.now_ns:
                yield self.paused_ns - self._world.now_ns
            if mine != self._process:
                return

    def _work(self) -> Life:
        while self._left:
            self._left -= 1
            yield from self._unless_lost(self._something())
        while self._held:
            yield from self._unless_lost(self._give_back())
        self.working = False

    def probe(self, month: Month) -> Life:
        """After all is over."""
        if self.session.fault:
            yield from self._reopen()
        yield from self._unless_lost(self._acquire(month, PROBE_MS))
        if self._held:
            yield from self._unless_lost(self._release(month))

    def _unless_lost(self, work: Life) -> Life:
        try:
            yield self._world.some(THINK)
            yield from work
        except _Lost:
            yield from self._reopen()

    def _something(self) -> Life:
        world, month = self._world, self._world.random.choice(MONTHS)
        match world.random.randrange(8):
            case 0:
                yield from self._call("is_locked", month)
            case 1:
                yield from self._release(month)
            case 2:
                yield from self._hold(month)
            case 3:
                yield from self._reopen()
            case _:
                yield from self._acquire(month, world.random.choice((0, 0, 5, 20)))
                if self._held.get(month):
                    yield world.some(WORK)
                    yield from self._count(month)
                    if world.random.random() < 0.7:
                        yield from self._release(month)

    def _acquire(self, month: Month, timeout_ms: int) -> Life:
        if (yield from self._call("acquire", month, timeout_ms)):
            self._held[month] = self._held.get(month, 0) + 1

    def _release(self, month: Month) -> Life:
        left = self._held.pop(month, 0) - 1
        if left > 0:
            self._held[month] = left
        yield from self._call("release", month)

    def _give_back(self) -> Life:
        yield from self._release(next(iter(self._held)))

    def _count(self, month: Month) -> Life:
        number = next(self._world.numbers)
        self._write("invoke", number, "count", month)
        yield self._world.some(WAY)
        found = self._world.written[month]
        yield self._world.some(WAY)
        self._world.written[month] = found + 1
        yield self._world.some(WAY)
        self._write("ok", number, "count", month, counted=found)

    def _hold(self, month: Month) -> Life:
        world, number = self._world, next(self._world.numbers)
        self._write("invoke", number, "hold", month)
        with self._told(number, "hold", month):
            if answer := (yield from self._ask("acquire", month, 0)):
                self._write("enter", number, "hold", month)
                yield world.some(THINK)
                self._write("leave", number, "hold", month)
                yield from self._ask("release", month, 0)
            self._write("ok", number, "hold", month, answer=answer)

    def _reopen(self) -> Life:
        world, number, old = self._world, next(self._world.numbers), self.session
        self._write("invoke", number, "reopen")
        self._held.clear()
        if not old.ended and not old.fault:
            world.start(self._closed(old))
        yield world.some(WAY)
        self._write("ok", number, "reopen")
        self.next_life()

    def next_life(self) -> None:
        self.session = _Session(SessionId(self.actor, self.session.id.incarnation + 1))

    def _closed(self, session: _Session) -> Life:
        yield self._world.some(NOTICED)
        self._world.end(session)

    # What is said to the server

    def _call(self, verb: Verb, month: Month, timeout_ms: int = 0) -> Answer:
        number = next(self._world.numbers)
        self._write("invoke", number, verb, month, timeout_ms=timeout_ms)
        with self._told(number, verb, month):
            answer = yield from self._ask(verb, month, timeout_ms)
            self._write("ok", number, verb, month, answer=answer)
        return answer

    def _ask(self, verb: Verb, month: Month, timeout_ms: int) -> Answer:
        until_ns = self._world.now_ns + timeout_ms * MS
        while True:
            answer = yield from self._exchange(verb, month)
            left_ns = until_ns - self._world.now_ns
            if answer or left_ns <= 0 or verb != "acquire" or self._world.wrong("gives up early"):
                return answer
            yield min(self._world.some(POLL), left_ns)

    def _exchange(self, verb: Verb, month: Month) -> Answer:
        """There and back.  What is on its way when a connection breaks may arrive, or not."""
        world, session = self._world, self.session
        self._underway, self.asks = (verb, month), True
        yield world.some(WAY)
        self._underway = None
        answer, lost = False, session.ended or session.fault in ("mute", "half_open")
        if session.cancelled:
            session.cancelled = self.asks = False
            raise _Lost
        if not lost:
            answer = world.ask(session, verb, month)
        yield world.some(WAY)
        lost = lost or session.fault in ("deaf", "half_open")
        if session.fault in ("reset", "cut", "terminate", "restart_immediate"):
            lost = lost or world.random.random() < 0.5
        while lost and session.fault and FAULTS[session.fault].lasting:
            yield MS  # nobody tells it
        self.asks = False
        if lost:
            raise _Lost
        return answer

    @contextmanager
    def _told(self, number: int, verb: Verb, month: Month) -> Iterator[None]:
        try:
            yield
        except _Lost:
            self._write("info", number, verb, month, error="OperationalError: it is gone")
            raise

    def _write(
        self, kind: EventKind, number: int, verb: Verb, month: Month | None = None, **more: Any
    ) -> None:
        event = Event(self._world.now_ns, kind, *self.session.id, number, verb, month, **more)
        self._world.events.append(event)
