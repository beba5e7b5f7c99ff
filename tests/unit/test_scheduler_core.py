"""The scheduler core with simulated actors: no test waits, and time passes only when the test says so."""

from collections.abc import Callable, Iterable

from lock_harness.actors.mailbox import AtGate
from lock_harness.core.fault import Fault
from lock_harness.gate.fault_plan import FaultPlan, PlannedFault
from lock_harness.gate.pending import PendingRequest
from lock_harness.gate.scheduler_core import (
    BLOCK_CHECK_AFTER_NS,
    IDLE_AFTER_NS,
    LATE_REPLY_DELAY_NS,
    MAX_POLLING_WAIT_NS,
    SchedulerCore,
)
from lock_harness.gate.schedulers.non_preemptive import NonPreemptiveScheduler
from lock_harness.gate.schedulers.replay import ReplayScheduler


class Line:
    """A connection that records the calls of the core."""

    def __init__(self, world: "Simulated", actor: int) -> None:
        self._world, self._actor = world, actor

    def buffer_replies(self) -> None:
        self._world.went.append((self._actor, "replies buffered"))

    def pass_on(self, half: bool = False) -> None:
        self._world.went.append((self._actor, "half passed on" if half else "passed on"))

    def await_end(self) -> None:
        self._world.went.append((self._actor, "awaits the end"))

    def forget(self) -> None:
        self._world.went.append((self._actor, "forgotten"))


class Simulated:
    """The world of a core: actors that send one request after the other, and a server that replies when the test says so."""

    def __init__(self, actors: int, choices: tuple[int, ...] = (), faults: tuple[Fault, ...] = ()) -> None:
        """Create a core whose program has all of `faults` before the first step."""
        self.now = 0
        self.blocked_actors: set[int] = set()
        self.computing: set[int] = set()
        self.went: list[tuple[int, str]] = []
        self.injected: list[int] = []
        self.later: list[tuple[int, Callable[[], None]]] = []
        planned = [PlannedFault(number, fault) for number, fault in enumerate(faults, -len(faults))]
        plans = [FaultPlan(one for one in planned if one.fault.actor == actor) for actor in range(actors)]
        self.core = SchedulerCore(plans, ReplayScheduler(choices, NonPreemptiveScheduler()), self)

    def now_ns(self) -> int:
        return self.now

    def blocked(self, actors: Iterable[int]) -> set[int]:
        return self.blocked_actors & set(actors)

    def is_actor_running(self, actor: int) -> bool:
        return actor in self.computing

    def call_later(self, delay_ns: int, call: Callable[[], None]) -> None:
        self.later.append((self.now + delay_ns, call))

    def inject(self, number: int) -> None:
        self.injected.append(number)

    def step(self, actor: int, number: int = 0, timeout_ms: int = 0) -> None:
        self.core.on_step(
            AtGate(actor, number, None, timeout_ms), lambda: self.went.append((actor, f"step {number}"))
        )

    def say(self, actor: int, text: str, only_prepares: bool = False) -> None:
        self.core.on_request(
            actor,
            PendingRequest(text, lambda: self.went.append((actor, text)), only_prepares, Line(self, actor)),
        )

    def pass_time(self, by_ns: int) -> None:
        """Let time pass and the core look twice, which it needs to find an actor idle."""
        self.now += by_ns
        self.core.look()
        self.core.look()

    def moves(self) -> list[tuple[int, str, tuple[int, ...]]]:
        return [(one.actor, one.text, one.enabled) for one in self.core.moves]


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


# Faults


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
