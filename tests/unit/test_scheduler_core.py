"""Which actor moves next, and when, in simulated programs without faults."""

from lock_harness.gate.scheduler_core import BLOCK_CHECK_AFTER_NS, IDLE_AFTER_NS, MAX_POLLING_WAIT_NS
from tests.simulated_gate import Simulated


def test_no_actor_moves_before_all_have_come_to_the_gate() -> None:
    world = Simulated(2)
    world.step(1)
    assert world.went == []
    world.step(0)
    assert world.went == [(0, "step 0")]


def test_the_first_statement_of_a_step_passes_with_it_and_the_second_waits() -> None:
    world = Simulated(2, (0, 1))
    world.step(0)
    world.step(1)
    world.say(0, "SELECT 1")
    world.core.on_reply(0)
    assert world.went == [(0, "step 0"), (0, "SELECT 1")]
    world.say(0, "SELECT 2")
    assert world.moves() == [(0, "SELECT 1", (0, 1)), (1, "", (0, 1))]


def test_the_error_in_the_reply_to_a_request_belongs_to_its_move() -> None:
    world = Simulated(2, (0, 1))
    world.step(0)
    world.step(1)
    world.say(0, "SELECT 1")
    world.core.on_reply(0, "57014 cancelled")
    world.say(0, "SELECT 2")
    assert [(one.actor, one.text, one.error) for one in world.core.moves] == [
        (0, "SELECT 1", "57014 cancelled"), (1, "", None),
    ]  # fmt: skip
    world.say(1, "SELECT 3")
    world.core.on_reply(1, "57P01 terminated")
    assert world.core.moves[1].error == "57P01 terminated"


def test_an_actor_may_open_a_session_while_its_terminate_waits() -> None:
    """The startup message has passed already when the core learns of it; if it waited, no reply would ever be counted."""
    world = Simulated(2, (0, 1))
    world.step(0)
    world.step(1)
    world.say(0, "DELETE")
    world.core.on_reply(0)
    world.say(0, "Terminate")
    world.say(0, "StartupMessage", only_prepares=True)
    assert world.went[-2:] == [(1, "step 0"), (0, "StartupMessage")]
    world.core.on_reply(0)
    world.core.on_finish(1)
    world.core.on_reply(0)
    world.step(0, 1)
    assert world.went[-2:] == [(0, "Terminate"), (0, "step 1")]


def test_no_other_actor_moves_before_the_reply_and_the_next_request_of_the_actor() -> None:
    world = Simulated(2, (0, 1))
    world.step(0)
    world.step(1)
    world.say(0, "SELECT 1")
    world.core.on_reply(0)
    assert len(world.moves()) == 1
    world.core.on_finish(0)
    assert world.moves()[1:] == [(1, "", (1,))]


def test_an_actor_blocked_in_the_server_lets_others_move_and_continues_when_unblocked() -> None:
    world = Simulated(2)
    world.step(0)
    world.step(1)
    world.say(0, "take")
    world.blocked_actors = {0}
    world.pass_time(2 * BLOCK_CHECK_AFTER_NS)
    assert world.moves()[1:] == [(1, "", (1,))]
    world.say(1, "release")
    world.blocked_actors = set()
    world.core.on_reply(1)
    world.step(1, 3)
    assert len(world.moves()) == 2, "the server has unblocked actor 0, so it moves now"
    world.core.on_reply(0)
    world.step(0, 2)
    assert world.moves()[2:] == [(1, "", (1, 0))]


def test_a_polling_actor_is_listed_last_and_waited_for_if_it_is_chosen() -> None:
    world = Simulated(2, (0, 1))
    world.step(0)
    world.step(1)
    world.say(0, "try")
    world.core.on_reply(0)
    world.computing = {0}
    world.pass_time(2 * IDLE_AFTER_NS)
    assert len(world.moves()) == 1, "actor 0 computes"
    world.computing = set()
    world.pass_time(IDLE_AFTER_NS)
    assert len(world.moves()) == 1, "actor 0 was chosen"
    world.say(0, "try again")
    assert world.moves()[1:] == [(0, "try again", (1, 0))]


def test_an_actor_that_sleeps_before_its_first_request_does_not_take_over_the_move_of_another() -> None:
    """It counts as polling, so another actor moves; then its first request is a move of its own."""
    world = Simulated(2)
    world.step(0)
    world.step(1)
    world.pass_time(2 * IDLE_AFTER_NS)
    assert world.moves() == [(0, "", (0, 1)), (1, "", (1, 0))]
    world.say(0, "late")
    assert world.moves() == [(0, "", (0, 1)), (1, "", (1, 0))]
    assert (0, "late") not in world.went, "actor 1 has not finished its step"
    world.say(1, "SELECT 1")
    world.core.on_reply(1)
    world.core.on_finish(1)
    assert world.moves()[1:] == [(1, "SELECT 1", (1, 0)), (0, "late", (0,))]


def test_an_actor_that_is_chosen_while_it_sleeps_before_its_first_request_is_not_awaited_any_more() -> None:
    world = Simulated(2, (0, 1))
    world.step(0)
    world.step(1)
    world.pass_time(2 * IDLE_AFTER_NS)
    assert world.moves() == [(0, "", (0, 1))], "actor 0 was chosen"
    world.say(0, "late")
    assert world.moves()[1:] == [(0, "late", (1, 0))]
    world.core.on_reply(0)
    world.core.on_finish(0)
    assert world.moves()[2:] == [(1, "", (1,))]


def test_an_actor_that_repeats_its_request_counts_as_polling() -> None:
    """Whether the core looks before or after the actor wakes up must not change the order of the enabled actors."""
    world = Simulated(2, (0, 0, 1))
    world.step(0)
    world.step(1)
    world.say(0, "try")
    world.core.on_reply(0)
    world.say(0, "try")
    assert world.moves() == [(0, "try", (0, 1)), (1, "", (1, 0))]
    world.say(1, "SELECT 1")
    world.core.on_reply(1)
    world.core.on_finish(1)
    assert world.moves()[2:] == [(0, "try", (0,))]


def test_an_actor_that_sends_the_same_request_in_its_next_step_is_not_polling() -> None:
    world = Simulated(2)
    for number in range(3):
        world.step(0, number)
        if not number:
            world.step(1)
        world.say(0, "SELECT 1")
        world.core.on_reply(0)
    assert [(actor, enabled) for actor, _, enabled in world.moves()] == [(0, (0, 1))] * 3


def test_a_chosen_actor_that_sleeps_too_long_is_not_waited_for() -> None:
    world = Simulated(2, (0, 1))
    world.step(0)
    world.step(1)
    world.say(0, "try")
    world.core.on_reply(0)
    world.pass_time(2 * IDLE_AFTER_NS)
    world.pass_time(2 * MAX_POLLING_WAIT_NS)
    assert world.moves()[1:] == [(1, "", (1,))]


def test_preparing_a_statement_is_no_move() -> None:
    world = Simulated(2)
    world.step(0)
    world.step(1)
    world.say(0, "Parse", only_prepares=True)
    world.core.on_reply(0)
    world.say(0, "SELECT 1")
    assert world.went == [(0, "step 0"), (0, "Parse"), (0, "SELECT 1")]
    assert [text for _, text, _ in world.moves()] == ["SELECT 1"]


def test_a_closed_gate_lets_everything_through() -> None:
    world = Simulated(2)
    world.step(0)
    world.core.close()
    assert world.went == [(0, "step 0")]
    world.say(0, "anything")
    world.step(1)
    assert world.went == [(0, "step 0"), (0, "anything"), (1, "step 0")]
