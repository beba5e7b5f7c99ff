"""The history of one program while it grows."""

from collections.abc import Sequence
from itertools import takewhile
from typing import Literal

from lock_harness.analysis.sequential import held_after
from lock_harness.core.clock import now_ns
from lock_harness.core.fault import FaultKind, Point
from lock_harness.core.history import Audit, Event, EventKind, History, Move, ServerLock
from lock_harness.core.program import Program
from lock_harness.execution.arena import Arena
from lock_harness.execution.team import ActorSession, Team

# how long an audit waits until the server agrees with the answers to the clients
SETTLE_NS = 25_000_000


class HistoryRecorder:
    """Collects the events that the actors log, the events that the conductor notes, and the audits.

    Its state of the actors is that of the last call of `read_journals`.  `audit` and the methods whose names
    begin with `current` call it first.

    Attributes:
        moves: The moves that the gate let through, if there is a gate.
    """

    def __init__(self, program: Program, arena: Arena, team: Team) -> None:
        self._program = program
        self._arena = arena
        self._team = team
        self._events: list[Event] = []
        self._audits: list[Audit] = []
        self.moves: tuple[Move, ...] = ()

    def read_journals(self) -> None:
        """Read the events that the actors have logged since the last call, and count the sessions that they opened."""
        for actor, process in enumerate(self._team.processes):
            events = process.journal.read()
            process.note_calls(events)
            reopened = sum(event.verb == "reopen" and event.kind == "ok" for event in events)
            self._team.note_reopened(actor, reopened)
            self._events.extend(events)

    def note(
        self,
        kind: EventKind,
        target: ActorSession,
        number: int,
        at_ns: int | None = None,
        fault: FaultKind | None = None,
        point: Point | None = None,
        error: str | None = None,
    ) -> None:
        """Note the effect of step `number`, mostly a fault, on a session; `at_ns` defaults to now."""
        event = Event(
            at_ns=at_ns or now_ns(),
            kind=kind,
            actor=target.actor,
            incarnation=target.incarnation,
            number=number,
            fault=fault,
            point=point,
            error=error,
        )
        self._events.append(event)

    def history(self, gave_up_ns: int | None) -> History:
        """Return everything that is recorded."""
        return History(
            actors=self._program.actors,
            months=self._program.months,
            events=tuple(sorted(self._events, key=lambda event: event.at_ns)),
            audits=tuple(self._audits),
            stalls=tuple(self._arena.stall_meter.read()),
            gave_up_ns=gave_up_ns,
            moves=self.moves,
            sessions=tuple(self._team.ages),
        )

    # Sessions

    def current_session(self, actor: int) -> ActorSession:
        """Return the session that an actor has now."""
        self.read_journals()
        return self._team.last_known_session(actor)

    def current_sessions_since(self, before: ActorSession) -> list[ActorSession]:
        """Return the sessions that an actor has opened after `before`.  The last one is its session now."""
        now = self.current_session(before.actor)
        names = now.process.all_sessions
        return [
            now._replace(incarnation=incarnation, name=names[incarnation - now.incarnation - 1])
            for incarnation in range(before.incarnation + 1, now.incarnation + 1)
        ]

    def actors_without_session(self) -> set[int]:
        """Return the actors whose last known session was ended by a fault, while their processes continue."""
        lost = self._lost_sessions()
        return {
            actor for actor, incarnation in enumerate(self._team.incarnations) if (actor, incarnation) in lost
        }

    @property
    def has_lost_sessions(self) -> bool:
        """Whether a fault has ended the session of a process that lives on, in this program so far."""
        return bool(self._lost_sessions())

    def _lost_sessions(self) -> set[tuple[int, int]]:
        """Return the (actor, incarnation) of each session that a fault has ended while its process continues."""
        return {(event.actor, event.incarnation) for event in self._events if event.ends_only_session}

    def last_step_begun(self, actor: int) -> int:
        """Return the highest number of a step of the program that an actor has begun, or -1."""
        begun = (event.number for event in self._events if event.actor == actor and event.kind == "invoke")
        return max((number for number in begun if number < self._program.total_steps), default=-1)

    def active_last(self, actors: Sequence[int]) -> list[int]:
        """Return the actors, those with the latest events first."""
        last_ns = {event.actor: event.at_ns for event in sorted(self._events, key=lambda event: event.at_ns)}
        return sorted(actors, key=lambda actor: -last_ns.get(actor, 0))

    def has_refused_extra_acquire(self) -> bool:
        """Return whether an acquire after the steps of the program was not granted."""
        self.read_journals()
        steps = self._program.total_steps
        extra = takewhile(lambda event: event.number >= steps, reversed(self._events))
        return any(one.verb == "acquire" and one.kind in ("ok", "info") and not one.answer for one in extra)

    def last_number_begun(self, actor: int) -> int:
        """Return the number of the last operation that an actor has begun, or -1."""
        return next(
            (
                event.number
                for event in reversed(self._events)
                if event.actor == actor and event.kind == "invoke"
            ),
            -1,
        )

    # The server's view

    def audit(self, where: Literal["after the steps", "at the end"]) -> Audit:
        """Record the server's locks, and the holds of the actors according to the answers that they got.

        As a server may show a change a little late, read its locks until their number is right, or `SETTLE_NS` have
        passed.
        """
        self.read_journals()
        self._events.sort(key=lambda event: event.at_ns)
        held = held_after(self._events, self._arena.contract)
        processes = [*enumerate(self._team.processes), *self._team.killed]
        actor_of = {name: actor for actor, process in processes for name in process.all_sessions}
        began = now_ns()
        while True:
            rows = self._arena.observer.locks(list(actor_of))
            locks = tuple(
                ServerLock(actor_of[row.name], row.pid, row.key, row.granted) for row in rows if row.key
            )
            waited = now_ns() - began
            settled = sum(lock.granted for lock in locks) == len(held)
            if settled or waited > SETTLE_NS or self._arena.contract.evidence == "none":
                break
        seen = self._count_seen({row.name for row in rows})
        audit = Audit(at_ns=now_ns(), where=where, held=held, locks=locks, sessions=seen, waited_ns=waited)
        self._audits.append(audit)
        return audit

    def _count_seen(self, names: set[str]) -> int:
        """Return how many actors have a session among `names`, or need not have one there.

        An actor that lost its session need not.  Behind a pooler a session may get its name only with its first
        statement, and a lock may refuse or release without one, so an actor that was granted no month yet need not either.
        """
        granted = {
            (event.actor, event.incarnation)
            for event in self._events
            if event.kind == "ok" and event.verb in ("acquire", "hold") and event.answer
        }
        expected = granted - self._lost_sessions()
        return sum(
            not names.isdisjoint(process.all_sessions)
            or (actor, self._team.incarnations[actor]) not in expected
            for actor, process in enumerate(self._team.processes)
        )
