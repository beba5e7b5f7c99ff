"""A scenario: a workload, the lock that it runs on, and the violation to expect."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import msgspec

from lock_harness.checks import CHECKS
from lock_harness.core.program import Operation, Program
from lock_harness.core.values import check_struct
from lock_harness.core.verdict import Bounds
from lock_harness.programs.draw import OPTIONAL_VERBS, Draw
from lock_harness.programs.workload import AllPrograms, CrashPoints, EveryOrder, Workload

if TYPE_CHECKING:
    from lock_harness.locks.interface import Lock
    from lock_harness.locks.loading import LockSpec


@dataclass(frozen=True)
class Scenario:
    """Something to run against a lock.  Every check judges every example.

    Attributes:
        what: The workload.
        examples: How many programs to draw, if `what` is a draw.
        bounds: Upper bounds on time that the checks judge by.
        lock: The lock of this scenario, instead of the lock that the user tests.  Only planted scenarios have one.
        expects: The check that must find a violation.  A scenario with it is planted: it runs only when it is named.
        on_request: Run this scenario only when it is named, because it takes long.
        name: The path of its file without the suffix; set when the file is loaded.
        about: The first paragraph of the docstring of its file; set when the file is loaded.

    Raises:
        ValueError: A value has the wrong type or is out of range.
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
                f"what must be a Draw, Program, EveryOrder, CrashPoints or AllPrograms, not a {kind}: use program(...)"
            )
        if not isinstance(self.what, Draw | AllPrograms):
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
            raise ValueError(f"expects must be one of {', '.join(names)}, not {self.expects!r}")

    @property
    def planted(self) -> bool:
        """Whether a violation is expected."""
        return self.expects is not None

    def brief(self) -> "Scenario":
        """Return the scenario for a run whose time and number of examples the user did not choose."""
        return replace(self, what=self.what.brief()) if isinstance(self.what, AllPrograms) else self

    def needs(self) -> frozenset[str]:
        """Return the optional verbs that a lock must have for this scenario to be useful."""
        if isinstance(self.what, Draw):
            kinds = frozenset(self.what.weights)
            if self.what.threads > 1:
                return frozenset({"threads"})
            # If other kinds can be drawn as well, the scenario is useful without the optional ones.
            return kinds if kinds <= OPTIONAL_VERBS else frozenset()
        if isinstance(self.what, AllPrograms):
            kinds = frozenset(self.what.kinds)
            return kinds if kinds <= OPTIONAL_VERBS else frozenset()
        if isinstance(self.what, CrashPoints):
            return frozenset()
        program = self.what.program if isinstance(self.what, EveryOrder) else self.what
        operations = [step for step in program.steps if isinstance(step, Operation)]
        sql_errors = {"sql_error" for step in operations if step.sql_error}
        return OPTIONAL_VERBS & {*(step.verb for step in operations), *sql_errors}
