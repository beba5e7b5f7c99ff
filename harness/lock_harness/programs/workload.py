"""The workload of a scenario: drawn programs, one program, one program in many variants, or all programs of a few steps."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

from lock_harness.core.fault import Fault
from lock_harness.core.program import Program
from lock_harness.core.values import check_fields
from lock_harness.programs.draw import MAX_MONTHS, Draw, check_kinds


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


BRIEF_STEPS = 3
"""The most steps of the programs of `AllPrograms` in a run whose time and number of examples are not given."""


@dataclass(frozen=True)
class AllPrograms:
    """Every program of a few steps, in order of size.

    A program is left out if another one shows at least as much, for example the same one with other actors:
    `lock_harness.programs.all_programs` has the rules.

    Attributes:
        kinds: The kinds of steps, as in a draw.  Kinds that the lock does not have are left out.
        steps: The most steps of a program.  Without `--for` and `--examples` a run has those of up to `BRIEF_STEPS`.
        actors: The number of actors.
        months: The most months of a program.
        mode: `lockstep`; or `gate`, where each program is run in every order of its messages, as by `EveryOrder`.
    """

    kinds: Collection[str]
    steps: int
    actors: int = 2
    months: int = 1
    mode: Literal["lockstep", "gate"] = "lockstep"

    def __post_init__(self) -> None:
        check_fields(self, "steps", "actors", "months", "mode")
        if isinstance(self.kinds, str) or not isinstance(self.kinds, Collection):
            raise ValueError(f"kinds must be a set of kinds of steps, not {self.kinds!r}")
        check_kinds(self.kinds, self.mode)
        if "round" in self.kinds:
            raise ValueError("kinds must not have 'round', which is several steps: use acquire, release")
        if not self.kinds:
            raise ValueError("kinds must have one kind of step or more: add one")
        for name, most in (("steps", None), ("actors", None), ("months", MAX_MONTHS)):
            number = getattr(self, name)
            if number < 1 or (most and number > most):
                raise ValueError(
                    f"{name} must be 1 or more{f', at most {most}' if most else ''}, not {number}"
                )

    def brief(self) -> "AllPrograms":
        """Return the part of the programs that is run if the user did not say how long to search."""
        return replace(self, steps=min(self.steps, BRIEF_STEPS))


Workload = Draw | Program | EveryOrder | CrashPoints | AllPrograms
"""The workload of a scenario.  A draw gives a new program for each example, a program is run once."""
