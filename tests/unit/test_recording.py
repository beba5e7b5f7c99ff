"""Where a race is shrunk: at the gate if it goes wrong there, and else where it was found."""

from collections.abc import Sequence
from contextlib import nullcontext
from unittest.mock import create_autospec

import msgspec
import pytest

from lock_harness.checks import judge
from lock_harness.core.errors import UserError
from lock_harness.core.history import History, Move
from lock_harness.core.program import Mode, Program
from lock_harness.core.verdict import Bounds
from lock_harness.execution.arena import Arena
from lock_harness.exploration.example import Example
from lock_harness.exploration.executor import Executor
from lock_harness.exploration.recording import RECORDINGS, ShrinkSite, open_shrink_site
from tests.histories import JAN, Part, acquire, call, history, kill, stall

MOVES = (Move(0, 0, 0, "take", (0, 1)), Move(1, 1, 1, "take", (0, 1)))
OTHER_MOVES = (Move(0, 1, 1, "take", (0, 1)), Move(1, 0, 0, "take", (0, 1)))
BOTH = (acquire(0, 0, True), acquire(1, 5, True))
GOOD = (acquire(0, 0, True),)
EARLY = (acquire(0, 0, True), call(1, "acquire", JAN, at=2, answer=False, timeout=500))


def example(mode: Mode, *parts: Part, moves: tuple[Move, ...] = ()) -> Example:
    given: History = msgspec.structs.replace(history(*parts), moves=moves)
    return Example(Program(2, (JAN,), (), mode), given, judge(given, Bounds()))


REFUSED = (acquire(0, 0, True), kill(0, at=5), acquire(1, 1500, False))  # its bound was over long before
FOUND = example("race", *BOTH)
STEADY = example("gate", *GOOD)
ONE_WAY, OTHERWISE = example("gate", *BOTH, moves=MOVES), example("gate", *BOTH, moves=OTHER_MOVES)


def doubted(given: Example) -> Example:
    """The same, but the machine stalled all the time."""
    history = msgspec.structs.replace(given.history, stalls=(stall(1600, 1600),))
    return Example(given.program, history, judge(history, Bounds()))


class Fake(Executor):
    """Gives the examples that it was told to give, and the last one again and again."""

    def __init__(self, examples: Sequence[Example]) -> None:
        super().__init__(lambda: nullcontext(create_autospec(Arena)))
        self._examples = examples
        self.tried: list[Mode] = []

    def run_and_clean_up(self, program: Program) -> Example:
        self.tried.append(program.mode)
        return self._examples[min(len(self.tried), len(self._examples)) - 1]


class Soiling(Fake):
    def run_and_clean_up(self, program: Program) -> Example:
        self.leaked_locks = True
        return super().run_and_clean_up(program)


def place(
    monkeypatch: pytest.MonkeyPatch, gate: Fake, found: Example = FOUND, expects: str | None = None
) -> tuple[Mode, list[Mode]]:
    """Where it is shrunk, and what was tried at the gate."""
    monkeypatch.setattr("lock_harness.exploration.recording.Executor", lambda _: gate)
    opener = nullcontext(create_autospec(Arena))
    with open_shrink_site(found, expects, Fake([]), lambda: opener, lambda _: None) as at:
        assert (at.executor is gate) == (at.example is not found)
        assert bool(at.why_as_race) == bool(gate.tried and at.example is found)
        return at.example.program.mode, gate.tried


def test_a_race_that_goes_wrong_at_the_gate_is_shrunk_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert place(monkeypatch, Fake([FOUND, ONE_WAY])) == ("gate", ["race", "gate", "gate"])


def test_where_its_proof_alone_does_not_go_wrong_all_of_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Fake([FOUND, STEADY, ONE_WAY])
    assert place(monkeypatch, gate) == ("gate", ["race", "gate", "gate", "gate"])


def test_what_the_machine_may_have_done_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    found, at_gate = example("race", *REFUSED), example("gate", *REFUSED, moves=MOVES)
    asked = [[doubted(found)] * 2, [found], [doubted(at_gate)] * 3, [at_gate], [doubted(at_gate), at_gate]]
    gate = Fake([one for some in asked for one in some])
    assert place(monkeypatch, gate, found, "auto_release") == ("gate", ["race"] * 3 + ["gate"] * 6)


@pytest.mark.parametrize(
    ("examples", "tried"),
    [
        ([example("race", *GOOD)], ["race"] * RECORDINGS),
        ([FOUND, STEADY, STEADY] * RECORDINGS, ["race", "gate", "gate"] * RECORDINGS),
        ([FOUND, *[ONE_WAY, OTHERWISE] * 2] * RECORDINGS, ["race", *["gate"] * 4] * RECORDINGS),
    ],
    ids=["does not come back", "not at the gate", "goes another way there"],
)
def test_else_it_is_shrunk_as_a_race(
    monkeypatch: pytest.MonkeyPatch, examples: list[Example], tried: list[Mode]
) -> None:
    monkeypatch.setattr("lock_harness.exploration.recording.RECORD_S", 60.0)
    assert place(monkeypatch, Fake(examples)) == ("race", tried)


def test_what_only_a_clock_decides_is_not_tried_at_the_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    found = example("race", *EARLY)
    assert found.violated_checks == {"timeout_not_early"}
    assert place(monkeypatch, Fake([]), found) == ("race", [])
    assert place(monkeypatch, Fake([]), expects="timeout_not_early") == ("race", [])


def test_what_was_found_in_turns_is_shrunk_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    assert place(monkeypatch, Fake([]), example("lockstep", *BOTH)) == ("lockstep", [])


def test_a_gate_that_cannot_be_opened_is_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> Executor:
        raise UserError("all of 2090-2099 is in use")

    executor = Fake([])
    monkeypatch.setattr("lock_harness.exploration.recording.Executor", refuse)
    opener = nullcontext(create_autospec(Arena))
    with open_shrink_site(FOUND, None, executor, lambda: opener, lambda _: None) as where:
        assert where == ShrinkSite(FOUND, executor, "all of 2090-2099 is in use")


def test_months_that_stay_locked_there_are_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    gate, executor = Soiling([example("race", *GOOD)]), Fake([])
    monkeypatch.setattr("lock_harness.exploration.recording.Executor", lambda _: gate)
    opener = nullcontext(create_autospec(Arena))
    with open_shrink_site(FOUND, None, executor, lambda: opener, lambda _: None):
        assert executor.leaked_locks
    assert gate.tried == ["race"]
