"""The list of crash points is complete, and each fault is injected at the message that its point names."""

from contextlib import nullcontext
from itertools import starmap
from unittest.mock import create_autospec

import msgspec
import pytest

from lock_harness.core.contract import Contract
from lock_harness.core.fault import Fault
from lock_harness.core.history import TERMINATE, Event, History, Move
from lock_harness.core.program import Month, Program
from lock_harness.core.run import CrashPoint
from lock_harness.core.verdict import Bounds, Status, Verdict
from lock_harness.execution.arena import Arena
from lock_harness.exploration.example import Example
from lock_harness.exploration.executor import Executor
from lock_harness.exploration.plan import Plan
from lock_harness.exploration.searches.crash_points import CrashPointSearch
from lock_harness.exploration.searches.example_log import ExampleLog
from lock_harness.exploration.time_limit import TimeLimit
from lock_harness.programs.crash_points import crash_trials, death_trials, judged, without_verbs
from lock_harness.programs.scenario import Scenario
from lock_harness.programs.steps import acquire, at_gate, crash, hold, is_locked, program, release, reopen
from lock_harness.programs.workload import CrashPoints
from lock_harness.render.crash_points import crash_points
from lock_harness.render.text import plain
from lock_harness.render.totals import thin
from lock_harness.servers.years import Years
from tests.runs import run

JAN = Month(2090, 1)
PROGRAM = at_gate(acquire(0, JAN, 0), reopen(0), acquire(1, JAN, 0))
BOTH, ALONE = (0, 1), (1,)
MOVES = (
    Move(1, 0, 0, "SET a = 1", BOTH, JAN),
    Move(2, 0, 0, "SELECT lock()", BOTH, JAN),
    Move(3, 0, 1, "", BOTH),  # the beginning of a step, without a message
    Move(4, 0, 1, TERMINATE, BOTH),
    Move(5, 1, 2, "SELECT lock()", ALONE, JAN),
)
AT_A_MESSAGE = {
    ("kill", "before"), ("kill", "after"), ("terminate", "before"), ("terminate", "after"),
    ("reset", "before"), ("reset", "after"), ("reset", "half"),
}  # fmt: skip
AT_A_TERMINATE = {("kill", "before"), ("kill", "after"), ("terminate", "before"), ("reset", "before")}


def test_every_fault_is_injected_twice_at_every_message() -> None:
    points = [one.point for one in crash_trials(PROGRAM, MOVES)]
    listed = [
        (one.number, one.fault.message, one.fault.kind, one.fault.point, one.overtaken) for one in points
    ]
    assert len(set(listed)) == len(listed)
    assert {*listed} == {
        (number, message, *fault, overtaken)
        for number, message, faults in ((0, 0, AT_A_MESSAGE), (0, 1, AT_A_MESSAGE), (1, 0, AT_A_TERMINATE))
        for fault in faults
        for overtaken in (False, True)
    }
    assert {(one.verb, one.text) for one in points} == {
        ("acquire", "SET a = 1"),
        ("acquire", "SELECT lock()"),
        ("reopen", TERMINATE),
    }


def test_a_fault_stands_before_its_operation_and_a_switch_follows_its_message_in_every_second_trial() -> None:
    second = [one for one in crash_trials(PROGRAM, MOVES) if one.point.text == TERMINATE][:2]
    for one in second:
        assert one.program.steps == (PROGRAM.steps[0], one.point.fault, *PROGRAM.steps[1:])
    assert [one.program.choices for one in second] == [(), (0, 0, 0, 0, 1)]


def test_the_final_release_of_held_months_has_crash_points_too() -> None:
    kept = at_gate(acquire(0, JAN, 0), acquire(1, JAN, 0))
    last = [Move(place, 0, number, "SELECT unlock()", ALONE, JAN) for place, number in ((2, 3), (3, 5))]
    points = crash_trials(kept, [*MOVES[:2], *last])
    assert {(one.point.number, one.point.verb, one.point.fault.message) for one in points} == {
        (0, "acquire", 0), (0, "acquire", 1), (2, "release", 0), (2, "release", 1),
    }  # fmt: skip
    assert {one.program.steps.index(one.point.fault) for one in points} == {0, 2}


def test_a_trial_keeps_the_choices_of_its_program_up_to_the_fault() -> None:
    chosen = msgspec.structs.replace(PROGRAM, choices=(1, 1, 1))
    orders = [one.program.choices for one in crash_trials(chosen, MOVES)]
    assert {*orders[::2]} == {(1, 1, 1)}
    assert [*dict.fromkeys(orders[1::2])] == [(1, 1), (1, 1, 1), (1, 1, 1, 0, 1)]


def test_a_death_leaves_out_the_later_steps_of_the_target_and_fixes_the_moves_before_it() -> None:
    trials = death_trials(PROGRAM, MOVES)
    assert {one.point.fault.kind for one in trials} == {"kill"}
    assert [one.moves_before for one in trials] == [1, 1, 2, 2, 4, 4]
    acquires, reopens, successor = PROGRAM.steps
    assert {one.program.steps for one in trials[:4]} == {
        (one.point.fault, acquires, successor) for one in trials[:4]
    }
    assert trials[4].program.steps == (acquires, trials[4].point.fault, reopens, successor)


def test_the_crash_table_of_deaths_counts_the_orders_after_them() -> None:
    held = [judged(one, "holds", (), injected=True) for one in death_trials(PROGRAM, MOVES)]
    verdicts = (Verdict("mutual_exclusion", "violated", "two hold it"),)
    wrong = judged(death_trials(PROGRAM, MOVES)[0], "violated", verdicts, injected=True)
    points = [msgspec.structs.replace(one, orders=6) for one in (wrong, *held[1:])]
    lines = plain(crash_points(points)).splitlines()
    assert lines[0] == "6 crash points; after the fault the messages of the other actors in 36 orders in all"
    assert lines[2].split()[-2:] == ["before", "after"]
    assert lines[3].split()[-2:] == ["✗", "✓"]
    assert lines[-1].endswith("kill before, order 6 of the other actors: mutual_exclusion: two hold it")


def test_without_verbs_drops_the_operations_that_a_lock_lacks() -> None:
    whole = at_gate(acquire(0, JAN, 0), hold(0, JAN, 0), is_locked(0, JAN), release(0, JAN))
    assert without_verbs(whole, frozenset({"hold"})).steps == (whole.steps[0], *whole.steps[2:])


def test_a_crash_point_whose_fault_was_not_injected_is_unknown() -> None:
    one = crash_trials(PROGRAM, MOVES)[0]
    hit = crash_example("holds", injected=True)
    assert one.point.number in hit.injected_steps
    others = (Event(1, "fault", 0, 0, 2, fault="kill"), Event(1, "gone", 0, 0, 0))
    elsewhere = msgspec.structs.replace(hit.history, events=others)
    assert one.point.number not in msgspec.structs.replace(hit, history=elsewhere).injected_steps
    assert judged(one, "holds", (), injected=True).status == "holds"
    missed = judged(one, "holds", (), injected=False)
    assert (missed.status, missed.why) == ("unknown", "the fault was not injected")


def test_a_violated_crash_point_names_its_checks_and_reasons() -> None:
    verdicts = (Verdict("auto_release", "violated", "it is stuck"), Verdict("mutual_exclusion", "holds"))
    point = judged(crash_trials(PROGRAM, MOVES)[0], "violated", verdicts, injected=True)
    assert (point.status, point.why) == ("violated", "auto_release: it is stuck")


def test_the_crash_table_has_a_mark_for_each_point_and_the_reason_for_each_violation() -> None:
    verdicts = (Verdict("auto_release", "violated", "it is stuck"),)
    points = [
        judged(one, "violated" if place == 2 else "holds", verdicts, injected=True)
        for place, one in enumerate(crash_trials(PROGRAM, MOVES))
    ]
    lines = plain(crash_points(points)).splitlines()
    assert lines[0].startswith("36 crash points")
    assert lines[3].split()[-7:] == ["✓✓", "✗✓", "✓✓", "✓✓", "✓✓", "✓✓", "✓✓"]
    assert lines[5].split()[-7:] == ["✓✓", "✓✓", "✓✓", "-", "-", "✓✓", "-"]
    assert sum(line.count("✓") + line.count("✗") for line in lines[3:6]) == len(points)
    assert lines[6] == "✗ acquire: SET a = 1, kill after, the same actor continues: auto_release: it is stuck"
    assert all(len(line) <= 110 for line in lines)


def test_a_narrow_crash_table_keeps_the_column_of_every_fault() -> None:
    points = [judged(one, "holds", (), injected=True) for one in crash_trials(PROGRAM, MOVES)]
    lines = plain(crash_points(points), width=74).splitlines()
    assert "kill    kill    reset   reset   reset   term.   term." in lines[2]
    assert "before  after   before  after   half    before  after" in lines[3]
    assert lines[4].split()[-7:] == ["✓✓"] * 7
    assert all(len(line) <= 74 for line in lines)


def test_a_crash_point_that_was_not_tried_says_so_in_the_table() -> None:
    point = CrashPoint(0, "acquire", JAN, "SELECT 1", Fault(0), False)
    assert plain(crash_points([point])).splitlines()[-1].endswith("it was not tried")


def test_crash_points_refuse_a_program_with_faults_or_without_a_gate() -> None:
    with pytest.raises(ValueError, match="use at_gate"):
        CrashPoints(program(acquire(0, JAN, 0)))
    with pytest.raises(ValueError, match="switches must be 0 or more, not -1"):
        CrashPoints(PROGRAM, switches=-1)
    with pytest.raises(ValueError, match="no faults of its own"):
        CrashPoints(at_gate(acquire(0, JAN, 0), crash(0)))


class ExecutorOfExamples(Executor):
    """Returns the given examples, one after another."""

    def __init__(self, *examples: Example) -> None:
        arena = create_autospec(Arena)
        arena.bounds, arena.contract = Bounds(), Contract()
        arena.years, arena.verbs = Years(2090, 2091), frozenset[str]()
        super().__init__(lambda: nullcontext(arena))
        self._examples = iter(examples)

    def warm_up(self, actors: int) -> None:
        """No-op: there are no actors."""

    def run_and_clean_up(self, program: Program) -> Example:  # noqa: ARG002
        return next(self._examples)


def crash_example(status: Status, injected: bool) -> Example:
    verdicts = (Verdict("auto_release", status, "the machine stalled", timed=status == "unknown"),)
    events = (Event(1, "fault", 0, 0, 0, fault="kill"),) if injected else ()
    return Example(PROGRAM, History(2, (JAN,), events), verdicts)


@pytest.mark.parametrize(
    ("tries", "status", "why"),
    [
        ([("holds", True)], "holds", ""),
        ([("unknown", True), ("holds", True)], "holds", ""),
        ([("holds", False), ("holds", True)], "holds", ""),
        ([("unknown", True), *[("holds", False)] * 5], "unknown", "the fault was not injected"),
        ([("unknown", True)] * 5, "unknown", "the machine stalled"),
        ([("holds", False)] * 5, "unknown", "the fault was not injected"),
        ([("violated", False), ("holds", True)], "violated", "the machine stalled"),
        ([("unknown", True), ("violated", False), ("holds", True)], "violated", "the machine stalled"),
    ],
)
def test_an_inconclusive_crash_trial_is_repeated_up_to_five_times(
    tries: list[tuple[Status, bool]], status: Status, why: str
) -> None:
    scenario = Scenario(CrashPoints(PROGRAM), name="dies")
    log = ExampleLog(scenario, Plan(), Bounds(), Contract(), lambda _: None)
    search = CrashPointSearch(CrashPoints(PROGRAM), ExecutorOfExamples(*starmap(crash_example, tries)), log)
    point = search.run_trial(crash_trials(PROGRAM, MOVES)[0])
    assert point.status == status
    assert why in point.why


def test_a_search_whose_time_is_over_leaves_the_other_crash_points_untried_and_is_thin() -> None:
    scenario = Scenario(CrashPoints(PROGRAM), name="dies")
    over = iter([False, False])
    limit = TimeLimit(is_stopped=lambda: next(over, True))
    log = ExampleLog(scenario, Plan(), Bounds(), Contract(), lambda _: None, limit)
    moved = crash_example("holds", True)
    moved = msgspec.structs.replace(moved, history=msgspec.structs.replace(moved.history, moves=MOVES))
    executor = ExecutorOfExamples(moved, *[crash_example("holds", True)] * 9)
    search = CrashPointSearch(CrashPoints(PROGRAM), executor, log)
    search.run()
    found = search.result()
    tried = [point.was_tried for point in found.coverage.crash_points]
    assert tried.index(False) == sum(tried) == 2
    assert found.status == "holds"
    cut = run(status="holds", coverage=found.coverage)
    assert (
        thin(cut, minimum=1)
        == f"thin: 2 of {len(tried)} crash points were run; a longer --for runs the others"
    )
