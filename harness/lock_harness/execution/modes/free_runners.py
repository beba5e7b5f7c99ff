"""Actors that take their own steps.  A race and the gate share this."""

import contextlib
from collections.abc import Iterator

from lock_harness.actors.mailbox import GATE, AllStepsTaken, Finished, MailboxMessage, StartSteps
from lock_harness.core.program import Operation
from lock_harness.execution.context import RunContext
from lock_harness.execution.team import ActorDied
from lock_harness.gate.commands import ActorInfo


class FreeRunners:
    """Starts the actors of a race or of a gate program, and tracks which of them still run.

    Attributes:
        running: The actors that have not finished.
    """

    def __init__(self, context: RunContext) -> None:
        self._program = context.program
        self._team = context.team
        self._recorder = context.recorder
        self._gate = context.arena.gate
        self._mailbox = context.arena.mailbox
        self.running: set[int] = set()
        self._start_ns = 0
        self._indices: list[list[int]] = [[] for _ in context.team.actors]
        for index, step in enumerate(context.program.steps):
            if isinstance(step, Operation):
                self._indices[step.actor].append(index)

    @contextlib.contextmanager
    def open_gate(self) -> Iterator[None]:
        """Open the gate, if there is one, for the length of a `with` block; then record the moves that it let through."""
        if self._gate is None:
            yield
            return
        self._gate.open_gate(self._program, [self._actor_info(actor) for actor in self._team.actors])
        try:
            yield
        finally:
            self._recorder.moves = self._gate.close_gate()

    def start(self, at_ns: int) -> None:
        """Let all actors take their steps from `at_ns` on."""
        self.running = {*self._team.actors}
        self._start_ns = at_ns
        for actor in self._team.actors:
            self._send_start(actor)

    def resume(self, actor: int) -> None:
        """Let the actor that replaces a killed one take the steps that are left."""
        self._send_start(actor, first=self._recorder.last_step_begun(actor) + 1)

    def report_injected(self, actor: int) -> None:
        """Report to the gate, if there is one, that the fault of an actor was injected, and which process the actor is now."""
        if self._gate is not None:
            self._gate.report_injected(actor, self._actor_info(actor))

    def await_message(self, until_ns: int) -> MailboxMessage | None:
        """Return the next message, or None at `until_ns` or if an actor has died.  `running` is up to date then."""
        message = self._team.await_message(until_ns)
        if isinstance(message, ActorDied):
            self._end_steps(message.actor)
            return None
        if isinstance(message, Finished):
            processes = enumerate(self._team.processes)
            self.running -= {actor for actor, process in processes if process.name == message.name}
        return message

    def _end_steps(self, actor: int) -> None:
        """Let an actor whose process has ended by itself take no more steps."""
        self.running.discard(actor)
        if self._gate is not None:
            self._mailbox.send(GATE, AllStepsTaken(actor))

    def journal_lengths(self) -> dict[str, int]:
        """Return how many bytes each running actor has logged, by the name of its process."""
        running = [self._team.processes[actor] for actor in self.running]
        return {process.name: process.journal.length() for process in running}

    def _send_start(self, actor: int, first: int = 0) -> None:
        steps = tuple(self._program.steps[index] for index in self._indices[actor])
        message = StartSteps(
            begin=self._team.begin_message(actor, steps),
            at_ns=self._start_ns,
            indices=tuple(self._indices[actor]),
            length=len(self._program.steps),
            rounds=self._program.rounds,
            first=first,
            gated=self._gate is not None,
        )
        if not self._team.send(actor, message):
            self._end_steps(actor)

    def _actor_info(self, actor: int) -> ActorInfo:
        process = self._team.processes[actor]
        return ActorInfo(name=process.name, session=process.session.rpartition(".")[0], pids=process.pids)
