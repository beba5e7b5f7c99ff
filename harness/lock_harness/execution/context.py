"""The context in which a mode takes the steps of one program."""

from typing import NamedTuple

from lock_harness.core.program import Program
from lock_harness.execution.arena import Arena
from lock_harness.execution.fault_driver import FaultDriver
from lock_harness.execution.history_recorder import HistoryRecorder
from lock_harness.execution.team import Team


class RunContext(NamedTuple):
    """The parts of one program's run."""

    program: Program
    arena: Arena
    team: Team
    recorder: HistoryRecorder
    faults: FaultDriver
