"""The actor: takes its steps when the baton reaches it, or all at once in a race, on one lock session."""

import time
from collections.abc import Iterator, Sequence

from lock_harness.actors.mailbox import (
    CONDUCTOR,
    GATE,
    AllStepsTaken,
    AtGate,
    Baton,
    Begin,
    Finish,
    Finished,
    Mailbox,
    Probe,
    Ready,
    Returned,
    StartSteps,
    TeamChanged,
)
from lock_harness.actors.operations import OperationRunner
from lock_harness.core.clock import wait_until
from lock_harness.core.program import Operation, Step


def is_conductors_turn(steps: Sequence[Step], number: int) -> bool:
    """Return whether the conductor must act before or at step `number`.

    It must act for a fault, for a pending operation, at the end of the program, and after a reopen, when it
    waits until the old session has ended.
    """
    if number >= len(steps):
        return True
    step = steps[number]
    if not isinstance(step, Operation) or step.pending:
        return True
    before = steps[number - 1] if number else None
    return isinstance(before, Operation) and before.verb == "reopen"


class Actor:
    """Acts on the messages in its mailbox: decides which operation is next and leaves it to its `OperationRunner`."""

    def __init__(self, name: str, mailbox: Mailbox, operations: OperationRunner) -> None:
        self._name = name
        self._mailbox = mailbox
        self._operations = operations

    def ready(self) -> Ready:
        """Return the message that tells the conductor that this actor can be used."""
        return Ready(self._name, self._operations.verbs(), self._operations.contract)

    def handle(self, message: object) -> None:
        """Act on one message from the conductor or from another actor."""
        match message:
            case Begin():
                self._begin(message)
            case TeamChanged():
                self._team = message.team
            case Baton():
                self._take_turns(message.number)
            case StartSteps():
                self._take_own_steps(message)
                self._send_finished()
            case Finish():
                if message.reopen:
                    self._perform_extra(Operation(self._me, "reopen"))
                self._release_all()
                self._send_finished()
            case Probe():
                self._probe(message)
                self._send_finished()

    def _send_finished(self) -> None:
        self._mailbox.send(CONDUCTOR, Finished(self._name))

    def _begin(self, begin: Begin) -> None:
        self._me, self._team, self._steps = begin.actor, begin.team, begin.steps
        self._first_extra_number = begin.first_extra_number
        self._extra = 0
        inspects = any(
            isinstance(step, Operation) and step.verb == "inspect" and step.actor == begin.actor
            for step in begin.steps
        )
        self._operations.begin(begin.actor, begin.incarnation, begin.months, inspects=inspects)

    # Lockstep

    def _take_turns(self, number: int) -> None:
        """Take step `number` and the following steps of this actor; then pass the baton."""
        steps = self._steps
        while True:
            step = steps[number]
            assert isinstance(step, Operation)
            if not self._operations.perform(iter([(number, step)])):
                self._reopen_session()
            if step.pending:
                # the conductor passed the baton on while this operation was waiting
                self._mailbox.send(CONDUCTOR, Returned(number))
                return
            number += 1
            if is_conductors_turn(steps, number):
                self._mailbox.send(CONDUCTOR, Baton(number))
                return
            if steps[number].actor != self._me:
                self._mailbox.send(self._team[steps[number].actor], Baton(number))
                return

    # Race and gate

    def _take_own_steps(self, start: StartSteps) -> None:
        """Take all steps of this actor, round after round, and release the months that are still held."""
        self._begin(start.begin)
        steps = self._own_steps(start)
        if start.gated:
            self._operations.pass_gate = self._pass_gate
        wait_until(start.at_ns)
        while not self._operations.perform(steps):
            self._reopen_session()
        self._release_all()
        if start.gated:
            self._operations.pass_gate = None
            self._mailbox.send(GATE, AllStepsTaken(self._me))

    def _own_steps(self, start: StartSteps) -> Iterator[tuple[int, Operation]]:
        """Yield each operation with its number, when its time has come and after the pause that precedes it."""
        own = [(i, s) for i, s in zip(start.indices, self._steps, strict=True) if isinstance(s, Operation)]
        for number in range(start.rounds):
            before = number * start.length
            for index, step in own:
                if before + index >= start.first:
                    if step.at_us:
                        wait_until(start.at_ns + step.at_us * 1000)
                    # even to sleep for 0 s takes 50 µs and more
                    if step.pause_us and step.verb != "hold":
                        time.sleep(step.pause_us / 1e6)
                    yield before + index, step

    def _pass_gate(self, number: int, operation: Operation) -> None:
        """Announce step `number` at the gate and wait for the baton."""
        self._mailbox.send(GATE, AtGate(self._me, number, operation.month, operation.timeout_ms))
        while not isinstance(self._mailbox.receive(), Baton):
            pass

    # Operations that are not in the program

    def _reopen_session(self) -> None:
        """Open a new session after an exception of the lock, as a worker would, unless other actors use the session."""
        if self._operations.shares_session:
            return
        self._perform_extra(Operation(self._me, "reopen"))

    def _release_all(self) -> None:
        for month, count in list(self._operations.held.items()):
            for _ in range(count):
                self._perform_extra(Operation(self._me, "release", month))
        self._operations.spawned.kill()

    def _probe(self, probe: Probe) -> None:
        for month in probe.months:
            self._perform_extra(Operation(self._me, "acquire", month, probe.timeout_ms))
            if not self._operations.held.get(month):
                return
            self._perform_extra(Operation(self._me, "release", month))

    def _perform_extra(self, operation: Operation) -> None:
        """Perform an operation that is not in the program, under a number that no other actor uses."""
        number = self._first_extra_number + self._extra * len(self._team) + self._me
        self._extra += 1
        self._operations.perform(iter([(number, operation)]))
