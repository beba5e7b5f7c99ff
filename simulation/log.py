"""The log of a simulated example: the events that real actors and the conductor would have logged."""

from itertools import count
from typing import Any

from lock_harness.core.history import Event, EventKind, SessionId
from simulation.clock import VirtualClock


class EventLog:
    """Events in the order of time, and the numbers of operations and faults."""

    def __init__(self, clock: VirtualClock) -> None:
        self.events: list[Event] = []
        self.operations = 0
        self._clock = clock
        self._numbers = count()

    def begin(self, session: SessionId, **fields: Any) -> int:
        """Log the invocation of an operation, and return its number."""
        self.operations += 1
        number = self.next_number()
        self.write("invoke", session, number, **fields)
        return number

    def write(self, kind: EventKind, session: SessionId, number: int, **fields: Any) -> None:
        """Log an event at the current time."""
        event = Event(self._clock.now_ns, kind, session.actor, session.incarnation, number, **fields)
        self.events.append(event)

    def next_number(self) -> int:
        """Return a number for an operation or a fault."""
        return next(self._numbers)
