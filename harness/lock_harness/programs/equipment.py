"""What the arena of a scenario must have besides actors and a server."""

from typing import NamedTuple

from lock_harness.core.fault import FAULTS, Fault, FaultKind, FaultTarget, fault_kinds
from lock_harness.core.program import Pooler
from lock_harness.programs.draw import FAULTS_BY_STEP_KIND, Draw
from lock_harness.programs.scenario import CrashPoints, EveryOrder, Workload


class Equipment(NamedTuple):
    """What the world of a program must have besides actors and a server."""

    faults: frozenset[FaultKind] = frozenset()
    pooler: Pooler | None = None
    gate: bool = False

    def targets(self, target: FaultTarget) -> bool:
        """Whether one of the faults is done to this."""
        return any(FAULTS[kind].target == target for kind in self.faults)


NO_EQUIPMENT = Equipment()


def equipment(what: Workload) -> Equipment:
    """What it takes to carry out a program, or whatever may be drawn."""
    if isinstance(what, CrashPoints):
        return Equipment(frozenset(fault_kinds(lambda one: one.crash)), gate=True)
    if isinstance(what, EveryOrder):
        return equipment(what.program)
    more = what.pooler, what.mode == "gate"
    if isinstance(what, Draw):
        return Equipment(
            frozenset(FAULTS_BY_STEP_KIND[kind] for kind in what.weights if kind in FAULTS_BY_STEP_KIND),
            *more,
        )
    return Equipment(frozenset(step.kind for step in what.steps if isinstance(step, Fault)), *more)
