"""Run the program of an earlier run again."""

from math import ceil, log

from lock_harness.analysis.view import View
from lock_harness.core.program import Program
from lock_harness.core.run import Run
from lock_harness.core.verdict import SEVERITY
from lock_harness.exploration.example import Example
from lock_harness.exploration.executor import Executor, with_first_year
from lock_harness.exploration.results import Subject, build_run
from lock_harness.exploration.retries import run_confirmed
from lock_harness.exploration.time_limit import UNLIMITED, TimeLimit
from lock_harness.figures import Tally

# the probability with which a lock that still fails passes enough runs
MAX_CHANCE = 0.01
RARE = 20


def run_again(
    subject: Subject,
    executor: Executor,
    program: Program,
    *,
    times: int,
    new_processes: bool = False,
    limit: TimeLimit = UNLIMITED,
    until_violated: frozenset[str] = frozenset(),
) -> Run:
    """Run a program several times, and return the worst result.

    Args:
        subject: The scenario of the earlier run, and the lock that is tested now.
        executor: Runs the program.
        program: The program.
        times: How many times to run it.
        new_processes: Whether each run needs actors that have never used the lock before.
        limit: When to end; the program is run once at least.
        until_violated: End as soon as one of these checks is violated.
    """
    arena = executor.arena
    program = with_first_year(program, arena.years.first)
    tally = Tally()
    worst: Example | None = None
    while worst is None or not (tally.examples >= times or limit.is_over):
        if new_processes:
            executor.renew_actors()
        example = run_confirmed(executor, program)
        tally.add(View(example.history, arena.bounds, arena.contract), example.status)
        if worst is None or SEVERITY.index(example.status) > SEVERITY.index(worst.status):
            worst = example
        if until_violated & example.violated_checks:
            break
    repeats = (tally.violated, tally.examples)
    return build_run(subject, executor, worst, worst.status, tally.figures(), repeats=repeats)


def enough_runs(repeats: tuple[int, int] | None) -> int:
    """Return how many runs without a failure show that a failure does not occur any more.

    `repeats`: the program failed k of n times.  A lock that fails as often passes that many runs with a probability of at most
    `MAX_CHANCE`.  A failure that did not occur again is taken to occur in one of `RARE` runs.
    """
    failed, tried = repeats or (0, 1)
    if failed == tried:
        return 1
    rate = failed / tried if failed else 1 / RARE
    return ceil(log(MAX_CHANCE) / log(1 - rate))
