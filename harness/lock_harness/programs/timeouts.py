"""The timeouts of a program, adapted to the contract of the lock that it runs on."""

from collections import defaultdict

from msgspec.structs import replace

from lock_harness.core.contract import Contract
from lock_harness.core.fault import FAULTS, Fault
from lock_harness.core.program import Month, Operation, Program, Step

SELF_WAIT_MS = 20
"""The longest wait of an actor for a month that it holds itself, if the lock refuses that."""


def under_contract(program: Program, contract: Contract) -> Program:
    """Return `program` with timeouts that the lock can be asked for, and that do not waste time.

    Timeouts below the contract's shortest one are raised to it.  If the lock refuses a month to its holder, an actor waits
    for its own month only shortly, since nothing can end that wait.
    """
    if not (contract.min_timeout_ms or contract.refuses_holder):
        return program
    held: defaultdict[int, set[Month]] = defaultdict(set)
    steps = tuple(_adapted(step, held[step.actor], contract) for step in program.steps)
    return program if steps == program.steps else replace(program, steps=steps)


def _adapted(step: Step, held: set[Month], contract: Contract) -> Step:
    """Return `step` with its timeout adapted, and note in `held` which months its actor may hold afterwards."""
    if isinstance(step, Fault):
        if FAULTS[step.kind].ends_process:
            held.clear()
        return step
    timeout_ms = step.timeout_ms
    if step.verb in ("acquire", "hold"):
        if contract.refuses_holder and step.month in held:
            timeout_ms = min(timeout_ms, SELF_WAIT_MS)
        timeout_ms = max(timeout_ms, contract.min_timeout_ms)
    _note_held(step, held)
    return step if timeout_ms == step.timeout_ms else replace(step, timeout_ms=timeout_ms)


def _note_held(step: Operation, held: set[Month]) -> None:
    if step.verb == "acquire" and step.month:
        held.add(step.month)
    elif step.verb == "release" and step.month:
        held.discard(step.month)
    elif step.verb == "reopen":
        held.clear()
