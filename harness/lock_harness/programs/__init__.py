"""Programs and scenarios: how they are written, drawn, shrunk and translated.

These names are what a scenario file is made of.
"""

from lock_harness.core.fault import Fault
from lock_harness.core.program import Month, Operation, Program
from lock_harness.core.verdict import Bounds
from lock_harness.programs.draw import Draw
from lock_harness.programs.scenario import CrashPoints, EveryOrder, Scenario
from lock_harness.programs.steps import (
    acquire,
    at_gate,
    crash,
    hold,
    is_locked,
    join,
    list_locks,
    program,
    release,
    reopen,
)

__all__ = [
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
    "crash",
    "hold",
    "is_locked",
    "join",
    "list_locks",
    "program",
    "release",
    "reopen",
]
