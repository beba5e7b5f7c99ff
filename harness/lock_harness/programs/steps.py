"""Functions that write a fixed program: one for each kind of step."""

from lock_harness.core.fault import Fault
from lock_harness.core.program import Mode, Month, Operation, Program, Step


def program(*steps: Step) -> Program:
    """Return a program that takes these steps one after another.  Its actors and months are those of the steps."""
    return _program(steps, "lockstep")


def at_gate(*steps: Step, choices: tuple[int, ...] = ()) -> Program:
    """Return a program for the gate, where every actor takes its own of these steps in the order of the choices."""
    return _program(steps, "gate", choices)


def _program(steps: tuple[Step, ...], mode: Mode, choices: tuple[int, ...] = ()) -> Program:
    if not steps:
        raise ValueError("a program needs at least one step: add one")
    actors = 1 + max(step.actor for step in steps)
    months = {step.month: None for step in steps if isinstance(step, Operation) and step.month}
    if wrong := [month for month in months if not isinstance(month, Month)]:
        raise ValueError(f"{wrong[0]!r} is not a month: write Month(2090, 1)")
    return Program(actors=actors, months=tuple(months), steps=steps, mode=mode, choices=choices)


def acquire(actor: int, month: Month, timeout_ms: int, *, pending: bool = False) -> Step:
    return Operation(actor, "acquire", month, timeout_ms, pending=pending)


def release(actor: int, month: Month) -> Step:
    return Operation(actor, "release", month)


def hold(actor: int, month: Month, timeout_ms: int, *, raises: bool = False, sql_error: bool = False) -> Step:
    return Operation(actor, "hold", month, timeout_ms, raises=raises, sql_error=sql_error)


def believes(actor: int, month: Month) -> Step:
    return Operation(actor, "believes", month)


def is_locked(actor: int, month: Month) -> Step:
    return Operation(actor, "is_locked", month)


def list_locks(actor: int) -> Step:
    return Operation(actor, "list")


def inspect(actor: int) -> Step:
    return Operation(actor, "inspect")


def reopen(actor: int) -> Step:
    return Operation(actor, "reopen")


def join(actor: int) -> Step:
    return Operation(actor, "join")


def crash(actor: int) -> Step:
    return Fault(actor, "kill")
