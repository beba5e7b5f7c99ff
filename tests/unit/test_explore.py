"""The result of an exploration, also when something interrupts it."""

from collections.abc import Callable, Iterable
from itertools import chain, cycle, repeat
from typing import NoReturn

import msgspec
import pytest

from lock_harness.core.contract import Contract
from lock_harness.core.errors import HarnessError, MachineError, NotApplicable
from lock_harness.core.fault import Fault, FaultKind
from lock_harness.core.history import Event, Move, SessionAge
from lock_harness.core.program import Month, Operation, Program
from lock_harness.core.run import Run
from lock_harness.core.verdict import Bounds, Status
from lock_harness.exploration.example import Example
from lock_harness.exploration.explore import Interrupted, explore_with
from lock_harness.exploration.plan import Plan
from lock_harness.exploration.reduction import REPEATS, is_used_up
from lock_harness.exploration.retries import MAX_RUNS
from lock_harness.locks.loading import LockSpec
from lock_harness.programs.draw import Draw
from lock_harness.programs.scenario import Scenario
from lock_harness.programs.steps import acquire, at_gate
from lock_harness.programs.workload import EveryOrder
from lock_harness.render.junit import junit
from lock_harness.render.story import story
from lock_harness.render.summary import merged
from lock_harness.render.text import plain
from lock_harness.servers.years import Years
from tests.histories import acquire as acquire_at
from tests.histories import stall
from tests.unit.test_retries import (
    BOTH,
    GOOD,
    LATE,
    PROGRAM,
    STALLED,
    VERY_LATE,
    Scripted,
    example,
)

JAN = Month(2090, 1)
TWO = example(acquire_at(0, 0, True), acquire_at(1, 5, True))
TWO_STEPS = Program(1, (JAN,), (Operation(0, "acquire", JAN), Operation(0, "release", JAN)))


class FailsAfterFirst(Scripted):
    """Returns an example with two holders, and then raises an error."""

    def __init__(self, then: Callable[[], NoReturn]) -> None:
        super().__init__(BOTH)
        self.arena.years, self.arena.bounds = Years(2090, 2091), Bounds()
        self.arena.contract = Contract()
        self._then = then

    def run_and_clean_up(self, program: Program) -> Example:
        return next(self._examples, None) or self._raise(program)

    def _raise(self, _: Program) -> NoReturn:
        self._then()


def explore_then(then: Callable[[], NoReturn]) -> Run:
    scenario = Scenario(PROGRAM, name="herd")
    return explore_with(scenario, FailsAfterFirst(then), Plan(), LockSpec(), lambda _: None)


def test_an_interruption_while_shrinking_keeps_the_violation() -> None:
    def then() -> NoReturn:
        raise KeyboardInterrupt

    with pytest.raises(Interrupted) as caught:
        explore_then(then)
    assert caught.value.run.status == "violated"
    assert caught.value.run.history == BOTH.history


def test_an_error_while_shrinking_keeps_the_violation() -> None:
    def then() -> NoReturn:
        raise MachineError("the server is gone")

    run = explore_then(then)
    assert run.status == "violated"
    assert run.repeats is None


SEVERAL = NotApplicable("the lock's sessions have several connections each")


def explore_at_gate(fault: FaultKind, error: HarnessError) -> Run:
    """Explore a program with a fault at the gate that shows two holders; its second run raises `error`."""

    class Raises(FailsAfterFirst):
        def run_and_clean_up(self, program: Program) -> Example:
            return msgspec.structs.replace(super().run_and_clean_up(program), program=program)

    def then() -> NoReturn:
        raise error

    scenario = Scenario(at_gate(acquire(0, JAN, 0), acquire(1, JAN, 0), Fault(0, fault)), name="dies")
    return explore_with(scenario, Raises(then), Plan(), LockSpec(), lambda _: None)


def test_a_violation_is_dropped_if_its_fault_may_have_hit_one_of_several_connections() -> None:
    """The session then kept its months with good reason, so the scenario is skipped."""
    with pytest.raises(NotApplicable):
        explore_at_gate("terminate", SEVERAL)
    assert explore_at_gate("kill", SEVERAL).status == "violated", "a kill ends every connection"
    assert explore_at_gate("terminate", MachineError("the server is gone")).status == "violated"


class AlwaysHolds(Scripted):
    """Returns an example that holds for every program."""

    def __init__(self) -> None:
        super().__init__()
        self.arena.years, self.arena.bounds = Years(2090, 2091), Bounds()
        self.arena.contract = Contract()
        self.arena.verbs = frozenset({"acquire"})

    def run_and_clean_up(self, program: Program) -> Example:  # noqa: ARG002
        return GOOD


@pytest.mark.parametrize(
    "what", [Draw({"acquire": 1}), EveryOrder(at_gate(acquire(0, JAN, 0)))], ids=["draw", "every"]
)
def test_at_least_one_example_is_run_in_zero_seconds(what: Draw | EveryOrder) -> None:
    run = explore_with(
        Scenario(what, name="short"), AlwaysHolds(), Plan(seconds=0), LockSpec(), lambda _: None
    )
    assert run.status == "holds"
    assert run.figures.examples >= 1


class Returns(AlwaysHolds):
    """Returns the given examples, each with the program that was run."""

    def __init__(self, examples: Iterable[Example]) -> None:
        super().__init__()
        self._given = iter(examples)

    def run_and_clean_up(self, program: Program) -> Example:
        return msgspec.structs.replace(next(self._given), program=program)


def test_a_violation_of_a_check_other_than_the_expected_one_is_shown() -> None:
    scenario = Scenario(PROGRAM, name="herd", expects="auto_release")
    run = explore_with(scenario, Returns(repeat(BOTH)), Plan(), LockSpec(), lambda _: None)
    assert run.status == "holds"
    assert "mutual_exclusion" in {one.check for one in run.verdicts if one.status == "violated"}
    assert "herd: auto_release was not violated" in plain(story(run, ""))
    assert "the planted lock was not caught" in junit([run], [""])
    good = explore_with(scenario, Returns(repeat(GOOD)), Plan(), LockSpec(), lambda _: None)
    assert merged([good, run]).verdicts == run.verdicts


def test_a_run_is_unknown_if_its_expected_check_is_unknown() -> None:
    """A violation of another check does not change that."""
    both = example(
        acquire_at(0, 0, True, took=500, timeout=20), acquire_at(1, 500, True), stalls=(stall(400, 300),)
    )
    assert both.status == "violated"
    scenario = Scenario(Draw({"acquire": 1}), name="herd", expects="timeout_not_late")
    unknown = [STALLED] * MAX_RUNS
    for others in (unknown, [TWO, *unknown], [both]):
        executor = Returns(chain(others, repeat(GOOD)))
        run = explore_with(scenario, executor, Plan(examples=9), LockSpec(), lambda _: None)
        assert run.status == "unknown"
        assert "timeout_not_late" in {one.check for one in run.verdicts if one.status == "unknown"}
        assert "was not violated" not in plain(story(run, ""))


@pytest.mark.parametrize(
    ("shown", "status"),
    [(LATE, "unknown"), (VERY_LATE, "violated"), (BOTH, "violated")],
    ids=["late", "by far", "two"],
)
def test_a_bound_on_time_that_is_exceeded_in_none_of_the_later_runs_is_unknown(
    shown: Example, status: Status
) -> None:
    """The machine may have been busy in all runs before.  No load explains the other violations."""
    executor = Returns(chain([shown] * 3, repeat(GOOD)))
    run = explore_with(Scenario(PROGRAM, name="late"), executor, Plan(), LockSpec(), lambda _: None)
    assert run.repeats == (0, REPEATS)
    assert run.status == status
    assert bool(run.violated_checks) == (status == "violated")
    why = [one.why for one in run.verdicts if one.status == "unknown"]
    assert status == "violated" or "and then in none of 10 further runs" in why[0]


def test_an_unknown_example_is_retried_while_shrinking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the retry, a smaller program that fails would count as one that does not."""
    monkeypatch.setattr("lock_harness.exploration.reduction.REPEATS", 1)
    scenario = Scenario(TWO_STEPS, name="late")
    examples = chain([LATE] * 5, cycle([STALLED, LATE]))
    run = explore_with(scenario, Returns(examples), Plan(), LockSpec(), lambda _: None)
    assert (run.status, run.program.steps) == ("violated", ())
    assert run.repeats == (1, 1)


def test_each_smaller_program_violates_the_check_that_was_found_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A program with one step fewer violates only another check, so it shows another defect."""
    monkeypatch.setattr("lock_harness.exploration.reduction.REPEATS", 1)
    both_and_late = BOTH
    assert both_and_late.violated_checks == {"mutual_exclusion", "timeout_not_late", "linearizable"}
    only_late = msgspec.structs.replace(LATE)

    class OtherDefectIfShort(AlwaysHolds):
        def run_and_clean_up(self, program: Program) -> Example:
            shown = both_and_late if len(program.steps) > 1 else only_late
            return msgspec.structs.replace(shown, program=program)

    scenario = Scenario(TWO_STEPS, name="two")
    run = explore_with(scenario, OtherDefectIfShort(), Plan(), LockSpec(), lambda _: None)
    assert (len(run.program.steps), run.violated_checks[0]) == (2, "mutual_exclusion")
    assert run.repeats == (1, 1)


class FailsInNewProcesses(AlwaysHolds):
    """Shows two holders if the actors have never used the lock before."""

    def __init__(self) -> None:
        super().__init__()
        self._new = True

    def warm_up(self, actors: int) -> None:  # noqa: ARG002
        self._new = False

    def renew_actors(self) -> None:
        self._new = True

    def run_and_clean_up(self, program: Program) -> Example:
        ages = (SessionAge(0, 0, 0, new_process=self._new),)
        shown = BOTH if self._new else GOOD
        history = msgspec.structs.replace(shown.history, sessions=ages)
        # The actors are replaced after a violation.
        return msgspec.structs.replace(shown, program=program, history=history)


def test_a_failure_of_new_processes_is_shrunk_with_new_processes_and_says_so() -> None:
    scenario = Scenario(TWO_STEPS, name="new")
    run = explore_with(scenario, FailsInNewProcesses(), Plan(), LockSpec(), lambda _: None)
    assert (run.status, run.repeats, run.program.steps) == ("violated", (10, 10), ())
    assert run.shrinking is not None
    assert run.shrinking.new_processes
    assert "It fails only in new processes" in plain(story(run, ""))


@pytest.mark.parametrize(
    ("seconds", "runs", "over"),
    [
        (9, 3000, False),
        (11, 3000, True),
        (11, 20, False),
        (51, 61, True),
        (59, 20, False),
        (61, 20, True),
    ],
    ids=["fast", "fast, over", "slow", "slow, over", "very slow", "very slow, over"],
)
def test_the_budget_of_shrinking_is_scaled_to_the_time_of_one_example(
    seconds: float, runs: int, over: bool
) -> None:
    assert is_used_up(seconds, runs) == over


def example_with_moves(*actors: int) -> Example:
    """Return an example of the gate with two holders, in which these actors moved in this order."""
    moves = tuple(Move(place, actor, 0, "", (0, 1), JAN) for place, actor in enumerate(actors))
    return msgspec.structs.replace(BOTH, history=msgspec.structs.replace(BOTH.history, moves=moves))


def test_a_run_is_unknown_if_an_order_cannot_be_run() -> None:
    always = msgspec.structs.replace(example_with_moves(0, 1), verdicts=GOOD.verdicts)
    scenario = Scenario(EveryOrder(at_gate(acquire(0, JAN, 0), acquire(1, JAN, 0))), name="orders")
    run = explore_with(scenario, Returns(repeat(always)), Plan(), LockSpec(), lambda _: None)
    assert run.coverage.divergence is not None
    assert run.status == "unknown"
    assert run.coverage.divergence in junit([run], [""])


KILL = Fault(1, message=99)
STEPS = (acquire(0, JAN, 0), acquire(1, JAN, 0), KILL)


@pytest.mark.parametrize("what", [at_gate(*STEPS), EveryOrder(at_gate(*STEPS))], ids=["program", "every"])
def test_a_run_is_unknown_if_a_fault_of_its_fixed_program_is_never_injected(
    what: Program | EveryOrder,
) -> None:
    moves = (Move(0, 0, 0, "", (0,), JAN),)
    missing = msgspec.structs.replace(GOOD.history, moves=moves)
    injected = msgspec.structs.replace(missing, events=(Event(1, "fault", 1, 0, 2, fault="kill"),))
    for history, not_injected in ((missing, (KILL,)), (injected, ())):
        shown = msgspec.structs.replace(GOOD, history=history)
        run = explore_with(
            Scenario(what, name="late"), Returns(repeat(shown)), Plan(), LockSpec(), lambda _: None
        )
        assert run.coverage.faults_not_injected == not_injected
        assert run.status == ("unknown" if not_injected else "holds")
        sentence = "the kill of actor 1 at message 99 was not injected"
        assert (sentence in plain(story(run, ""))) == bool(not_injected)
        assert (sentence in junit([run], [""])) == bool(not_injected)


def test_a_violation_outweighs_a_fault_that_was_not_injected() -> None:
    run = explore_with(
        Scenario(at_gate(*STEPS), name="late"), Returns(repeat(BOTH)), Plan(), LockSpec(), lambda _: None
    )
    assert (run.status, run.coverage.faults_not_injected) == ("violated", ())


FIRST, OTHER = (0, 1), (1, 0)


@pytest.mark.parametrize(
    ("orders", "shown", "diverged_at"),
    [
        ([FIRST, FIRST], FIRST, None),
        ([FIRST, OTHER, FIRST, FIRST], FIRST, None),
        ([FIRST, OTHER, OTHER], OTHER, None),
        ([FIRST, OTHER, FIRST, OTHER], FIRST, "at move 0"),
    ],
    ids=["never", "in the first replay", "in the first run", "each time"],
)
def test_choices_that_lead_elsewhere_once_are_replayed_again(
    orders: list[tuple[int, int]], shown: tuple[int, int], diverged_at: str | None
) -> None:
    examples = [example_with_moves(*order) for order in orders]
    executor = Returns(chain(examples, repeat(examples[-1])))
    run = explore_with(Scenario(PROGRAM, name="herd"), executor, Plan(), LockSpec(), lambda _: None)
    assert run.history.moves[0].actor == shown[0]
    assert run.shrinking is not None
    divergence = run.shrinking.divergence
    assert (diverged_at is None) == (divergence is None)
    assert diverged_at is None or (divergence is not None and diverged_at in divergence)
