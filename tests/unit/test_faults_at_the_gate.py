"""Faults at a message, in simulated programs."""

from lock_harness.core.fault import Fault
from lock_harness.gate.fault_plan import FaultPlan, PlannedFault
from lock_harness.gate.pending import PendingRequest
from lock_harness.gate.scheduler_core import (
    BLOCK_CHECK_AFTER_NS,
    IDLE_AFTER_NS,
    LATE_REPLY_DELAY_NS,
)
from tests.simulated_gate import Simulated


def with_first_request(*faults: Fault, choices: tuple[int, ...] = (0, 1)) -> Simulated:
    """Return two actors: actor 0 was let through to step 0 and sends its first request, and actor 1 would be next."""
    world = Simulated(2, choices, faults)
    world.step(0)
    world.step(1)
    world.say(0, "SELECT 1")
    return world


def test_a_fault_before_a_message_keeps_it_from_the_server_and_no_actor_moves_meanwhile() -> None:
    world = with_first_request(Fault(0, "terminate"))
    assert (world.injected, world.went) == ([-1], [(0, "step 0")])
    world.core.on_reply(0)
    world.pass_time(IDLE_AFTER_NS + 1)
    assert world.went == [(0, "step 0")]
    world.core.on_injected(0)
    assert world.went == [(0, "step 0"), (0, "SELECT 1")]


def test_a_fault_after_a_message_is_injected_when_the_server_has_replied() -> None:
    world = with_first_request(Fault(0, "terminate", point="after"))
    assert (world.injected, world.went) == ([], [(0, "step 0"), (0, "replies buffered"), (0, "SELECT 1")])
    world.core.on_reply(0)
    assert world.injected == [-1]
    world.core.on_injected(0)
    assert world.went[3:] == [(0, "awaits the end")]


def test_a_fault_after_a_message_is_injected_when_the_server_blocks_the_actor() -> None:
    world = with_first_request(Fault(0, "kill", point="after"))
    world.blocked_actors = {0}
    world.pass_time(BLOCK_CHECK_AFTER_NS + 1)
    assert world.injected == [-1]


def test_half_of_the_reply_is_passed_on_before_the_connection_breaks() -> None:
    world = with_first_request(Fault(0, "reset", point="half"))
    world.core.on_reply(0)
    assert world.went[3:] == [(0, "half passed on")]
    assert world.injected == [-1]


def test_a_fault_hits_its_message_counted_from_its_place_in_the_program() -> None:
    world = Simulated(1, (), (Fault(0, "reset", message=2),))
    world.step(0)
    for text in ("one", "two", "three"):
        world.say(0, "prepare", only_prepares=True)
        world.core.on_reply(0)
        assert world.injected == []
        world.say(0, text)
        world.core.on_reply(0)
    assert world.injected == [-1]
    assert [what for _, what in world.went if what in ("one", "two", "three")] == ["one", "two"]


def test_a_fault_after_a_later_step_does_not_count_earlier_messages() -> None:
    plans = FaultPlan([PlannedFault(3, Fault(0))])
    request = PendingRequest("SELECT 1", lambda: None)
    plans.at_step(2)
    assert plans.at_message(request) is None
    plans.at_step(4)
    due = plans.at_message(request)
    assert due is not None
    assert due.number == 3


def test_a_killed_actor_sends_no_more_and_all_wait_for_its_replacement() -> None:
    world = with_first_request(Fault(0, "kill"))
    assert world.went == [(0, "step 0"), (0, "forgotten")]
    world.core.on_injected(0)
    world.pass_time(IDLE_AFTER_NS + 1)
    assert len(world.went) == 2
    world.step(0, 1)
    assert world.went[2:] == [(1, "step 0")]


def test_requests_of_a_killed_actor_on_other_connections_are_discarded() -> None:
    world = with_first_request(Fault(0, "kill"))
    world.say(0, "Terminate")
    world.core.on_injected(0)
    assert world.went == [(0, "step 0"), (0, "forgotten"), (0, "forgotten")]


def test_a_late_reply_comes_after_the_timeout_and_no_actor_moves_before() -> None:
    world = Simulated(2, (0, 1), (Fault(0, "late", point="after"),))
    world.step(0, timeout_ms=20)
    world.step(1)
    world.say(0, "SELECT 1")
    world.core.on_reply(0)
    world.core.on_injected(0)
    world.step(0, 1)
    assert world.went == [(0, "step 0"), (0, "replies buffered"), (0, "SELECT 1")]
    at_ns, call = world.later[-1]
    assert at_ns == 20_000_000 + LATE_REPLY_DELAY_NS
    call()
    assert world.went[3:] == [(0, "passed on"), (1, "step 0")]


def test_closing_the_gate_passes_on_the_replies_that_a_fault_buffered() -> None:
    world = with_first_request(Fault(0, "late", point="after"))
    world.core.close()
    assert (0, "passed on") in world.went


def test_closing_the_gate_lets_the_request_through_at_which_a_fault_was_still_due() -> None:
    """A fault can become due when the conductor has stopped to listen; the client must not wait for ever."""
    world = with_first_request(Fault(0, "terminate"))
    assert world.injected == [-1]
    assert (0, "SELECT 1") not in world.went
    world.core.close()
    assert (0, "SELECT 1") in world.went


def test_closing_the_gate_does_not_revive_the_request_of_a_killed_process() -> None:
    world = with_first_request(Fault(0, "kill"))
    world.core.close()
    assert (0, "SELECT 1") not in world.went


def test_the_next_process_of_a_killed_actor_may_have_steps_although_the_dead_one_reported_none() -> None:
    world = Simulated(1)
    world.core.on_finish(0)
    world.core.on_finish(0)
    world.step(0)
    assert world.went == [(0, "step 0")]
