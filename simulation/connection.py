"""The connection of a simulated client to the server: messages take time, and faults lose them."""

from collections.abc import Generator
from random import Random

from lock_harness.core.fault import FAULTS
from lock_harness.core.history import SessionId
from lock_harness.core.program import Month, Verb
from simulation.clock import MS, VirtualClock
from simulation.server import SimulatedServer, SimulatedSession

# a part of a simulated process that returns the answer of the lock
Answer = Generator[int, None, bool]


class SessionLost(Exception):
    """The client got no answer, and knows that its session has ended."""


class Connection:
    """One session at the server, and the request that is under way.

    `waits_for_answer`: a cancel request would hit the statement.
    """

    def __init__(
        self,
        *,
        session: SessionId,
        clock: VirtualClock,
        random: Random,
        server: SimulatedServer,
        travel_ns: int,
    ) -> None:
        self.session = SimulatedSession(session)
        self.waits_for_answer = False
        self._clock = clock
        self._random = random
        self._server = server
        self._travel_ns = travel_ns
        self._request: tuple[Verb, Month] | None = None

    def exchange(self, verb: Verb, month: Month, *, breaks: bool = False) -> Answer:
        """Send a request, and return the answer.  `SessionLost` if it was lost.

        A request that is under way when the connection breaks, which it does by itself with `breaks`, may arrive or not.
        """
        session = self.session
        self._request, self.waits_for_answer = (verb, month), True
        yield self._clock.draw_ns(self._travel_ns)
        self._request = None
        if session.cancelled:
            session.cancelled = self.waits_for_answer = False
            raise SessionLost
        lost = (
            session.ended
            or session.fault in ("mute", "half_open")
            or (breaks and self._random.random() < 0.5)
        )
        answer = False if lost else self._server.execute(session, verb, month)
        yield self._clock.draw_ns(self._travel_ns)
        lost = lost or breaks or self._loses_answer()
        while lost and session.fault and FAULTS[session.fault].lasting:
            # the client does not notice the fault until it is healed
            yield MS
        self.waits_for_answer = False
        if lost:
            raise SessionLost
        return answer

    def _loses_answer(self) -> bool:
        if self.session.fault in ("reset", "cut", "terminate", "restart_immediate"):
            return self._random.random() < 0.5
        return self.session.fault in ("deaf", "half_open")

    def abandon(self) -> None:
        """Drop the client's side of the connection; a request that is under way may still arrive."""
        if self._request and not self.session.ended and self._random.random() < 0.5:
            self._server.execute(self.session, *self._request)
        self._request, self.waits_for_answer = None, False
