"""Faults that hit a message: for each actor, when the next one is due."""

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from lock_harness.core.fault import Fault
from lock_harness.core.program import Program
from lock_harness.gate.pending import PendingRequest, RequestConnection


class PlannedFault(NamedTuple):
    """A fault, and its number in the program."""

    number: int
    fault: Fault


class DueFault(NamedTuple):
    """A fault, and the request that it hits."""

    number: int
    fault: Fault
    request: PendingRequest

    @property
    def connection(self) -> RequestConnection:
        assert self.request.connection is not None
        return self.request.connection


class FaultPlan:
    """The faults that are still to be injected at messages of one actor, in the order of the program."""

    def __init__(self, faults: Iterable[PlannedFault] = ()) -> None:
        self._planned = deque(faults)
        self._step = -1
        # messages since the place of the first planned fault
        self._messages = 0

    def at_step(self, number: int) -> None:
        """Note that the actor has come to this step of the program."""
        self._step = number

    def at_message(self, request: PendingRequest) -> DueFault | None:
        """Return the fault that hits this request, which is about to be let through; None if there is none."""
        if not self._planned or self._planned[0].number > self._step:
            return None
        number, fault = self._planned[0]
        if self._messages < fault.message:
            self._messages += 1
            return None
        self._planned.popleft()
        self._messages = 0
        return DueFault(number, fault, request)


def fault_plans(program: Program) -> list[FaultPlan]:
    """Return the plan of each actor."""
    planned = [
        PlannedFault(number, step) for number, step in enumerate(program.steps) if isinstance(step, Fault)
    ]
    return [FaultPlan(one for one in planned if one.fault.actor == actor) for actor in range(program.actors)]
