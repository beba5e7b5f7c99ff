"""The reference lock passes every scenario."""

from pathlib import Path

import pytest

from lock_harness.core.errors import NotApplicable
from lock_harness.core.fault import Fault
from lock_harness.core.history import Event
from lock_harness.core.program import Month
from lock_harness.core.run import Run
from lock_harness.exploration.plan import Plan
from lock_harness.frontends.jobs import Job, run_job
from lock_harness.frontends.pytest_plugin import CheckLock
from lock_harness.programs.discovery import find_scenarios
from lock_harness.programs.draw import Draw
from lock_harness.programs.loading import load_scenarios
from lock_harness.programs.scenario import Scenario
from lock_harness.programs.steps import acquire, program, release
from lock_harness.scenarios.planted.pool_exhausted import PoolExhausted
from lock_harness.servers.server import Server

SCENARIOS = {
    name: one
    for name, one in load_scenarios(find_scenarios([Path(__file__).parents[2] / "scenarios"])).items()
    if not one.planted
}
DRAWN = [name for name, one in SCENARIOS.items() if isinstance(one.what, Draw)]
EXAMPLES = 40
JAN = Month(2090, 1)

# the answers of the steps of fixed programs, in order; None for a step without an answer
ANSWERS = {
    "auto_release_on_close": [True, None, True],
    "different_months_are_independent": [True, True, True],
    "get_all_advisory_locks_utility": [True, None, True, None],
    "is_month_locked_utility": [False, True, True, True, False],
    "release_enables_next_worker": [True, False, True, True, True],
    "timeout_returns_false": [True, False],
    "with_month_lock_error_cleanup": [True, True],
}


def returns(run: Run) -> list[Event]:
    """Return the ends of the program's steps, without the calls that the harness adds."""
    ended = [event for event in run.history.events if event.kind in ("ok", "info")]
    return sorted(
        (event for event in ended if event.number < len(run.program.steps)), key=lambda event: event.number
    )


def test_every_shipped_scenario_is_tested_on_a_live_server() -> None:
    assert {
        *DRAWN,
        *ANSWERS,
        "concurrent_lock_acquisition",
        "every_order",
        "crash_points",
        "successors",
        "many_tries",
        "small_scope",
    } == {*SCENARIOS}


@pytest.mark.parametrize("name", DRAWN)
def test_the_reference_lock_passes_every_drawn_scenario(lock_server: Server, name: str) -> None:
    """After a stall of the machine only verdicts on upper bounds of time may be unknown."""
    examples = min(EXAMPLES, SCENARIOS[name].examples)
    try:
        run = run_job(Job(SCENARIOS[name], Plan(examples)), lock_server, lambda _: None)
    except NotApplicable as reason:
        pytest.skip(str(reason))
    not_holding = [verdict for verdict in run.verdicts if verdict.status != "holds"]
    assert all(one.status == "unknown" and one.timed for one in not_holding), not_holding
    assert run.figures.examples == examples
    assert run.figures.operations > examples
    if name == "crashes":
        assert run.figures.release is not None
        # fewer than the faults if a release was noticed too late to be measured
        assert 0 < run.figures.release.count <= run.figures.faults


def test_the_waits_of_a_thundering_herd_are_measured(check_lock: CheckLock) -> None:
    """Many actors wait for a holder, and in a lock without a queue some of them are overtaken."""
    figures = check_lock("thundering_herd", examples=5).figures
    assert figures.waits is not None
    assert figures.waits.count == sum(figures.wait_buckets) > figures.examples
    assert 0 < figures.waits.median_ms <= figures.waits.p99_ms
    assert figures.overtaken > 0
    assert figures.uncontended is not None, "the probes at the end of each example do not wait"
    assert figures.uncontended.median_ms < figures.waits.median_ms
    assert figures.belief is None


def test_a_stale_belief_while_another_actor_holds_the_month_is_measured(check_lock: CheckLock) -> None:
    what = program(acquire(0, JAN, 0), Fault(0, "terminate"), acquire(1, JAN, 1000), release(0, JAN))
    figures = check_lock(Scenario(what, name="belief")).figures
    assert figures.belief is not None
    assert figures.belief.count == 1
    assert 0 < figures.shared_ms < figures.belief.max_ms


@pytest.mark.parametrize("name", ANSWERS)
def test_each_step_of_a_fixed_scenario_returns_the_expected_answer(check_lock: CheckLock, name: str) -> None:
    run = check_lock(name)
    assert [event.answer for event in returns(run)] == ANSWERS[name]
    assert [event for event in run.history.events if event.error] == []


def test_exactly_one_of_three_concurrent_actors_acquires_the_month(check_lock: CheckLock) -> None:
    run = check_lock("concurrent_lock_acquisition")
    assert sorted(bool(event.answer) for event in returns(run)) == [False, False, True]


def test_many_refusals_of_one_session_leave_it_usable_and_two_dozen_months_fit_in_another(
    check_lock: CheckLock,
) -> None:
    run = check_lock("many_tries")
    answers = [event.answer for event in returns(run)]
    assert answers == [True, *[False] * 24, True, True, True, *[True] * 24, False, False, *[True] * 48]


def test_the_standard_scenario_finds_a_pool_that_failed_tries_exhaust(lock_server: Server) -> None:
    what = SCENARIOS["many_tries"]
    run = run_job(Job(what, Plan(seed=1), PoolExhausted), lock_server, lambda _: None)
    assert (run.status, run.violated_checks) == ("violated", ("timeout_returns_false",))


def test_the_list_of_locks_shows_a_month_only_while_it_is_held(check_lock: CheckLock) -> None:
    run = check_lock("get_all_advisory_locks_utility")
    held, afterwards = (event.listed for event in returns(run) if event.verb == "list")
    assert held == run.program.months
    assert afterwards == ()


def test_the_wrapper_raises_the_exception_of_its_body(check_lock: CheckLock) -> None:
    run = check_lock("with_month_lock_error_cleanup")
    assert returns(run)[0].own_error
