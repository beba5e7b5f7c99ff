"""Race: from a common start every actor takes its own steps as fast as it can; faults strike at their times.

Real concurrency: which interleaving happens is up to the machine, so what fails once need not fail again.
"""

from heapq import heapify, heappop, heappush

from harness.actors.mailbox import Finished, Go
from harness.clock import now_ns
from harness.faults import FAULTS
from harness.model import Fault, Operation
from harness.schedulers.stage import GRACE_MS, LATE_MS, MS, Stage, Stuck

HEAD_START_NS = 3_000_000  # so that the start reaches all before it is due


class Race(Stage):
    """Runs one program on an arena, everybody at once."""

    def _take_steps(self) -> None:
        self._running = set(range(len(self._team)))
        self._paused: set[int] = set()
        begin_ns = now_ns() + HEAD_START_NS
        for actor in self._running:
            self._send(actor, Go(0, begin_ns))
        # when, which step, and whether it ends rather than begins
        agenda = [
            (begin_ns + step.at_ms * MS, number, False)
            for number, step in enumerate(self._program.steps)
            if isinstance(step, Fault)
        ]
        heapify(agenda)
        deadline = begin_ns + self._longest_ms() * MS
        try:
            while self._running:
                self._listen(agenda[0][0] if agenda else deadline, deadline)
                while agenda and agenda[0][0] <= now_ns():
                    self._strike(agenda, *heappop(agenda)[1:])
        finally:
            for actor in list(self._paused):
                self._resume(actor)
        self._count_sessions()

    def _longest_ms(self) -> int:
        """By when everybody must be through."""
        steps = self._program.steps
        own = [0.0] * len(self._team)
        for step in steps:
            if isinstance(step, Operation):
                own[step.actor] += step.timeout_ms + step.pause_us / 1000
        faults = sum(step.for_ms + self._arena.bounds.release_ms for step in steps if isinstance(step, Fault))
        return round(max(own)) + faults + GRACE_MS

    def _listen(self, until_ns: int, deadline_ns: int) -> None:
        """Take note of who is through, until it is time."""
        while self._running and (now := now_ns()) < until_ns:
            message = self._receive(min(LATE_MS, (until_ns - now) / MS))
            if message is None:
                if not all(one.alive() for one in self._team):
                    self._raise_dead()
                continue
            self._read(message)
            if isinstance(message, Finished):
                self._running -= {a for a, one in enumerate(self._team) if one.name == message.name}
        if self._running and until_ns >= deadline_ns:
            raise Stuck

    # Faults

    def _strike(self, agenda: list[tuple[int, int, bool]], number: int, ends: bool) -> None:
        fault = self._program.steps[number]
        assert isinstance(fault, Fault)
        actor = fault.actor
        if ends:
            self._resume(actor)
        elif actor not in self._running:
            return  # nothing would come of it any more
        elif fault.kind == "kill":
            self._kill(number, actor)
        elif fault.kind == "pause" and actor not in self._paused:
            self._note("pause", actor, number)
            FAULTS["pause"].inject(self._arena, self._team[actor])
            self._paused.add(actor)
            heappush(agenda, (now_ns() + fault.for_ms * MS, number, True))
        elif fault.kind == "terminate":
            self._terminate(number, actor)

    def _resume(self, actor: int) -> None:
        if actor in self._paused:
            FAULTS["pause"].heal(self._arena, self._team[actor])
            self._note("resume", actor, len(self._program.steps))
            self._paused.discard(actor)

    def _kill(self, number: int, actor: int) -> None:
        self._paused.discard(actor)
        self._replace(number, actor)
        mine = [event.number for event in self._events if event.actor == actor and event.kind == "invoke"]
        taken = [number for number in mine if number < len(self._program.steps)]
        self._send(actor, Go(max(taken, default=-1) + 1, now_ns()))

    def _terminate(self, number: int, actor: int) -> None:
        self._count_sessions()
        victim = self._team[actor]
        session = victim.session
        self._note("terminate", actor, number)
        terminated_ns = now_ns()
        FAULTS["terminate"].inject(self._arena, victim)
        self._see_go(actor, number, session, terminated_ns)
