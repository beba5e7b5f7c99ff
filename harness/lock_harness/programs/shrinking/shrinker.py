"""The shrink loop, and the measure that it makes smaller."""

from collections.abc import Callable, Iterator

from lock_harness.core.fault import Fault
from lock_harness.core.program import Operation, Program
from lock_harness.programs.shrinking.passes import PASSES
from lock_harness.programs.shrinking.schedule_passes import count_switches


def shrink(program: Program, fails: Callable[[Program], bool | None]) -> Program:
    """Return the smallest failing program found: no single simplification of it fails.

    Args:
        program: A program that fails.
        fails: Runs a candidate and returns whether it fails.  If it returns None, shrinking stops at once and
            returns the smallest program so far; a long program has more simplifications than can be listed in time.
    """
    tried = {program}
    improved = True
    while improved:
        improved = False
        for candidate in simpler(program):
            if candidate not in tried:
                tried.add(candidate)
                failed = fails(candidate)
                if failed is None:
                    return program
                if failed:
                    program, improved = candidate, True
                    break
    return program


def simpler(program: Program) -> Iterator[Program]:
    """Generate different programs that are smaller than `program`, in the order of the passes."""
    limit = size(program)
    seen = {program}
    for propose in PASSES:
        for candidate in propose(program):
            if candidate not in seen and size(candidate) < limit:
                seen.add(candidate)
                yield candidate


def size(program: Program) -> tuple[int, ...]:
    """Return the measure that shrinking reduces.  Sizes compare item by item, so earlier items matter more.

    In this order: rounds, steps, faults, actors, months, context switches, then the details of operations and faults,
    late months, and last the length of the schedule.
    """
    operations = [step for step in program.steps if isinstance(step, Operation)]
    faults = [step for step in program.steps if isinstance(step, Fault)]
    return (
        program.rounds,
        len(program.steps),
        len(faults),
        program.actors,
        len(program.months),
        count_switches(program.choices),
        sum(step.verb == "hold" for step in operations),
        sum(step.pending for step in operations),
        sum(step.raises + step.sql_error for step in operations),
        sum(step.timeout_ms for step in operations),
        sum(step.pause_us for step in operations),
        sum(step.at_us for step in operations),
        sum(fault.at_ms + fault.for_ms + fault.message for fault in faults),
        sum(month.year * 12 + month.month for month in program.months),
        len(program.choices),
        sum(program.choices),
    )
