"""A scenario: what to run, on which lock, and what to expect."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from lock_harness.checks import CHECKS
from lock_harness.core.fault import Fault
from lock_harness.core.program import Operation, Program
from lock_harness.core.values import check_fields, check_struct
from lock_harness.core.verdict import Bounds
from lock_harness.programs.draw import OPTIONAL_VERBS, Draw

if TYPE_CHECKING:
    from lock_harness.locks.interface import Lock
    from lock_harness.locks.loading import LockSpec


@dataclass(frozen=True)
class EveryOrder:
    """Every order in which the messages of one program can reach the server.

    `switches`: no more than so many from an actor who could go on to another; None: without a bound, and then orders
    that differ only in what commutes are run once, see `lock_harness.gate.schedulers.exhaustive`.  Not with faults, which
    reach further than the statement that they strike at.
    """

    program: Program
    switches: int | None = None

    @property
    def reduces(self) -> bool:
        """Whether some orders may stand for others."""
        return not any(isinstance(step, Fault) for step in self.program.steps)

    def __post_init__(self) -> None:
        check_fields(self, "program", "switches")
        if self.switches is not None and self.switches < 0:
            raise ValueError(f"switches must be 0 or more, not {self.switches}")
        if self.program.mode != "gate":
            raise ValueError(f"only the gate can try every order, not {self.program.mode}: use at_gate(...)")


@dataclass(frozen=True)
class CrashPoints:
    """One program, and every fault at every message of its actor 0: one run for each, and none is left out.

    Each is run twice: then the one who was struck goes on, or another actor moves first.  What the lock cannot do is left
    out of the program.  See `lock_harness.programs.crash_points`.
    """

    program: Program

    def __post_init__(self) -> None:
        check_fields(self, "program")
        if self.program.mode != "gate":
            raise ValueError(
                f"only the gate can strike at a message, not {self.program.mode}: use at_gate(...)"
            )
        if any(isinstance(step, Fault) for step in self.program.steps):
            raise ValueError(
                "a program whose crash points are tried has no faults of its own: leave them out"
            )
        if all(step.actor != 0 for step in self.program.steps):
            raise ValueError("actor 0 is the one who is struck: give it a step")


Workload = Draw | Program | EveryOrder | CrashPoints


@dataclass(frozen=True)
class Scenario:
    """`what` is drawn anew for each example, or one fixed program, or that program in every order, or with every fault.

    `lock` and `expects` belong to planted locks: a broken lock, and the check that must catch it.
    `on_request`: run only when it is named, as planted locks are, since it takes long.
    `name` and `about` come from the scenario's file.
    """

    what: Workload
    examples: int = 200
    bounds: Bounds = field(default_factory=Bounds)
    lock: "LockSpec | Lock | None" = None
    expects: str | None = None
    on_request: bool = False
    name: str = ""
    about: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.what, Workload):
            kind = type(self.what).__name__  # type: ignore[unreachable]
            raise ValueError(
                f"what must be a Program, Draw, EveryOrder or CrashPoints, not a {kind}: see program(...)"
            )
        if not isinstance(self.what, Draw):
            check_struct(self.what if isinstance(self.what, Program) else self.what.program)
        if not isinstance(self.examples, int) or self.examples < 1:
            raise ValueError(f"examples must be 1 or more, not {self.examples!r}")
        if not isinstance(self.bounds, Bounds):
            raise ValueError(f"bounds must be Bounds(...), not {self.bounds!r}")
        check_struct(self.bounds)
        if min(msgspec.structs.astuple(self.bounds)) < 0:
            raise ValueError(f"bounds must be 0 or more, not {self.bounds}")
        if isinstance(self.lock, str):
            raise ValueError(f"lock must be a callable or LockSpec({self.lock!r}), not a str")
        names = [check.__name__ for check in CHECKS]
        if self.expects is not None and self.expects not in names:
            raise ValueError(f"{self.expects!r} is no check: they are {', '.join(names)}")

    @property
    def planted(self) -> bool:
        return self.expects is not None

    def needs(self) -> frozenset[str]:
        """The verbs that a lock must have for this scenario to mean anything."""
        if isinstance(self.what, Draw):
            kinds = frozenset(self.what.weights)
            return (
                kinds if kinds <= OPTIONAL_VERBS else frozenset()
            )  # of several kinds, those that it has will do
        if isinstance(self.what, CrashPoints):
            return frozenset()
        fixed = self.what.program if isinstance(self.what, EveryOrder) else self.what
        steps = (step.verb for step in fixed.steps if isinstance(step, Operation))
        return frozenset(steps) & OPTIONAL_VERBS
