"""A race at the gate is recorded, and a scheduler follows the recorded moves."""

from lock_harness.actors.mailbox import AtGate
from lock_harness.core.schedule import Recorded
from lock_harness.gate.pending import PendingRequest
from lock_harness.gate.recorder import Recorder
from lock_harness.gate.schedulers.recorded import RecordedScheduler
from lock_harness.gate.schedulers.scheduler import Decision


class RecordedRace:
    """A recorder, and the requests that it has let through."""

    def __init__(self) -> None:
        self.recorder = Recorder()
        self.went: list[str] = []

    def step(self, actor: int, number: int) -> None:
        self.recorder.on_step(AtGate(actor, number, None), lambda: self.went.append(f"step {number}"))

    def say(self, actor: int, text: str, only_prepares: bool = False) -> None:
        self.recorder.on_request(actor, PendingRequest(text, lambda: self.went.append(text), only_prepares))

    def moves(self) -> list[tuple[int, int, str]]:
        return [(one.actor, one.number, one.text) for one in self.recorder.moves]


def test_a_recorder_lets_everything_through_at_once() -> None:
    race = RecordedRace()
    race.say(0, "hello")
    race.step(0, 0)
    race.say(0, "SELECT 1")
    assert race.went == ["hello", "step 0", "SELECT 1"]


def test_a_step_is_recorded_with_its_first_statement_when_the_statement_arrives() -> None:
    race = RecordedRace()
    race.say(0, "belongs to the start of the session")
    for actor in (0, 1, 2):
        race.step(actor, actor)
    race.say(1, "prepare", only_prepares=True)
    race.say(1, "ask")
    race.say(0, "ask")
    race.say(1, "take")
    assert race.moves() == [(2, 2, ""), (1, 1, "ask"), (0, 0, "ask"), (1, 1, "take")]
    assert {one.enabled for one in race.recorder.moves} == {()}


def test_an_error_is_recorded_with_the_request_that_it_replies_to() -> None:
    race = RecordedRace()
    race.recorder.on_reply(0, "22012 before the first step")
    race.step(0, 0)
    race.say(0, "ask")
    race.recorder.on_reply(0)
    race.say(0, "take")
    race.recorder.on_reply(0, "57014 cancelled")
    assert [(one.text, one.error) for one in race.recorder.moves] == [
        ("ask", None),
        ("take", "57014 cancelled"),
    ]


def test_the_step_of_a_killed_actor_that_sent_no_request_is_discarded() -> None:
    race = RecordedRace()
    race.step(0, 0)
    race.say(0, "take")
    race.step(0, 1)
    race.recorder.on_injected(0)
    race.say(0, "hello")
    race.step(0, 1)
    assert race.moves() == [(0, 0, "take"), (0, 1, "")], "the killed process never took step 1"


# The scheduler


def choose(scheduler: RecordedScheduler, *ready: int, at: list[int], polling: tuple[int, ...] = ()) -> int:
    return scheduler.choose(Decision(ready, polling, (), at))


def test_the_recorded_moves_are_followed_and_then_the_last_actor_continues() -> None:
    scheduler = RecordedScheduler(Recorded(((1, 1), (0, 0), (1, 1))), 2)
    assert [choose(scheduler, 0, 1, at=[0, 1]) for _ in range(5)] == [1, 0, 1, 0, 0]


def test_a_recorded_move_of_an_actor_that_cannot_move_is_made_later() -> None:
    scheduler = RecordedScheduler(Recorded(((1, 1), (0, 0))), 2)
    assert choose(scheduler, 0, at=[0, 1]) == 0
    assert choose(scheduler, 0, 1, at=[0, 1]) == 1


def test_recorded_moves_that_a_step_does_not_need_are_skipped() -> None:
    """Actor 0 was recorded with three tries, and needs one."""
    scheduler = RecordedScheduler(Recorded(((0, 0), (0, 0), (0, 0), (1, 1), (0, 2))), 3)
    assert choose(scheduler, 0, 1, at=[0, 1]) == 0
    assert choose(scheduler, 0, 1, at=[2, 1]) == 1
    assert choose(scheduler, 1, 0, at=[2, 1]) == 0


def test_an_actor_with_more_moves_than_recorded_is_let_through_to_its_next_step_when_the_step_is_due() -> (
    None
):
    scheduler = RecordedScheduler(Recorded(((0, 0), (1, 1), (0, 2), (1, 3))), 4)
    assert choose(scheduler, 0, 1, at=[0, 1]) == 0
    assert choose(scheduler, 0, 1, at=[0, 1]) == 1
    assert choose(scheduler, 1, 0, at=[0, 1]) == 0, "one more request of step 0"
    assert choose(scheduler, 0, 1, at=[2, 1]) == 0
    assert choose(scheduler, 0, 1, at=[2, 3]) == 1


def test_a_polling_actor_is_not_let_through_to_its_next_step() -> None:
    scheduler = RecordedScheduler(Recorded(((0, 2), (1, 1))), 3)
    assert choose(scheduler, 1, at=[0, 1], polling=(0,)) == 1


def test_a_recorded_try_of_a_polling_actor_is_waited_for() -> None:
    scheduler = RecordedScheduler(Recorded(((0, 0), (1, 1))), 2)
    assert choose(scheduler, 1, at=[0, 1], polling=(0,)) == 0


def test_a_move_that_is_in_no_program_belongs_to_the_step_before() -> None:
    """Actor 0 opens a new session between its steps; its number is that of no step."""
    scheduler = RecordedScheduler(Recorded(((0, 0), (0, 0), (1, 1), (0, 2))), 3)
    assert choose(scheduler, 0, 1, at=[0, 1]) == 0
    assert choose(scheduler, 0, 1, at=[7, 1]) == 0
    assert choose(scheduler, 0, 1, at=[2, 1]) == 1
    assert choose(scheduler, 1, 0, at=[2, 1]) == 0
