"""Faults that strike at a message: when each of one actor is due."""

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from lock_harness.core.fault import Fault
from lock_harness.core.program import Program
from lock_harness.gate.parked import Parked, Speaker


class Coming(NamedTuple):
    """A fault, and its number in the program."""

    number: int
    fault: Fault


class Strike(NamedTuple):
    """A fault at the message that it strikes at."""

    number: int
    fault: Fault
    parked: Parked

    @property
    def speaker(self) -> Speaker:
        assert self.parked.speaker is not None
        return self.parked.speaker


class Strikes:
    """The faults that one actor has still before it."""

    def __init__(self, faults: Iterable[Coming] = ()) -> None:
        self._coming = deque(faults)
        self._step = -1
        self._said = 0  # messages since the place of the first of them

    def at_step(self, number: int) -> None:
        self._step = number

    def at_message(self, parked: Parked) -> Strike | None:
        """This message goes to the server now: the fault that strikes at it, if one does."""
        if not self._coming or self._coming[0].number > self._step:
            return None
        number, fault = self._coming[0]
        if self._said < fault.message:
            self._said += 1
            return None
        self._coming.popleft()
        self._said = 0
        return Strike(number, fault, parked)


def strikes(program: Program) -> list[Strikes]:
    """Those of each actor."""
    faults = [Coming(number, step) for number, step in enumerate(program.steps) if isinstance(step, Fault)]
    return [Strikes(one for one in faults if one.fault.actor == actor) for actor in range(program.actors)]
