"""The three modes: how the steps of a program follow each other.  One mode per file.

`take_steps` of a mode returns when all steps have been taken.  If it is `free_running`, each actor gets its own steps
with the message that starts it, and releases at the end what it holds.  Otherwise all steps are sent to all actors
ahead, and the conductor tells them to release.
"""

from lock_harness.core.program import Mode
from lock_harness.execution.modes.gate import GateMode
from lock_harness.execution.modes.lockstep import LockstepMode
from lock_harness.execution.modes.race import RaceMode

MODES: dict[Mode, type[LockstepMode | RaceMode | GateMode]] = {
    "lockstep": LockstepMode,
    "race": RaceMode,
    "gate": GateMode,
}
