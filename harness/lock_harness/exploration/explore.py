"""Explore a scenario: search for a violation, shrink it, and return the result as a `Run`."""

import contextlib
from collections.abc import Callable
from functools import partial

from lock_harness.analysis.view import View
from lock_harness.core.errors import HarnessError, NotApplicable
from lock_harness.core.fault import Fault
from lock_harness.core.program import Program
from lock_harness.core.run import Run, Shrinking
from lock_harness.exploration.example import Example
from lock_harness.exploration.executor import Executor, OpenArena, OpenExecutor
from lock_harness.exploration.plan import Plan
from lock_harness.exploration.progress import ReportProgress
from lock_harness.exploration.recording import open_shrink_site
from lock_harness.exploration.reduction import Reducer, Reduction
from lock_harness.exploration.results import Subject, build_run
from lock_harness.exploration.searches import search_for
from lock_harness.exploration.searches.example_log import ExampleLog
from lock_harness.exploration.searches.search import Search
from lock_harness.exploration.time_limit import UNLIMITED, TimeLimit
from lock_harness.locks.interface import OPTIONAL_VERBS
from lock_harness.locks.loading import LockSpec
from lock_harness.programs.scenario import Scenario
from lock_harness.programs.workload import AllPrograms


class Interrupted(Exception):
    """The user pressed Ctrl-C; `run` is the result so far."""

    def __init__(self, run: Run) -> None:
        super().__init__("interrupted")
        self.run = run


def explore(
    scenario: Scenario,
    open_arena: OpenArena,
    plan: Plan,
    lock: LockSpec,
    report_progress: ReportProgress,
    open_gate: OpenArena | None = None,
) -> Run:
    """Search for a violation, shrink the first one, and count how often the smallest program fails.

    `lock` is the name of the lock in the report.  `open_gate` opens an arena with a gate; None where there can be none.
    Raises `NotApplicable` if the lock lacks an operation of the scenario, and `Interrupted` on Ctrl-C.
    """
    with contextlib.closing(Executor(open_arena)) as executor:
        require_verbs(scenario, executor)
        gate = partial(_opened, open_gate) if open_gate else None
        return explore_with(scenario, executor, plan, lock, report_progress, gate)


def require_verbs(scenario: Scenario, executor: Executor) -> None:
    """Raise `NotApplicable` if the lock lacks an operation of the scenario."""
    if missing := scenario.needs() - executor.arena.verbs:
        methods = [method for verb in sorted(missing) for method in OPTIONAL_VERBS[verb]]
        raise NotApplicable(f"the lock has no {', '.join(methods)}")


def _opened(open_arena: OpenArena) -> contextlib.closing[Executor]:
    return contextlib.closing(Executor(open_arena))


def _none_is_known(_example: Example, _check: str) -> bool:
    return False


def _ignore(_view: View) -> None:
    pass


def explore_with(
    scenario: Scenario,
    executor: Executor,
    plan: Plan,
    lock: LockSpec,
    report_progress: ReportProgress,
    open_gate: OpenExecutor | None = None,
    *,
    limit: TimeLimit = UNLIMITED,
    is_known: Callable[[Example, str], bool] = _none_is_known,
    observe: Callable[[View], None] = _ignore,
) -> Run:
    """Explore the scenario with an open executor, and gates that `open_gate` opens; see `explore`.

    `limit`: when to end.  `is_known`: whether a violation of a check was shrunk before.  `observe` is called with each example.
    """
    log = ExampleLog(
        scenario=scenario,
        plan=plan,
        bounds=executor.arena.bounds,
        contract=executor.arena.contract,
        report_progress=report_progress,
        limit=limit,
        observe=observe,
    )
    subject = Subject(scenario.name, scenario.about, lock, plan.seed, scenario.expects)
    search = search_for(scenario, executor, plan, log)
    reducer: Reducer | None = None
    try:
        search.run()
        if log.violation and not limit.is_over and not is_known(log.violation, log.check_to_shrink):
            check, report_phase = log.check_to_shrink, log.report_progress
            with open_shrink_site(log.violation, check, executor, open_gate, report_phase) as site:
                reducer = Reducer(site, check, report_phase, limit)
                reducer.run(shrinks=not isinstance(scenario.what, AllPrograms))
    except KeyboardInterrupt:
        if not log.last:
            raise
        raise Interrupted(_run_of(subject, executor, search, reducer)) from None
    except HarnessError as error:
        # a violation that was found counts for more than an error that came after it
        if log.violation is None or _refutes(error, log.violation.program):
            raise
    return _run_of(subject, executor, search, reducer)


def _refutes(error: HarnessError, program: Program) -> bool:
    """Return whether `error` says that a violation of `program` proves nothing.

    At the gate a scenario is found to be not applicable when a session has several connections.  Then a fault that was
    meant for a session hit only one of them.
    """
    hits_session = any(isinstance(step, Fault) and not step.traits.ends_process for step in program.steps)
    return isinstance(error, NotApplicable) and program.mode == "gate" and hits_session


def _run_of(subject: Subject, executor: Executor, search: Search, reducer: Reducer | None) -> Run:
    """Return the results of the search and the reducer so far."""
    found = search.result()
    reduction = reducer.result() if reducer else None
    example = reduction.shown if reduction else found.example
    assert example is not None
    # a violation of a bound on time that never came back is unknown
    status = example.status if reduction and example.status == "unknown" else found.status
    return build_run(
        subject,
        executor,
        example,
        status,
        found.figures,
        repeats=reduction.repeats if reduction else None,
        coverage=found.coverage,
        shrinking=_shrinking(found.violation, reduction) if found.violation else None,
    )


def _shrinking(violation: Example, reduction: Reduction | None) -> Shrinking:
    return Shrinking(
        first_program=violation.program,
        first_history=violation.history,
        divergence=reduction.divergence if reduction else None,
        why_as_race=reduction.why_as_race if reduction else None,
        new_processes=bool(reduction and reduction.new_processes),
    )
