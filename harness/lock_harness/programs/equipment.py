"""What the arena of a scenario must have besides actors and a server."""

from typing import NamedTuple

from lock_harness.core.fault import GATE_FAULTS, Fault, FaultKind
from lock_harness.core.program import Pooler
from lock_harness.programs.draw import FAULTS, Draw
from lock_harness.programs.scenario import CrashPoints, Every, What


class Equipment(NamedTuple):
    """What the world of a program must have besides actors and a server."""

    faults: frozenset[FaultKind] = frozenset()
    pooler: Pooler | None = None
    gate: bool = False


NO_EQUIPMENT = Equipment()


def equipment(what: What) -> Equipment:
    """What it takes to carry out a program, or whatever may be drawn."""
    if isinstance(what, CrashPoints):
        return Equipment(frozenset(GATE_FAULTS) - {"late"}, gate=True)
    if isinstance(what, Every):
        return equipment(what.program)
    more = what.pooler, what.mode == "gate"
    if isinstance(what, Draw):
        return Equipment(frozenset(FAULTS[kind] for kind in what.weights if kind in FAULTS), *more)
    return Equipment(frozenset(step.kind for step in what.steps if isinstance(step, Fault)), *more)
