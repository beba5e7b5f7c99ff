"""The three modes: how the steps of a program follow each other.  One mode per file."""

from typing import Protocol

from lock_harness.core.program import Mode
from lock_harness.execution.context import RunContext
from lock_harness.execution.modes.gate import GateMode
from lock_harness.execution.modes.lockstep import LockstepMode
from lock_harness.execution.modes.race import RaceMode


class ModeRunner(Protocol):
    """Takes the steps of one program in one mode.

    Attributes:
        free_running: Whether each actor gets only its own steps, with the message that starts it, and releases at the end
            what it holds.  Otherwise all steps are sent to all actors ahead, and the conductor tells them to release.
    """

    free_running: bool

    def __init__(self, context: RunContext) -> None: ...

    def take_steps(self) -> None:
        """Return when all steps have been taken.  `Stuck` if that takes too long."""
        ...


MODES: dict[Mode, type[ModeRunner]] = {
    "lockstep": LockstepMode,
    "race": RaceMode,
    "gate": GateMode,
}
