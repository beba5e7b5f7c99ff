"""A race at the gate: every request passes at once, and the moves are recorded."""

from collections.abc import Callable
from itertools import count

import msgspec

from lock_harness.actors.mailbox import AtGate
from lock_harness.core.clock import now_ns
from lock_harness.core.history import Move
from lock_harness.gate.pending import PendingRequest, RequestConnection


class Recorder:
    """Takes the place of `SchedulerCore`, and records the same moves: a step with its first request, or a further request."""

    # in a race faults are injected at a time, and at no message
    hit_connection: RequestConnection | None = None

    def __init__(self) -> None:
        self._moves: dict[int, Move] = {}
        self._numbers = count()
        self._steps: dict[int, AtGate] = {}
        # the number of each actor's step among the moves, until its first request comes
        self._without_request: dict[int, int] = {}
        # the number of each actor's last request among the moves
        self._last_request: dict[int, int] = {}

    @property
    def moves(self) -> list[Move]:
        """All moves so far, by time."""
        return sorted(self._moves.values(), key=lambda move: move.at_ns)

    def on_step(self, step: AtGate, let_through: Callable[[], None]) -> None:
        """An actor asks to take a step."""
        self._steps[step.actor] = step
        self._without_request[step.actor] = number = next(self._numbers)
        self._moves[number] = _move(step, "")
        let_through()

    def on_request(self, actor: int, request: PendingRequest) -> None:
        """An actor sends a request.  The first request of a step gives the step's move its text and time."""
        step = self._steps.get(actor)
        if step and not request.only_prepares:
            first = actor in self._without_request
            number = self._without_request.pop(actor) if first else next(self._numbers)
            self._moves[number] = _move(step, request.text or "")
            self._last_request[actor] = number
        request.let_through()

    def on_reply(self, actor: int, error: str | None = None) -> None:
        """Note the error in the reply to the actor's last request.  No request waits for a reply to another."""
        if error and (number := self._last_request.get(actor)) in self._moves:
            self._moves[number] = msgspec.structs.replace(self._moves[number], error=error)

    def on_finish(self, actor: int) -> None:
        """No-op: no request waits for an actor to finish."""

    def on_injected(self, actor: int) -> None:
        """Discard the actor's step if it sent no request: the process that replaces it may take that step again."""
        self._steps.pop(actor, None)
        self._moves.pop(self._without_request.pop(actor, -1), None)

    def close(self) -> None:
        """No-op: no request waits."""


def _move(step: AtGate, text: str) -> Move:
    return Move(now_ns(), step.actor, step.number, text, (), step.month)
