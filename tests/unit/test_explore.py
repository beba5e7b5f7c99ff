"""What was found is reported, whatever comes in the way afterwards."""

from collections.abc import Callable, Iterable
from itertools import chain, cycle, repeat
from typing import NoReturn

import msgspec
import pytest

from lock_harness.core.errors import MachineError
from lock_harness.core.fault import Fault
from lock_harness.core.history import Event, Move
from lock_harness.core.program import Month, Operation, Program
from lock_harness.core.run import Run
from lock_harness.core.verdict import Bounds
from lock_harness.exploration.example import Example
from lock_harness.exploration.explore import Interrupted, explore_with
from lock_harness.exploration.plan import Plan
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
from lock_harness.servers.lease import Years
from tests.histories import acquire as acquire_at
from tests.histories import stall
from tests.unit.test_retries import BOTH, GOOD, LATE, PROGRAM, STALLED, Scripted, example

JAN = Month(2090, 1)
TWO = example(acquire_at(0, 0, True), acquire_at(1, 5, True))
TWO_STEPS = Program(1, (JAN,), (Operation(0, "acquire", JAN), Operation(0, "release", JAN)))


class CutShort(Scripted):
    """Finds two holders, and then something gets in the way."""

    def __init__(self, then: Callable[[], NoReturn]) -> None:
        super().__init__(BOTH)
        self.arena.years, self.arena.bounds = Years(2090, 2091), Bounds()
        self._then = then

    def run_and_clean_up(self, program: Program) -> Example:
        return next(self._examples, None) or self._give_up(program)

    def _give_up(self, _: Program) -> NoReturn:
        self._then()


def explored_with(then: Callable[[], NoReturn]) -> Run:
    scenario = Scenario(PROGRAM, name="herd")
    return explore_with(scenario, CutShort(then), Plan(), LockSpec(), lambda _: None)


def test_an_interruption_while_shrinking_keeps_what_was_found() -> None:
    def then() -> NoReturn:
        raise KeyboardInterrupt

    with pytest.raises(Interrupted) as caught:
        explored_with(then)
    assert caught.value.run.status == "violated"
    assert caught.value.run.history == BOTH.history


def test_an_error_while_shrinking_keeps_what_was_found() -> None:
    def then() -> NoReturn:
        raise MachineError("the server is gone")

    run = explored_with(then)
    assert run.status == "violated"
    assert run.repeats is None


class Willing(Scripted):
    """Runs whatever it is given, and all is well."""

    def __init__(self) -> None:
        super().__init__()
        self.arena.years, self.arena.bounds = Years(2090, 2091), Bounds()
        self.arena.verbs = frozenset({"acquire"})

    def run_and_clean_up(self, program: Program) -> Example:  # noqa: ARG002
        return GOOD


@pytest.mark.parametrize(
    "what", [Draw({"acquire": 1}), EveryOrder(at_gate(acquire(0, JAN, 0)))], ids=["draw", "every"]
)
def test_however_little_time_there_is_something_is_run(what: Draw | EveryOrder) -> None:
    run = explore_with(Scenario(what, name="short"), Willing(), Plan(seconds=0), LockSpec(), lambda _: None)
    assert run.status == "holds"
    assert run.figures.examples >= 1


class Told(Willing):
    """Runs what it is given, and shows what it was told to show."""

    def __init__(self, examples: Iterable[Example]) -> None:
        super().__init__()
        self._coming = iter(examples)

    def run_and_clean_up(self, program: Program) -> Example:
        return msgspec.structs.replace(next(self._coming), program=program)


def test_what_was_violated_beside_what_was_planted_is_told() -> None:
    scenario = Scenario(PROGRAM, name="herd", expects="auto_release")
    run = explore_with(scenario, Told(repeat(BOTH)), Plan(), LockSpec(), lambda _: None)
    assert run.status == "holds"
    assert "mutual_exclusion" in {one.check for one in run.verdicts if one.status == "violated"}
    assert "herd: auto_release was not violated" in plain(story(run, ""))
    assert "the planted lock was not caught" in junit([run], [""])
    good = explore_with(scenario, Told(repeat(GOOD)), Plan(), LockSpec(), lambda _: None)
    assert merged([good, run]).verdicts == run.verdicts


def test_a_doubt_about_what_was_planted_is_told_as_one() -> None:
    """Also where something else was violated."""
    both = example(
        acquire_at(0, 0, True, took=500, timeout=20), acquire_at(1, 500, True), stalls=(stall(400, 300),)
    )
    assert both.status == "violated"
    scenario = Scenario(Draw({"acquire": 1}), name="herd", expects="timeout_not_late")
    doubts = [STALLED] * MAX_RUNS
    for others in (doubts, [TWO, *doubts], [both]):
        told = Told(chain(others, repeat(GOOD)))
        run = explore_with(scenario, told, Plan(examples=9), LockSpec(), lambda _: None)
        assert run.status == "unknown"
        assert "timeout_not_late" in {one.check for one in run.verdicts if one.status == "unknown"}
        assert "was not violated" not in plain(story(run, ""))


def test_a_doubt_while_shrinking_is_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was taken for a program that does not fail, so the smallest was not the smallest."""
    monkeypatch.setattr("lock_harness.exploration.reduction.REPEATS", 1)
    scenario = Scenario(TWO_STEPS, name="late")
    told = chain([LATE] * 5, cycle([STALLED, LATE]))
    run = explore_with(scenario, Told(told), Plan(), LockSpec(), lambda _: None)
    assert (run.status, run.program.steps) == ("violated", ())
    assert run.repeats == (1, 1)


def went(*actors: int) -> Example:
    """Two holders, at the gate, where these moved."""
    moves = tuple(Move(place, actor, 0, "", (0, 1), JAN) for place, actor in enumerate(actors))
    return msgspec.structs.replace(BOTH, history=msgspec.structs.replace(BOTH.history, moves=moves))


def test_every_order_that_cannot_be_tried_leaves_a_doubt() -> None:
    always = msgspec.structs.replace(went(0, 1), verdicts=GOOD.verdicts)
    scenario = Scenario(EveryOrder(at_gate(acquire(0, JAN, 0), acquire(1, JAN, 0))), name="orders")
    run = explore_with(scenario, Told(repeat(always)), Plan(), LockSpec(), lambda _: None)
    assert run.coverage.divergence is not None
    assert run.status == "unknown"
    assert run.coverage.divergence in junit([run], [""])


KILL = Fault(1, message=99)
STEPS = (acquire(0, JAN, 0), acquire(1, JAN, 0), KILL)


@pytest.mark.parametrize("what", [at_gate(*STEPS), EveryOrder(at_gate(*STEPS))], ids=["program", "every"])
def test_a_fault_of_a_fixed_program_that_never_strikes_leaves_a_doubt(what: Program | EveryOrder) -> None:
    moves = (Move(0, 0, 0, "", (0,), JAN),)
    missing = msgspec.structs.replace(GOOD.history, moves=moves)
    struck = msgspec.structs.replace(missing, events=(Event(1, "fault", 1, 0, 2, fault="kill"),))
    for seen, missed in ((missing, (KILL,)), (struck, ())):
        shown = msgspec.structs.replace(GOOD, history=seen)
        run = explore_with(
            Scenario(what, name="late"), Told(repeat(shown)), Plan(), LockSpec(), lambda _: None
        )
        assert run.coverage.faults_not_injected == missed
        assert run.status == ("unknown" if missed else "holds")
        assert ("the kill of actor 1 at message 99 was not injected" in plain(story(run, ""))) == bool(missed)
        assert ("the kill of actor 1 at message 99 was not injected" in junit([run], [""])) == bool(missed)


def test_a_violation_counts_for_more_than_a_fault_that_did_not_strike() -> None:
    run = explore_with(
        Scenario(at_gate(*STEPS), name="late"), Told(repeat(BOTH)), Plan(), LockSpec(), lambda _: None
    )
    assert (run.status, run.coverage.faults_not_injected) == ("violated", ())


@pytest.mark.parametrize(
    ("runs", "taken", "differed"),
    [
        ([went(0, 1), went(0, 1)], 0, None),
        ([went(0, 1), went(1, 0), went(0, 1), went(0, 1)], 0, None),
        ([went(0, 1), went(1, 0), went(1, 0)], 1, None),  # the first one was the odd one
        ([went(0, 1), went(1, 0), went(0, 1), went(1, 0)], 0, "at move 0"),
    ],
)
def test_choices_that_lead_elsewhere_once_are_tried_again(
    runs: list[Example], taken: int, differed: str | None
) -> None:
    scenario = Scenario(PROGRAM, name="herd")
    run = explore_with(scenario, Told(chain(runs, repeat(runs[-1]))), Plan(), LockSpec(), lambda _: None)
    assert run.history.moves[0].actor == taken
    assert run.shrinking is not None
    divergence = run.shrinking.divergence
    assert (differed is None) == (divergence is None)
    assert differed is None or (divergence is not None and differed in divergence)
