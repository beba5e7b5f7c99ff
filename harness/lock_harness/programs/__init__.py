"""Programs and scenarios: writing, drawing and shrinking them, and moving a recorded race to the gate.

A scenario file imports the names below.
"""

from lock_harness.core.fault import Fault
from lock_harness.core.program import Month, Operation, Program
from lock_harness.core.verdict import Bounds
from lock_harness.programs.draw import Draw
from lock_harness.programs.scenario import Scenario
from lock_harness.programs.steps import (
    acquire,
    at_gate,
    believes,
    crash,
    hold,
    inspect,
    is_locked,
    join,
    list_locks,
    program,
    release,
    reopen,
)
from lock_harness.programs.workload import AllPrograms, CrashPoints, EveryOrder

__all__ = [
    "AllPrograms",
    "Bounds",
    "CrashPoints",
    "Draw",
    "EveryOrder",
    "Fault",
    "Month",
    "Operation",
    "Program",
    "Scenario",
    "acquire",
    "at_gate",
    "believes",
    "crash",
    "hold",
    "inspect",
    "is_locked",
    "join",
    "list_locks",
    "program",
    "release",
    "reopen",
]
