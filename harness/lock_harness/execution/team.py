"""The actors of one program, as the conductor sees them: processes, sessions, and messages."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from lock_harness.actors.mailbox import (
    ActorFailed,
    Begin,
    CommandStarted,
    Finished,
    MailboxMessage,
    Ready,
    Returned,
    SeveralConnections,
    TeamChanged,
)
from lock_harness.actors.process import ActorProcess, all_alive, names
from lock_harness.core.clock import now_ns
from lock_harness.core.errors import NotApplicable
from lock_harness.core.fault import Fault
from lock_harness.core.history import SessionAge
from lock_harness.core.program import Operation, Program, Step
from lock_harness.execution.arena import Arena
from lock_harness.execution.time_limits import NS_PER_MS, deadline_ns

# how often the conductor looks for dead actors while no message comes
POLL_MS = 20
# a program ends after this many processes have ended by themselves
MOST_DEATHS = 20


class Stuck(Exception):
    """A call did not return in time, or process after process ended by itself."""


class ActorDied(NamedTuple):
    """The process of an actor has ended by itself, and another one has taken its place.

    `name` is the mailbox of the ended process.
    """

    actor: int
    name: str


class ActorSession(NamedTuple):
    """One lock session of one actor, with the process that opened it.

    `name` is the application_name of the session.
    """

    actor: int
    incarnation: int
    process: ActorProcess
    name: str


class Team:
    """The actor processes of one program, and the messages between them and the conductor.

    Attributes:
        actors: The numbers of the actors.
        processes: The process of each actor.
        incarnations: The incarnation of each actor, as of the last read of its journal.
        ages: How old each session was when its process joined the team.
        killed: The processes that were killed, each with the number of its actor.
        pending: In lockstep, the number of each actor's pending operation.
        died: How many processes have ended by themselves.
        replace_dead: Replaces the process of an actor that has ended by itself.
    """

    replace_dead: Callable[[int], None]

    def __init__(self, program: Program, arena: Arena, free_running: bool) -> None:
        """Gather the actors.

        Args:
            free_running: Whether each actor gets only its own steps, with the message that starts it.  Otherwise each
                gets all steps ahead, and the actors pass a baton.
        """
        self._program = program
        self._arena = arena
        self._free_running = free_running
        self.actors = range(program.actors)
        kills = sum(isinstance(step, Fault) and step.traits.ends_process for step in program.steps)
        inspects = any(isinstance(step, Operation) and step.verb == "inspect" for step in program.steps)
        self.processes = arena.gather(program.actors, kills, inspects=inspects)
        self.incarnations = [0] * program.actors
        self.ages = [self._age(actor) for actor in self.actors]
        self.killed: list[tuple[int, ActorProcess]] = []
        self.pending: dict[int, int] = {}
        self.died = 0

    def begin(self) -> None:
        """Empty the journals, and send the steps ahead to actors that pass a baton."""
        for process in self.processes:
            process.journal.restart()
        if not self._free_running:
            for actor in self.actors:
                self.send(actor, self.begin_message(actor, self._program.steps))

    def begin_message(self, actor: int, steps: tuple[Step, ...]) -> Begin:
        """Return the message that tells an actor its place in the team and the `steps` that it has to know."""
        return Begin(
            actor=actor,
            incarnation=self.incarnations[actor],
            team=names(self.processes),
            months=self._program.months,
            steps=steps,
            first_extra_number=self._program.first_extra_number(self.incarnations[actor]),
        )

    def replace(self, actor: int) -> None:
        """Let a spare process take the place of a killed one, as the next incarnation of the actor."""
        self.pending.pop(actor, None)
        self.killed.append((actor, self.processes[actor]))
        self.processes[actor] = self._arena.replace(actor)
        self.incarnations[actor] += 1
        self.ages.append(self._age(actor))
        if self._free_running:
            # a free-running actor passes no baton, and reads no message before it has finished
            return
        for other in self.actors:
            if other != actor:
                self.send(other, TeamChanged(names(self.processes)))
        self.send(actor, self.begin_message(actor, self._program.steps))

    def _age(self, actor: int) -> SessionAge:
        process = self.processes[actor]
        return SessionAge(
            actor=actor,
            incarnation=self.incarnations[actor],
            opened_ns=process.opened_ns,
            used_ns=process.used_ns,
            new_process=process.is_new,
        )

    def last_known_session(self, actor: int) -> ActorSession:
        """Return the session that an actor had when its journal was last read."""
        process = self.processes[actor]
        return ActorSession(actor, self.incarnations[actor], process, process.session)

    def note_reopened(self, actor: int, times: int) -> None:
        """Count the sessions that an actor has opened again."""
        self.incarnations[actor] += times
        self.processes[actor].session_count += times

    # Messages

    def send(self, actor: int, message: MailboxMessage) -> bool:
        """Send a message; return False if the process has ended by itself, and was replaced by one that waits for its turn."""
        if self._arena.mailbox.send(self.processes[actor].name, message):
            return True
        self._replace_dead(actor)
        return False

    def run_to_finish(self, messages: Sequence[MailboxMessage | None], extra_ms: int = 0) -> None:
        """Send each actor its message, if it gets one, and wait until all these actors have finished.

        `Stuck` if one of them does not finish in time.
        """
        waiting = set()
        for actor, message in enumerate(messages):
            if message is not None and self.send(actor, message):
                waiting.add(self.processes[actor].name)
        deadline = self.deadline_ns(extra_ms=extra_ms)
        while waiting:
            answer = self.next_message(deadline)
            if isinstance(answer, Finished | ActorDied):
                waiting.discard(answer.name)

    def deadline_ns(self, numbers: Iterable[int] = (), extra_ms: int = 0) -> int:
        """Return the time by which the steps `numbers` and all pending steps must have returned."""
        steps = [self._program.steps[number] for number in (*numbers, *self.pending.values())]
        late_ms = self._arena.contract.late_ms * len(steps)
        return deadline_ns(steps, self._arena.lock, extra_ms + late_ms)

    def next_message(self, until_ns: int) -> MailboxMessage | ActorDied:
        """Return the next message; `Stuck` if none has come by `until_ns`."""
        message = self.await_message(until_ns)
        if message is None:
            raise Stuck
        return message

    def await_message(self, until_ns: int) -> MailboxMessage | ActorDied | None:
        """Return the next message, or None if none has come by `until_ns`.

        If the process of an actor has ended by itself, another one takes its place, and `ActorDied` is returned.
        """
        while (message := self.receive(min(POLL_MS, (until_ns - now_ns()) / NS_PER_MS))) is None:
            if not all_alive(self.processes):
                # a message may have come between the last look and the end of the process
                return self.receive(0) or self._replace_first_dead()
            if now_ns() >= until_ns:
                return None
        return message

    def _replace_first_dead(self) -> ActorDied | None:
        for actor, process in enumerate(self.processes):
            if not process.alive():
                return self._replace_dead(actor)
        return None

    def _replace_dead(self, actor: int) -> ActorDied:
        name = self.processes[actor].name
        self.died += 1
        if self.died > MOST_DEATHS:
            raise Stuck
        self.replace_dead(actor)
        if self._free_running:
            # the process takes no steps, but takes part in the closing calls
            self.send(actor, self.begin_message(actor, ()))
        return ActorDied(actor, name)

    def receive(self, timeout_ms: float) -> MailboxMessage | None:
        """Return the next message, or None if none comes within `timeout_ms`."""
        deferred = self._arena.pool.deferred
        message = deferred.popleft() if deferred else self._arena.mailbox.receive(timeout_ms)
        if message is not None:
            self._handle(message)
        return message

    def _handle(self, message: MailboxMessage) -> None:
        """Act on a message, as far as that is the same in every mode."""
        match message:
            case Returned():
                self.pending = {a: n for a, n in self.pending.items() if n != message.number}
            case SeveralConnections():
                raise NotApplicable(
                    "the lock's sessions have several connections each, and a fault here hits only one of them"
                )
            case ActorFailed():
                raise self._arena.pool.failure(message)
            case Ready() | CommandStarted():
                if not self._arena.pool.register(message) and isinstance(message, CommandStarted):
                    self._note_command(message)

    def _note_command(self, started: CommandStarted) -> None:
        for process in self.processes:
            if process.name == started.name:
                process.command_pid = started.pid
