"""Long histories of a race, simulated: free-running processes against a correct lock, on a clock of our own.

64 clients share 12 months.  A waiting acquire polls, calls take random times to the server and back, and
a call that fails may or may not have reached it: the history is what such a race would have written down.
"""

from collections.abc import Generator
from itertools import count
from random import Random

from benchmarks.agenda import Agenda, Life
from lock_harness.core.fault import FaultKind
from lock_harness.core.history import Event, EventKind, History
from lock_harness.core.program import Month, Verb

MONTHS = tuple(Month(2090, number) for number in range(1, 13))
ACTORS = 64
TIMEOUTS_MS = (0, 5, 20, 50)
US = 1000
MS = 1_000_000
WAY, THINK, BODY, POLL = 200 * US, 300 * US, 500 * US, 1 * MS  # means: to the server, between calls, ...
FREED = 5 * MS  # from the end of a session until the server lets go of what it held
CRASHES = 0.0002  # of the calls, if none has an unknown outcome for another reason

Session = tuple[int, int]
Call = Generator[int, None, bool]


class _Lost(Exception):
    """The call did not answer: the session is no more."""


def simulated(operations: int, unsure: float = 0.0, seed: int = 0) -> History:
    """A history of so many operations, of which the share `unsure` has an unknown outcome.

    One in ten of those is a crash, the others are errors, after which the client opens another session.
    """
    world = _World(operations, unsure, seed)
    for actor in range(ACTORS):
        world.start(_Client(world, actor).live())
    world.run()
    return History(ACTORS, MONTHS, tuple(world.events))


class _World(Agenda):
    """The clock, the server with its locks, and what was written down."""

    def __init__(self, operations: int, unsure: float, seed: int) -> None:
        super().__init__(Random(seed))
        self.events: list[Event] = []
        self.left = operations
        self.numbers = count()
        fails = unsure / (1 - 0.9 * unsure)  # of the calls but reopen, of which each error brings one
        self.crashes = fails / 10 or CRASHES
        self.errors = fails * 0.9
        self._locks: dict[Month, list[Session]] = {month: [] for month in MONTHS}

    def ask(self, session: Session, verb: Verb, month: Month) -> bool:
        """What the server does and says."""
        holds = self._locks[month]
        if verb == "is_locked":
            return bool(holds)
        mine = session in holds
        if verb == "release":
            return mine and bool(holds.pop())
        if mine or not holds:
            holds.append(session)
            return True
        return False

    def free(self, session: Session) -> Life:
        """The end of a session, as the server notices it."""
        yield self.some(FREED)
        for holds in self._locks.values():
            if session in holds:
                holds.clear()


class _Client:
    def __init__(self, world: _World, actor: int) -> None:
        self._world = world
        self._actor = actor
        self._life = 0

    def live(self) -> Life:
        world = self._world
        while world.left > 0:
            try:
                yield world.some(THINK)
                month = world.random.choice(MONTHS)
                if world.random.random() < 0.2:
                    yield from self._call("is_locked", month)
                elif world.random.random() < 0.02:
                    yield from self._call("release", month)
                else:
                    yield from self._work(month)
            except _Lost:
                self._life += 1

    def _work(self, month: Month) -> Life:
        """Take the month, now and then twice, and give it back as often."""
        random = self._world.random
        held = 0
        while held == 0 or random.random() < 0.1:
            if not (yield from self._call("acquire", month, random.choice(TIMEOUTS_MS))):
                return
            held += 1
            yield self._world.some(BODY)
        for _ in range(held):
            yield self._world.some(THINK)
            yield from self._call("release", month)

    def _call(self, verb: Verb, month: Month, timeout_ms: int = 0) -> Call:
        world = self._world
        world.left -= 1
        number = next(world.numbers)
        self._write("invoke", number, verb, month, timeout_ms=timeout_ms)
        asked_ns, fate = world.now_ns, world.random.random()
        fails = fate < world.errors + world.crashes
        yield world.some(WAY)
        answer = False
        if not fails or world.random.random() < 0.5:
            answer = yield from self._at_the_server(verb, month, asked_ns + timeout_ms * MS)
        yield world.some(WAY)
        if not fails:
            self._write("ok", number, verb, month, answer=answer)
            return answer
        if fate < world.crashes:
            yield from self._crash()
        else:
            self._write("info", number, verb, month, error="OperationalError: connection lost")
            yield from self._reopen()
        raise _Lost

    def _at_the_server(self, verb: Verb, month: Month, until_ns: int) -> Call:
        world, session = self._world, (self._actor, self._life)
        while not (answer := world.ask(session, verb, month)) and world.now_ns < until_ns:
            yield min(world.some(POLL), until_ns - world.now_ns)
        return answer

    def _crash(self) -> Life:
        self._write("fault", next(self._world.numbers), fault="kill")
        self._world.start(self._world.free((self._actor, self._life)))
        yield FREED

    def _reopen(self) -> Life:
        yield self._world.some(THINK)
        self._world.left -= 1
        number = next(self._world.numbers)
        self._write("invoke", number, "reopen")
        self._world.start(self._world.free((self._actor, self._life)))
        yield self._world.some(WAY)
        self._write("ok", number, "reopen")

    def _write(
        self,
        kind: EventKind,
        number: int,
        verb: Verb | None = None,
        month: Month | None = None,
        *,
        fault: FaultKind | None = None,
        timeout_ms: int = 0,
        answer: bool | None = None,
        error: str | None = None,
    ) -> None:
        event = Event(
            *(self._world.now_ns, kind, self._actor, self._life, number, verb, month, fault, timeout_ms),
            answer=answer,
            error=error,
        )
        self._world.events.append(event)
