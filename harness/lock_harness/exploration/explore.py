"""Explore a scenario: look for a violation, make it small, and tell of it.  The result is a `Run`."""

import contextlib

from lock_harness.core.errors import HarnessError, NotApplicable
from lock_harness.core.run import Coverage, Run, Shrinking
from lock_harness.exploration.executor import Example, Executor, OpenArena
from lock_harness.exploration.recording import place_to_shrink
from lock_harness.exploration.reduction import Reducer
from lock_harness.exploration.search import Plan, ReportProgress, Searcher
from lock_harness.locks.interface import OPTIONAL_VERBS
from lock_harness.locks.loading import LockSpec
from lock_harness.programs.draw import Draw
from lock_harness.programs.draws.gate import pct_guarantee
from lock_harness.programs.scenario import Scenario


def explore(
    scenario: Scenario,
    open_arena: OpenArena,
    plan: Plan,
    lock: LockSpec,
    report_progress: ReportProgress,
    open_gate: OpenArena | None = None,
) -> Run:
    """Look for a violation; shrink the first one found; tell how often the smallest one fails.

    `lock` is how the report names the lock.  `open_gate`: an arena with a gate, where that can be had.
    `NotApplicable` if the lock lacks what the scenario needs; `Interrupted` on Ctrl-C, with what was found so far.
    """
    with contextlib.closing(Executor(open_arena)) as executor:
        if lacking := scenario.needs() - executor.arena.verbs:
            methods = [method for verb in sorted(lacking) for method in OPTIONAL_VERBS[verb]]
            raise NotApplicable(f"the lock has no {', '.join(methods)}")
        return explored(scenario, executor, plan, lock, report_progress, open_gate)


def explored(
    scenario: Scenario,
    executor: Executor,
    plan: Plan,
    lock: LockSpec,
    report_progress: ReportProgress,
    open_gate: OpenArena | None = None,
) -> Run:
    """The same in a laboratory that is open."""
    searcher, reducer = Searcher(scenario, executor, plan, report_progress), None
    try:
        searcher.run()
        if searcher.found is not None:
            found, expects, tell = searcher.found, scenario.expects, searcher.tell
            with place_to_shrink(found, expects, executor, open_gate, tell) as place:
                reducer = Reducer(place, expects, tell)
                reducer.run()
    except KeyboardInterrupt:
        if searcher.last is None:
            raise
        raise Interrupted(_report(scenario, executor, plan, lock, searcher, reducer)) from None
    except HarnessError:
        if searcher.found is None:
            raise  # else what was found counts for more than what came in the way afterwards
    return _report(scenario, executor, plan, lock, searcher, reducer)


def _report(
    scenario: Scenario,
    executor: Executor,
    plan: Plan,
    lock: LockSpec,
    searcher: Searcher,
    reducer: Reducer | None,
) -> Run:
    first, smallest = searcher.found, reducer.smallest if reducer else searcher.found
    coverage = _coverage(scenario, searcher)
    shown = smallest or searcher.doubtful or searcher.beside or searcher.last
    assert shown is not None
    arena = executor.arena
    return Run(
        scenario=scenario.name,
        about=scenario.about,
        lock=str(lock),
        lock_command=bool(lock.command),
        seed=plan.seed,
        status="violated" if smallest else "unknown" if searcher.doubtful or coverage.has_gaps else "holds",
        program=shown.program,
        history=shown.history,
        verdicts=shown.verdicts,
        bounds=arena.bounds,
        figures=searcher.tally.figures(),
        environment=arena.environment(),
        repeats=reducer.repeats if reducer else None,
        leaked_locks=executor.leaked_locks,
        expects=scenario.expects,
        coverage=coverage,
        shrinking=_shrinking(first, reducer) if first else None,
    )


def _coverage(scenario: Scenario, searcher: Searcher) -> Coverage:
    what = scenario.what
    return Coverage(
        orders=searcher.orders,
        crash_points=searcher.points,
        pct_guarantee=pct_guarantee(what, searcher.moves) if isinstance(what, Draw) else None,
        faults_not_injected=() if searcher.found else searcher.missed,
        divergence=searcher.diverged,
    )


def _shrinking(first: Example, reducer: Reducer | None) -> Shrinking:
    return Shrinking(
        first_program=first.program,
        first_history=first.history,
        divergence=reducer.diverged if reducer else None,
        why_as_race=reducer.place.why_race if reducer else None,
    )


class Interrupted(Exception):
    """Ctrl-C: the run as far as it got."""

    def __init__(self, run: Run) -> None:
        super().__init__("interrupted")
        self.run = run
