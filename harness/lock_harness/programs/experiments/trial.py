"""Experiments, and what they show about the contract of a lock.  Plain data."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from lock_harness.analysis.calls import Call, calls_of
from lock_harness.core.contract import DEFAULT, Contract
from lock_harness.core.errors import UserError
from lock_harness.core.history import History
from lock_harness.core.program import Month, Program
from lock_harness.locks.line_protocol import LockCommandFailed

# how long an acquire waits for a month that should be free
FREE_MS = 3000
# how long an acquire waits for a month that may be held
TAKEN_MS = 300
# how long the harness waits for a month whose holder was killed
GIVE_UP_MS = 10_000


class Observation(NamedTuple):
    """What an experiment shows about a field of the contract.  If it is not certain, `value` is the default."""

    field: str
    value: object
    why: str
    certain: bool = True


class Trial(NamedTuple):
    """A program of an experiment, with the history of its run."""

    program: Program
    history: History

    def call(self, number: int) -> Call:
        """Return the call of step `number`; raise `UserError` if the lock never got that far."""
        made = calls_of(event for event in self.history.events if event.number < self.program.total_steps)
        for call in made:
            if call.number == number:
                return call
        last = f"the {made[-1]} {outcome(made[-1])}" if made else "it takes no step"
        raise UserError(f"the lock cannot be examined: {last}")

    @property
    def fault_ns(self) -> int | None:
        """When the first fault was injected, if one was."""
        return next((event.at_ns for event in self.history.events if event.kind == "fault"), None)


class Experiment(NamedTuple):
    """Programs to run one after another, and what their histories show.

    Attributes:
        fields: The fields of the contract that it can show.
        programs: Returns the programs for a month.
        conclude: Returns the observations from the trials, given the contract that is known so far.
        needs: The optional verb without which it shows nothing.
        raw: It runs with the contract of a lock that declares nothing.
        timed: It measures times, so that it is run again if the machine stalled.
    """

    fields: tuple[str, ...]
    programs: Callable[[Month], tuple[Program, ...]]
    conclude: Callable[[Sequence[Trial], Contract], list[Observation]]
    needs: str | None = None
    raw: bool = False
    timed: bool = False


def uncertain(field: str, why: str) -> Observation:
    """Return the observation of an experiment that shows nothing certain."""
    return Observation(field, getattr(DEFAULT, field), why, certain=False)


def duration_ms(call: Call) -> float:
    """Return how long a call took."""
    return (call.until_ns - call.invoked_ns) / 1e6


def error_class(call: Call) -> str | None:
    """Return the class of the exception that a call raised, if it did; of a lock command, the first word of its error."""
    if call.error is None:
        return None
    return call.error.removeprefix(f"{LockCommandFailed.__name__}: ").partition(":")[0]


def returned_nothing(call: Call) -> bool:
    """Return whether a call returned None where the contract of the run demands True or False."""
    return call.error is not None and "returned None" in call.error


def outcome(call: Call) -> str:
    """Return the end of a call as the predicate of a sentence."""
    if call.returned_ns is None:
        return "did not return"
    if call.error is None:
        return f"answered {call.answer}"
    return "returned nothing" if returned_nothing(call) else f"raised {call.error}"


def describe(subject: str, call: Call) -> str:
    """Return a sentence about a call."""
    return f"{subject} {outcome(call)}"
