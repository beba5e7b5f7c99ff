"""The client of a simulated actor: it calls operations of the lock, logs them, and opens another session when it has lost one."""

from collections.abc import Iterator
from contextlib import contextmanager

from lock_harness.core.history import SessionId
from lock_harness.core.program import Month, Verb
from simulation.clock import MS, Process
from simulation.connection import Answer, Connection, SessionLost
from simulation.server import SimulatedSession
from simulation.world import World


class SimulatedClient:
    """The operations of one actor.

    `reconnects`: an acquire that loses its connection by a fault opens another one in the same lock session.

    `held` has, for each month, how often the client believes to hold it.
    """

    def __init__(self, world: World, actor: int, *, reconnects: bool = False) -> None:
        self.world = world
        self._reconnects = reconnects
        self.held: dict[Month, int] = {}
        self._connection = self._connect(SessionId(actor, 0))

    @property
    def session(self) -> SimulatedSession:
        """The current session at the server."""
        return self._connection.session

    @property
    def waits_for_answer(self) -> bool:
        """Whether a statement is running that can be cancelled."""
        return self._connection.waits_for_answer

    # Sessions

    def _connect(self, session: SessionId) -> Connection:
        world = self.world
        return Connection(
            session=session,
            clock=world.clock,
            random=world.random,
            server=world.server,
            travel_ns=world.timing.travel_ns,
        )

    def connect_again(self) -> None:
        """Continue with a new session."""
        last = self.session.id
        self._connection = self._connect(SessionId(last.actor, last.incarnation + 1))

    def forget_all(self) -> None:
        """Discard the state of the killed process."""
        self._connection.abandon()
        self.held.clear()

    def reopen(self) -> Process:
        """Close the session, and open another one."""
        old = self.session
        number = self.world.log.begin(old.id, verb="reopen")
        self.held.clear()
        if not old.ended and not old.fault:
            self.world.clock.start(self._end(old))
        yield self.world.clock.draw_ns(self.world.timing.travel_ns)
        self.world.log.write("ok", old.id, number, verb="reopen")
        self.connect_again()

    def _end(self, session: SimulatedSession) -> Process:
        yield self.world.clock.draw_ns(self.world.timing.notice_ns)
        self.world.server.end(session)

    def reopen_if_lost(self, operations: Process) -> Process:
        """Think, and call the operations; open another session if this one is lost."""
        try:
            yield self.world.clock.draw_ns(self.world.timing.think_ns)
            yield from operations
        except SessionLost:
            yield from self.reopen()

    # Operations

    def acquire(self, month: Month, timeout_ms: int = 0) -> Process:
        """Acquire `month`."""
        if (yield from self._call("acquire", month, timeout_ms)):
            self.held[month] = self.held.get(month, 0) + 1

    def release(self, month: Month) -> Process:
        """Release `month`, held or not."""
        left = self.held.pop(month, 0) - 1
        if left > 0:
            self.held[month] = left
        yield from self._call("release", month)

    def is_locked(self, month: Month) -> Process:
        """Ask whether `month` is held."""
        yield from self._call("is_locked", month)

    def count(self, month: Month) -> Process:
        """Add one to the number that the lock on `month` protects."""
        clock, log, numbers = self.world.clock, self.world.log, self.world.numbers
        number = log.begin(self.session.id, verb="count", month=month)
        yield clock.draw_ns(self.world.timing.travel_ns)
        found = numbers[month]
        yield clock.draw_ns(self.world.timing.travel_ns)
        numbers[month] = found + 1
        yield clock.draw_ns(self.world.timing.travel_ns)
        log.write("ok", self.session.id, number, verb="count", month=month, counted=found)

    def hold(self, month: Month) -> Process:
        """Run a body under the lock on `month`."""
        clock, log, session = self.world.clock, self.world.log, self.session.id
        number = log.begin(session, verb="hold", month=month)
        with self._error_logged(number, "hold", month):
            if answer := (yield from self._request("acquire", month, 0)):
                log.write("enter", session, number, verb="hold", month=month)
                yield clock.draw_ns(self.world.timing.think_ns)
                log.write("leave", session, number, verb="hold", month=month)
                yield from self._request("release", month, 0)
            log.write("ok", session, number, verb="hold", month=month, answer=answer)

    def _call(self, verb: Verb, month: Month, timeout_ms: int = 0) -> Answer:
        log, session = self.world.log, self.session.id
        number = log.begin(session, verb=verb, month=month, timeout_ms=timeout_ms)
        with self._error_logged(number, verb, month):
            answer = yield from self._request(verb, month, timeout_ms)
            log.write("ok", session, number, verb=verb, month=month, answer=answer)
        return answer

    def _request(self, verb: Verb, month: Month, timeout_ms: int) -> Answer:
        """Send the request, and repeat it until it is granted or the time is over."""
        world = self.world
        until_ns = world.clock.now_ns + timeout_ms * MS
        breaks = world.break_rate > 0 and world.random.random() < world.break_rate
        while True:
            answer = yield from self._exchange(verb, month, breaks)
            left_ns = until_ns - world.clock.now_ns
            if answer or left_ns <= 0 or verb != "acquire" or world.server.shows("gives up early"):
                return answer
            yield min(world.clock.draw_ns(world.timing.poll_ns), left_ns)

    def _exchange(self, verb: Verb, month: Month, breaks: bool) -> Answer:
        """Send a request; if its connection is lost and it may be repeated, send it on a new connection."""
        try:
            return (yield from self._connection.exchange(verb, month, breaks=breaks))
        except SessionLost:
            if not self._reconnects or verb != "acquire" or self.session.fault is None:
                raise
        self.held.clear()
        self._connection = self._connect(self.session.id)
        return (yield from self._exchange(verb, month, breaks))

    @contextmanager
    def _error_logged(self, number: int, verb: Verb, month: Month) -> Iterator[None]:
        try:
            yield
        except SessionLost:
            error = "OperationalError: connection lost"
            self.world.log.write("info", self.session.id, number, verb=verb, month=month, error=error)
            raise
