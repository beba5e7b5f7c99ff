"""A simulated server: sessions, and the session locks on months, with or without a defect."""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Literal, get_args

from lock_harness.core.fault import FaultKind
from lock_harness.core.history import SessionId
from lock_harness.core.program import Month, Verb

Defect = Literal[
    "grants twice",
    "refuses",
    "says free",
    "says locked",
    "gives up early",
    "forgets a release",
    "releases all",
    "keeps locks of the dead",
]
DEFECTS: tuple[Defect, ...] = get_args(Defect)
# how often a defect shows
DEFECT_RATE = 0.3


@dataclass(eq=False)
class SimulatedSession:
    """A session at the server, and its network connection.

    fault      the fault of its network, if any
    cancelled  whether a cancel request for its statement is on its way
    """

    id: SessionId
    ended: bool = False
    fault: FaultKind | None = None
    cancelled: bool = False


class SimulatedServer:
    """Grants each month to one session at a time, re-entrantly, except for its defect."""

    def __init__(self, random: Random, months: Iterable[Month], defect: Defect | None = None) -> None:
        self._random = random
        self._defect = defect
        # for each month the session that holds it, as many times as it does
        self._holders: dict[Month, list[SimulatedSession]] = {month: [] for month in months}

    def shows(self, defect: Defect) -> bool:
        """Whether this is the planted defect, and it shows now."""
        return self._defect == defect and self._random.random() < DEFECT_RATE

    def execute(self, session: SimulatedSession, verb: Verb, month: Month) -> bool:
        """Execute a request, and return the answer."""
        holders = self._holders[month]
        if verb == "is_locked":
            return not self.shows("says free") if holders else self.shows("says locked")
        if verb == "release":
            return self._release(session, holders)
        if self.shows("refuses"):
            return False
        if all(holder is session for holder in holders) or self.shows("grants twice"):
            holders.append(session)
            return True
        return False

    def _release(self, session: SimulatedSession, holders: list[SimulatedSession]) -> bool:
        held = session in holders
        if held and not self.shows("forgets a release"):
            holders.remove(session)
        if self.shows("releases all"):
            self._release_all(session)
        return held

    def end(self, session: SimulatedSession) -> None:
        """End a session, and release its months."""
        session.ended = True
        if not self.shows("keeps locks of the dead"):
            self._release_all(session)

    def _release_all(self, session: SimulatedSession) -> None:
        for holders in self._holders.values():
            if session in holders:
                holders[:] = [holder for holder in holders if holder is not session]
