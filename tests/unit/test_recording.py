"""Where a race is shrunk: at the gate if it fails there too, and otherwise as a race."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
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


# long after the release bound
REFUSED = (acquire(0, 0, True), kill(0, at=5), acquire(1, 1500, False))
FAILING_RACE = example("race", *BOTH)
HOLDS_AT_GATE = example("gate", *GOOD)
FAILS_AT_GATE = example("gate", *BOTH, moves=MOVES)
FAILS_IN_OTHER_ORDER = example("gate", *BOTH, moves=OTHER_MOVES)


def stalled(given: Example) -> Example:
    """Return the same example on a machine that stalled all the time."""
    history = msgspec.structs.replace(given.history, stalls=(stall(1600, 1600),))
    return Example(given.program, history, judge(history, Bounds()))


class Returns(Executor):
    """Returns the given examples in their order, and then the last one for every further run."""

    def __init__(self, examples: Sequence[Example]) -> None:
        super().__init__(lambda: nullcontext(create_autospec(Arena)))
        self._examples = examples
        self.modes: list[Mode] = []

    def warm_up(self, actors: int) -> None:
        """No-op: there are no actors."""

    def run_and_clean_up(self, program: Program) -> Example:
        self.modes.append(program.mode)
        return self._examples[min(len(self.modes), len(self._examples)) - 1]


class Leaks(Returns):
    """Leaves months locked on a server that the user named."""

    def run_and_clean_up(self, program: Program) -> Example:
        self.leaked_locks = True
        return super().run_and_clean_up(program)


def shrunk_in(
    gate: Returns, found: Example = FAILING_RACE, expects: str | None = None
) -> tuple[Mode, list[Mode]]:
    """Return the mode in which the violation is shrunk, and the modes of all runs at the gate."""
    check = expects or found.main_check
    assert check
    with open_shrink_site(found, check, Returns([]), lambda: nullcontext(gate), lambda _: None) as site:
        assert (site.executor is gate) == (site.example is not found)
        assert bool(site.why_as_race) == bool(gate.modes and site.example is found)
        return site.example.program.mode, gate.modes


def test_a_race_that_fails_at_the_gate_is_shrunk_there() -> None:
    gate = Returns([FAILING_RACE, FAILS_AT_GATE])
    assert shrunk_in(gate) == ("gate", ["race", "gate", "gate"])


def test_a_race_is_replayed_as_a_whole_if_its_evidence_alone_does_not_fail() -> None:
    gate = Returns([FAILING_RACE, HOLDS_AT_GATE, FAILS_AT_GATE])
    assert shrunk_in(gate) == ("gate", ["race", "gate", "gate", "gate"])


def test_recordings_and_replays_are_retried_when_a_stall_makes_them_unknown() -> None:
    found, at_gate = example("race", *REFUSED), example("gate", *REFUSED, moves=MOVES)
    runs = [[stalled(found)] * 2, [found], [stalled(at_gate)] * 3, [at_gate], [stalled(at_gate), at_gate]]
    gate = Returns([example for group in runs for example in group])
    assert shrunk_in(gate, found, "auto_release") == ("gate", ["race"] * 3 + ["gate"] * 6)


@pytest.mark.parametrize(
    ("examples", "modes"),
    [
        ([example("race", *GOOD)], ["race"] * RECORDINGS),
        ([FAILING_RACE, HOLDS_AT_GATE, HOLDS_AT_GATE] * RECORDINGS, ["race", "gate", "gate"] * RECORDINGS),
        (
            [FAILING_RACE, *[FAILS_AT_GATE, FAILS_IN_OTHER_ORDER] * 2] * RECORDINGS,
            ["race", *["gate"] * 4] * RECORDINGS,
        ),
    ],
    ids=["does not fail again", "does not fail at the gate", "diverges at the gate"],
)
def test_a_race_that_does_not_fail_again_at_the_gate_is_shrunk_as_a_race(
    monkeypatch: pytest.MonkeyPatch, examples: list[Example], modes: list[Mode]
) -> None:
    monkeypatch.setattr("lock_harness.exploration.recording.RECORD_S", 60.0)
    assert shrunk_in(Returns(examples)) == ("race", modes)


def test_a_violation_that_depends_on_a_clock_is_not_recorded() -> None:
    found = example("race", *EARLY)
    assert found.violated_checks == {"timeout_not_early"}
    assert shrunk_in(Returns([]), found) == ("race", [])
    assert shrunk_in(Returns([]), expects="timeout_not_early") == ("race", [])


def test_a_lockstep_violation_is_shrunk_in_lockstep() -> None:
    assert shrunk_in(Returns([]), example("lockstep", *BOTH)) == ("lockstep", [])


def test_an_error_at_the_gate_is_the_reason_to_shrink_as_a_race() -> None:
    def refuse() -> AbstractContextManager[Executor]:
        raise UserError("all years of 2090-2099 are in use")

    executor = Returns([])
    with open_shrink_site(FAILING_RACE, "mutual_exclusion", executor, refuse, lambda _: None) as site:
        assert site == ShrinkSite(FAILING_RACE, executor, "all years of 2090-2099 are in use")


def test_locks_that_are_leaked_at_the_gate_are_reported() -> None:
    gate, executor = Leaks([example("race", *GOOD)]), Returns([])
    open_gate = partial[AbstractContextManager[Executor]](nullcontext, gate)
    with open_shrink_site(FAILING_RACE, "mutual_exclusion", executor, open_gate, lambda _: None):
        assert executor.leaked_locks
    assert gate.modes == ["race"]
