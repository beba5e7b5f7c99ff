"""What every scheduler needs: the actors of one program, what happened to them, and a tidy end."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from lock_harness.actors.actor import RECONNECT_MS
from lock_harness.actors.counter import reset
from lock_harness.actors.mailbox import (
    ActorFailed,
    Begin,
    CommandStarted,
    Finish,
    Finished,
    MailboxMessage,
    Probe,
    Ready,
    Returned,
    SeveralConnections,
    TeamChanged,
)
from lock_harness.actors.pool import SPARES, START_MS, ActorProcess, all_alive, names
from lock_harness.analysis.sequential import held_after
from lock_harness.core.clock import now_ns
from lock_harness.core.errors import NotApplicable, UserError
from lock_harness.core.fault import Fault, FaultKind
from lock_harness.core.history import Audit, Event, EventKind, History, Move, ServerLock
from lock_harness.core.program import Program, Step
from lock_harness.execution.arena import Arena
from lock_harness.execution.faults import INJECTORS
from lock_harness.execution.faults.injector import Victim
from lock_harness.locks.loading import LockSpec

GRACE_MS = 3000  # beyond all timeouts: then a call is taken for one that never returns
SETTLE_NS = 25_000_000  # what the server is given to show what a client was told
MS = 1_000_000
LATE_MS = 20  # how often we look whether somebody died meanwhile


class Stuck(Exception):
    """A call did not return."""


class Stage(ABC):
    """Runs one program on an arena; how its steps follow each other is for the scheduler to say."""

    def __init__(self, program: Program, arena: Arena) -> None:
        self._program = program
        self._arena = arena
        self._team = arena.gather(program.actors)
        self._past: list[tuple[int, ActorProcess]] = []  # the dead
        self._incarnations = [0] * program.actors
        self._events: list[Event] = []
        self._audits: list[Audit] = []
        self._moves: tuple[Move, ...] = ()
        self._pending: dict[int, int] = {}  # actor: number of its pending operation
        self._suffering: dict[
            int, Victim
        ] = {}  # number of the lasting fault, struck and not yet healed: whom

    def run(self) -> History:
        """Take all steps, let everybody give back what it holds, and look whether anything is left."""
        self._arena.meter.read()
        self._arena.pool.deferred.clear()
        gave_up_ns = None
        reset(self._arena.pool.directory, self._program.months)
        for one in self._team:
            one.journal.restart()
        try:
            for actor in range(len(self._team)):
                self._send_begin(actor)
            self._take_steps()
            self._end()
        except Stuck:
            gave_up_ns = now_ns()
        events = tuple(self._all_events())
        if gave_up_ns is not None:
            self._arena.dismiss()
        else:
            for actor in set(range(len(self._team))).difference(self._able()):
                self._arena.replace(actor)
        return History(
            *(self._program.actors, self._program.months, events, tuple(self._audits)),
            *(tuple(self._arena.meter.read()), gave_up_ns, self._moves),
        )

    @abstractmethod
    def _take_steps(self) -> None:
        """Carry out the program.  `Stuck` if a call does not return."""

    def _end(self) -> None:
        self._read_journals()
        finishing = self._finishing()
        if any(finishing):
            if not self._pending:
                self._audit("after the steps")
            self._all_do(finishing, self._open_ms if self._cut() else 0)
            self._pending.clear()
        self._audit("at the end")
        if any(lock.granted for lock in self._audits[-1].locks):
            return  # something is left behind; asking for it again would only cost time
        self._probe()

    def _finishing(self) -> list[Finish | None]:
        """Who has still to give something back, or to open a session for one that a fault has ended."""
        cut = self._cut()
        return [Finish(pair in cut) for pair in enumerate(self._incarnations)]

    def _probe(self) -> None:
        """Ask for every month once more, by those who still have a session: a lock may fail to open another."""
        bounds = self._arena.bounds
        limit = bounds.release_ms + 2 * bounds.handover_ms  # long enough to be sure
        probers = self._able() or [*range(len(self._team))]
        probes: list[MailboxMessage | None] = [None] * len(self._team)
        for place, actor in enumerate(probers):
            if share := self._program.months[place :: len(probers)]:
                probes[actor] = Probe(share, limit)
        self._all_do(probes, limit * 12)

    def _able(self) -> list[int]:
        """Who has a session: nobody whose lock could not open another after a fault had ended the last one."""
        cut = self._cut()
        return [
            actor for actor, incarnation in enumerate(self._incarnations) if (actor, incarnation) not in cut
        ]

    # Faults

    def _strike(self, number: int, fault: Fault) -> None:
        """Let a fault strike; of one that ends sessions at once, see them go."""
        if fault.traits.ends_process:
            self._replace(number, fault.actor)
            return
        if fault.traits.whole_server:
            self._strike_all(number, fault)
            return
        victim, struck_ns = self._victim(fault.actor), now_ns()
        if not INJECTORS[fault.kind].inject(self._arena, victim):
            return
        self._note("fault", victim, number, struck_ns, fault.kind)
        if fault.traits.lasting:
            self._suffering[number] = victim
        elif fault.traits.ends_session:
            self._see_go(victim, number, struck_ns)

    def _strike_all(self, number: int, fault: Fault) -> None:
        """The same of a fault that ends every session, also those that were opened just then."""
        struck_ns = now_ns()
        before = [self._victim(actor) for actor in range(len(self._team))]
        for victim in before:
            self._note("fault", victim, number, struck_ns, fault.kind)
        self._arena.dismiss(keep=len(self._team))
        INJECTORS[fault.kind].inject(self._arena, before[fault.actor])
        for victim in before:
            self._see_go(victim, number, struck_ns)
        after = {one.session: one for victim in before for one in self._opened_since(victim)}
        for session in after.keys() - self._arena.observer.alive([*after]):
            self._note("fault", after[session], number, struck_ns, fault.kind)
            self._note("gone", after[session], number)

    def _opened_since(self, before: Victim) -> list[Victim]:
        """An actor with each session that it has opened since then; the last of them is the one that it has now."""
        now = self._victim(before.actor)
        names = now.process.all_sessions
        incarnations = range(before.incarnation + 1, now.incarnation + 1)
        return [
            now._replace(incarnation=incarnation, session=names[incarnation - now.incarnation - 1])
            for incarnation in incarnations
        ]

    def _heal(self, number: int, fault: Fault) -> None:
        """Undo a lasting fault; of one that ends a session, see it go now."""
        victim = self._suffering.pop(number)
        INJECTORS[fault.kind].heal(self._arena, victim)
        healed_ns = now_ns()
        self._note("heal", victim, number, healed_ns, fault.kind)
        if fault.traits.ends_session:
            self._see_go(victim, number, healed_ns)

    def _victim(self, actor: int) -> Victim:
        """An actor with the session that it has now."""
        self._read_journals()
        return self._last_known(actor)

    def _last_known(self, actor: int) -> Victim:
        """An actor with the session that it had when its journal was last read."""
        one = self._team[actor]
        return Victim(actor, self._incarnations[actor], one, one.session)

    def _replace(self, number: int, actor: int) -> None:
        """SIGKILL an actor, see its session go, and put a spare in its place."""
        killed_ns = now_ns()
        process = self._team[actor]
        INJECTORS["kill"].inject(self._arena, self._last_known(actor))
        victim = self._victim(actor)  # it may have opened another session just before
        self._note("fault", victim, number, killed_ns, "kill")
        self._pending.pop(actor, None)
        self._past.append((actor, process))
        self._see_go(victim, number, killed_ns)
        self._team[actor] = self._arena.team[actor] = self._arena.pool.take()
        self._arena.pool.discard(process)
        self._arena.pool.reserve(SPARES)
        self._incarnations[actor] += 1
        self._tell_team(actor)
        self._send_begin(actor)

    def _see_go(self, victim: Victim, number: int, since_ns: int) -> None:
        """Where the server decides, ask the server: is that session gone?"""
        until = since_ns + self._arena.bounds.release_ms * 1_000_000
        while (lingers := bool(self._arena.observer.alive([victim.session]))) and now_ns() < until:
            pass
        self._note("lingers" if lingers else "gone", victim, number)

    # Messages

    def _begin(self, actor: int) -> Begin:
        who, team, months = (actor, self._incarnations[actor]), names(self._team), self._program.months
        return Begin(*who, team, months, self._steps_for(actor), self._program.total_steps)

    def _send_begin(self, actor: int) -> None:
        self._send(actor, self._begin(actor))

    def _tell_team(self, new: int) -> None:
        """Let all the others know that one was replaced."""
        for other in range(len(self._team)):
            if other != new:
                self._send(other, TeamChanged(names(self._team)))

    def _steps_for(self, _: int) -> tuple[Step, ...]:
        """The steps that an actor has to know."""
        return self._program.steps

    def _send(self, actor: int, message: MailboxMessage) -> None:
        if not self._arena.mailbox.send(self._team[actor].name, message):
            self._raise_dead()

    def _all_do(self, messages: Sequence[MailboxMessage | None], extra_ms: int = 0) -> None:
        waiting = set()
        for actor, message in enumerate(messages):
            if message is not None:
                self._send(actor, message)
                waiting.add(self._team[actor].name)
        deadline = self._deadline([]) + extra_ms * 1_000_000
        while waiting:
            answer = self._next(deadline)
            if isinstance(answer, Finished):
                waiting.discard(answer.name)

    def _deadline(self, numbers: range | list[int]) -> int:
        """When the steps `numbers`, and what is pending, must have returned."""
        steps = [self._program.steps[number] for number in [*numbers, *self._pending.values()]]
        return now_ns() + (sum(map(self._patience_ms, steps)) + GRACE_MS) * 1_000_000

    def _patience_ms(self, step: Step) -> int:
        """How long a step may take by its nature."""
        if isinstance(step, Fault):
            return 0
        return self._open_ms if step.verb == "reopen" else step.timeout_ms

    @property
    def _open_ms(self) -> int:
        """How long it may take to open another session: a lock command starts another program for it."""
        lock = self._arena.lock
        return START_MS if isinstance(lock, LockSpec) and lock.command else RECONNECT_MS

    def _next(self, deadline_ns: int) -> MailboxMessage:
        while (message := self._receive(LATE_MS)) is None:
            if not all_alive(self._team):
                self._raise_dead()
            if now_ns() > deadline_ns:
                raise Stuck
        return self._read(message)

    def _receive(self, timeout_ms: float) -> MailboxMessage | None:
        deferred = self._arena.pool.deferred
        return deferred.popleft() if deferred else self._arena.mailbox.receive(timeout_ms)

    def _read(self, message: MailboxMessage) -> MailboxMessage:
        if isinstance(message, Returned):
            self._pending = {a: n for a, n in self._pending.items() if n != message.number}
        elif isinstance(message, SeveralConnections):
            raise NotApplicable(
                "the lock's sessions have several connections each, and a fault here strikes only one"
            )
        elif isinstance(message, ActorFailed):
            raise self._arena.pool.failure(message)
        elif isinstance(message, Ready | CommandStarted) and not self._arena.pool.register(message):
            for one in self._team:
                if isinstance(message, CommandStarted) and one.name == message.name:
                    one.command_pid = message.pid
        return message

    def _raise_dead(self) -> None:
        while (message := self._receive(0)) is not None:
            self._read(message)
        raise UserError("the lock ended its own process: a lock must return or raise, not exit")

    # What happened

    def _note(
        self,
        kind: EventKind,
        victim: Victim,
        number: int,
        at_ns: int | None = None,
        fault: FaultKind | None = None,
    ) -> None:
        event = Event(at_ns or now_ns(), kind, victim.actor, victim.incarnation, number, fault=fault)
        self._events.append(event)

    def _cut(self) -> set[tuple[int, int]]:
        """The actors and lives whose session a fault has ended."""
        return {(event.actor, event.incarnation) for event in self._events if event.cuts_session}

    def _read_journals(self) -> None:
        """Keep up with what the actors do, and with the sessions that they close and open."""
        for actor, one in enumerate(self._team):
            events = one.journal.read()
            reopened = sum(event.verb == "reopen" and event.kind == "ok" for event in events)
            self._incarnations[actor] += reopened
            one.sessions += reopened
            self._events.extend(events)

    def _all_events(self) -> list[Event]:
        """All that has happened so far, in the order of time."""
        self._read_journals()
        self._events.sort(key=lambda event: event.at_ns)
        return self._events

    def _audit(self, where: str) -> None:
        """Compare the server's locks with the clients' answers, until they agree or have had time to."""
        events = self._all_events()
        held = held_after(events)
        spoken = {(event.actor, event.incarnation) for event in events if event.kind == "invoke"}
        began = now_ns()
        everybody = [*enumerate(self._team), *self._past]
        sessions = {name: actor for actor, one in everybody for name in one.all_sessions}
        while True:
            rows = self._arena.observer.locks(list(sessions))
            locks = tuple(
                ServerLock(sessions[row.name], row.pid, row.key, row.granted) for row in rows if row.key
            )
            waited = now_ns() - began
            if sum(lock.granted for lock in locks) == len(held) or waited > SETTLE_NS:
                break
        present = {row.name for row in rows}
        # a pooler may tell the name of a session only when it first says something
        seen = sum(
            not present.isdisjoint(one.all_sessions)
            or (actor, self._incarnations[actor]) not in spoken - self._cut()
            for actor, one in enumerate(self._team)
        )
        self._audits.append(Audit(now_ns(), where, held, locks, seen, waited))  # type: ignore[arg-type]
