"""Retry examples that are inconclusive, and confirm violations that a busy machine may have caused."""

from collections.abc import Callable

from lock_harness.core.program import Program
from lock_harness.exploration.example import Example
from lock_harness.exploration.executor import Executor

MAX_RUNS = 5
# further runs in a row in which a violation must occur again to count as reliable
CONFIRMATIONS = 2


def run_until_conclusive(executor: Executor, program: Program, checks: frozenset[str]) -> Example:
    """Run `program` up to `MAX_RUNS` times, until one of `checks` is violated or none of them is unknown."""
    return _run_until(executor, program, lambda example: not example.is_unknown_for(checks))


def run_confirmed(
    executor: Executor, program: Program, known_violations: frozenset[str] = frozenset()
) -> Example:
    """Run `program`, and confirm its violations if they are only of upper bounds on time.

    An example that is unknown because of a stall is retried.  A violation of upper bounds on time must occur again in each
    of `CONFIRMATIONS` further runs; otherwise it becomes unknown, unless the bound was missed by far.
    The actors have used the lock before these runs: the first call of a process may be slow, and is not judged.

    Args:
        executor: Runs the program.
        program: The program to run.
        known_violations: Checks that this lock was already seen to violate.  Their violations are not confirmed, and if
            there are any, unknown examples are not retried.
    """
    example = _run_until(
        executor, program, lambda example: bool(known_violations) or not example.is_unknown_due_to_stall
    )
    if example.depends_on_first_calls and _needs_confirmation(executor, example, known_violations):
        executor.warm_up(program.actors)
        example = _run_until(executor, program, lambda example: not example.is_unknown_due_to_stall)
    if _needs_confirmation(executor, example, known_violations):
        return example.confirmed(_violated_again(executor, program, example.violated_checks))
    return example


def _needs_confirmation(executor: Executor, example: Example, known_violations: frozenset[str]) -> bool:
    is_new = not example.violated_checks <= known_violations
    return example.violates_only_time_bounds and is_new and not executor.leaked_locks


def _run_until(executor: Executor, program: Program, is_conclusive: Callable[[Example], bool]) -> Example:
    for _ in range(MAX_RUNS):
        example = executor.run_and_clean_up(program)
        if executor.leaked_locks or is_conclusive(example):
            break
    return example


def _violated_again(executor: Executor, program: Program, checks: frozenset[str]) -> frozenset[str]:
    """Return those of `checks` that are violated in each of `CONFIRMATIONS` further runs."""
    for _ in range(CONFIRMATIONS):
        if checks:
            executor.warm_up(program.actors)
            checks &= run_until_conclusive(executor, program, checks).violated_checks
    return checks
