"""A race at the gate: nobody waits, and it is noted who says what when."""

from collections.abc import Callable
from itertools import count

from lock_harness.actors.mailbox import AtGate
from lock_harness.core.clock import now_ns
from lock_harness.core.history import Move
from lock_harness.gate.pending import HeldConnection, PendingRequest


class Recorder:
    """In the place of `SchedulerCore`, and with the same moves: a step with its first statement, or a further statement."""

    hit_connection: HeldConnection | None = None  # faults strike when it is time for them, at no message

    def __init__(self) -> None:
        self._moves: dict[int, Move] = {}
        self._numbers = count()
        self._steps: dict[int, AtGate] = {}
        self._silent: dict[int, int] = {}  # actor: which move its step is, which has said nothing yet

    @property
    def moves(self) -> list[Move]:
        """All moves so far, in the order of time."""
        return sorted(self._moves.values(), key=lambda move: move.at_ns)

    def on_step(self, step: AtGate, let_through: Callable[[], None]) -> None:
        """An actor stands before a step of its own."""
        self._steps[step.actor] = step
        self._silent[step.actor] = number = next(self._numbers)
        self._moves[number] = _move(step, "")
        let_through()

    def on_request(self, actor: int, request: PendingRequest) -> None:
        """An actor says something to the server.  The first message of a step is its move, with its time."""
        step = self._steps.get(actor)
        if step and not request.only_prepares:
            number = self._silent.pop(actor) if actor in self._silent else next(self._numbers)
            self._moves[number] = _move(step, request.text or "")
        request.let_through()

    def on_reply(self, actor: int) -> None:
        """Nobody waits for that."""

    def on_finish(self, actor: int) -> None:
        """Nor for that."""

    def on_injected(self, actor: int) -> None:
        """Another has taken the place of this actor, and stands before no step yet; perhaps it takes the same one."""
        self._steps.pop(actor, None)
        self._moves.pop(self._silent.pop(actor, -1), None)

    def close(self) -> None:
        """There is nothing to let through."""


def _move(step: AtGate, text: str) -> Move:
    return Move(now_ns(), step.actor, step.number, text, (), step.month)
