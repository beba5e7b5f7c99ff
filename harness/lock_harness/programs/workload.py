"""The workload of a scenario: drawn programs, one program, or one program in many variants."""

from dataclasses import dataclass

from lock_harness.core.fault import Fault
from lock_harness.core.program import Program
from lock_harness.core.values import check_fields
from lock_harness.programs.draw import Draw


@dataclass(frozen=True)
class EveryOrder:
    """One program at the gate, in every order in which its messages can reach the server.

    Attributes:
        program: A program for the gate.
        switches: The most context switches of an order, or None for no limit.  A context switch lets another actor move
            although the one that moved last could continue.  Without a limit, orders that differ only in moves that
            commute are run once; see `lock_harness.gate.schedulers.exhaustive`.
    """

    program: Program
    switches: int | None = None

    @property
    def reduces(self) -> bool:
        """Whether one order may stand for others that differ only in moves that commute.

        A fault affects more than the statement that it hits, so a program with faults is run in all orders.
        """
        return not any(isinstance(step, Fault) for step in self.program.steps)

    def __post_init__(self) -> None:
        check_fields(self, "program", "switches")
        if self.switches is not None and self.switches < 0:
            raise ValueError(f"switches must be 0 or more, not {self.switches}")
        if self.program.mode != "gate":
            raise ValueError(f"only the gate can run every order, not {self.program.mode}: use at_gate(...)")


@dataclass(frozen=True)
class CrashPoints:
    """One program at the gate, with every fault that ends actor 0 or its session, at every message that actor 0 sends.

    Each fault at each message is run twice: afterwards actor 0 continues, or another actor moves first.  Operations that
    the lock does not have are left out.  `lock_harness.programs.crash_points` lists the runs.

    Attributes:
        program: A program for the gate.
        switches: If given, actor 0 is killed at every message, and has no further steps.  The other actors then take
            theirs in every order of their messages with at most this many context switches.
    """

    program: Program
    switches: int | None = None

    def __post_init__(self) -> None:
        check_fields(self, "program", "switches")
        if self.switches is not None and self.switches < 0:
            raise ValueError(f"switches must be 0 or more, not {self.switches}")
        if self.program.mode != "gate":
            raise ValueError(
                f"only the gate can inject faults at messages, not {self.program.mode}: use at_gate(...)"
            )
        if faults := [step for step in self.program.steps if isinstance(step, Fault)]:
            raise ValueError(
                f"a program for CrashPoints must have no faults of its own: leave out the {faults[0].kind!r}"
            )
        if all(step.actor != 0 for step in self.program.steps):
            raise ValueError("CrashPoints injects its faults into actor 0: give actor 0 a step")


Workload = Draw | Program | EveryOrder | CrashPoints
"""The workload of a scenario.  A draw gives a new program for each example, a program is run once."""
