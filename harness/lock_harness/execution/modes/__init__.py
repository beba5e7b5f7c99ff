"""The three modes: how the steps of a program follow each other.  One mode per file."""

from lock_harness.core.program import Mode
from lock_harness.execution.modes.gate import GateMode
from lock_harness.execution.modes.lockstep import LockstepMode
from lock_harness.execution.modes.race import RaceMode

MODES: dict[Mode, type[LockstepMode | RaceMode | GateMode]] = {
    "lockstep": LockstepMode,
    "race": RaceMode,
    "gate": GateMode,
}
