"""All parts of one simulation, with the times that things take."""

from dataclasses import dataclass
from random import Random

from lock_harness.core.program import Month
from simulation.clock import MS, US, VirtualClock
from simulation.log import EventLog
from simulation.server import Defect, SimulatedServer


@dataclass(frozen=True)
class Timing:
    """Mean durations.

    travel_ns  a message between client and server
    think_ns   a client between two operations
    work_ns    a client while it holds a month
    poll_ns    a waiting client between two requests
    notice_ns  from the end of a connection until the server ends the session
    """

    travel_ns: int = 200 * US
    think_ns: int = 500 * US
    work_ns: int = 3 * MS
    poll_ns: int = 1 * MS
    notice_ns: int = 1 * MS


class World:
    """The clock, the server, the log, and for each month a number that only the lock protects.

    `break_rate`: how many of the requests lose their connection by themselves.
    """

    def __init__(
        self,
        random: Random,
        *,
        months: tuple[Month, ...],
        timing: Timing,
        defect: Defect | None = None,
        break_rate: float = 0.0,
    ) -> None:
        self.random = random
        self.months = months
        self.timing = timing
        self.break_rate = break_rate
        self.clock = VirtualClock(random)
        self.server = SimulatedServer(random, months, defect)
        self.log = EventLog(self.clock)
        self.numbers = dict.fromkeys(months, 0)
