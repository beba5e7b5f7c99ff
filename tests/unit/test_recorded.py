"""A race at the gate is written down, and goes the same way there again."""

from lock_harness.actors.mailbox import AtGate
from lock_harness.core.schedule import Recorded
from lock_harness.gate.pending import PendingRequest
from lock_harness.gate.recorder import Recorder
from lock_harness.gate.schedulers.recorded import RecordedScheduler
from lock_harness.gate.schedulers.scheduler import Decision


class Noted:
    """A recorder, and what it let through."""

    def __init__(self) -> None:
        self.recorder = Recorder()
        self.went: list[str] = []

    def step(self, actor: int, number: int) -> None:
        self.recorder.on_step(AtGate(actor, number, None), lambda: self.went.append(f"step {number}"))

    def say(self, actor: int, text: str, only_prepares: bool = False) -> None:
        self.recorder.on_request(actor, PendingRequest(text, lambda: self.went.append(text), only_prepares))

    def moves(self) -> list[tuple[int, int, str]]:
        return [(one.actor, one.number, one.text) for one in self.recorder.moves]


def test_nobody_waits() -> None:
    noted = Noted()
    noted.say(0, "hello")
    noted.step(0, 0)
    noted.say(0, "SELECT 1")
    assert noted.went == ["hello", "step 0", "SELECT 1"]


def test_a_step_is_noted_with_its_first_statement_when_that_comes() -> None:
    noted = Noted()
    noted.say(0, "belongs to the start of the session")
    for actor in (0, 1, 2):
        noted.step(actor, actor)
    noted.say(1, "prepare", only_prepares=True)
    noted.say(1, "ask")
    noted.say(0, "ask")
    noted.say(1, "take")
    assert noted.moves() == [(2, 2, ""), (1, 1, "ask"), (0, 0, "ask"), (1, 1, "take")]
    assert {one.enabled for one in noted.recorder.moves} == {()}


def test_whoever_takes_the_place_of_a_killed_actor_stands_before_no_step_yet() -> None:
    noted = Noted()
    noted.step(0, 0)
    noted.say(0, "take")
    noted.step(0, 1)
    noted.recorder.on_injected(0)
    noted.say(0, "hello")
    noted.step(0, 1)
    assert noted.moves() == [(0, 0, "take"), (0, 1, "")], "the dead one never took step 1"


# The chooser


def choose(scheduler: RecordedScheduler, *ready: int, at: list[int], polling: tuple[int, ...] = ()) -> int:
    return scheduler.choose(Decision(ready, polling, (), at))


def test_it_goes_as_recorded_and_then_on_as_before() -> None:
    scheduler = RecordedScheduler(Recorded(((1, 1), (0, 0), (1, 1))), 2)
    assert [choose(scheduler, 0, 1, at=[0, 1]) for _ in range(5)] == [1, 0, 1, 0, 0]


def test_who_may_not_move_is_left_for_later() -> None:
    scheduler = RecordedScheduler(Recorded(((1, 1), (0, 0))), 2)
    assert choose(scheduler, 0, at=[0, 1]) == 0
    assert choose(scheduler, 0, 1, at=[0, 1]) == 1


def test_moves_too_many_are_left_out() -> None:
    """0 was recorded with three tries, and needs one."""
    scheduler = RecordedScheduler(Recorded(((0, 0), (0, 0), (0, 0), (1, 1), (0, 2))), 3)
    assert choose(scheduler, 0, 1, at=[0, 1]) == 0
    assert choose(scheduler, 0, 1, at=[2, 1]) == 1
    assert choose(scheduler, 1, 0, at=[2, 1]) == 0


def test_whoever_takes_more_moves_is_let_through_to_its_next_step_when_that_is_due() -> None:
    scheduler = RecordedScheduler(Recorded(((0, 0), (1, 1), (0, 2), (1, 3))), 4)
    assert choose(scheduler, 0, 1, at=[0, 1]) == 0
    assert choose(scheduler, 0, 1, at=[0, 1]) == 1
    assert choose(scheduler, 1, 0, at=[0, 1]) == 0, "one more message of step 0"
    assert choose(scheduler, 0, 1, at=[2, 1]) == 0
    assert choose(scheduler, 0, 1, at=[2, 3]) == 1


def test_but_not_if_it_only_tries_again_and_again() -> None:
    scheduler = RecordedScheduler(Recorded(((0, 2), (1, 1))), 3)
    assert choose(scheduler, 1, at=[0, 1], polling=(0,)) == 1


def test_a_try_that_was_recorded_is_waited_for() -> None:
    scheduler = RecordedScheduler(Recorded(((0, 0), (1, 1))), 2)
    assert choose(scheduler, 1, at=[0, 1], polling=(0,)) == 0


def test_what_is_in_no_program_belongs_to_the_step_before() -> None:
    """0 opens a new session between its steps; its number is that of no step."""
    scheduler = RecordedScheduler(Recorded(((0, 0), (0, 0), (1, 1), (0, 2))), 3)
    assert choose(scheduler, 0, 1, at=[0, 1]) == 0
    assert choose(scheduler, 0, 1, at=[7, 1]) == 0
    assert choose(scheduler, 0, 1, at=[2, 1]) == 1
    assert choose(scheduler, 1, 0, at=[2, 1]) == 0
