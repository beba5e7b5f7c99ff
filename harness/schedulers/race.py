"""Race: from a common start every actor takes its own steps as fast as it can; faults strike at their times.

Real concurrency: which interleaving happens is up to the machine, so what fails once need not fail again.
"""

from heapq import heapify, heappop, heappush

from harness.actors.actor import RECONNECT_MS
from harness.actors.mailbox import Finished, Go
from harness.clock import now_ns
from harness.model import LASTING_FAULTS, NETWORK_FAULTS, SERVER_FAULTS, Fault, FaultKind, Operation
from harness.schedulers.stage import GRACE_MS, LATE_MS, MS, Stage, Stuck

Entry = tuple[int, int, bool]  # when, which step, and whether it is healed rather than struck
HEAD_START_NS = 3_000_000  # so that the start reaches all before it is due


class Race(Stage):
    """Runs one program on an arena, everybody at once."""

    def _take_steps(self) -> None:
        self._running = set(range(len(self._team)))
        begin_ns = now_ns() + HEAD_START_NS
        for actor in self._running:
            self._send(actor, Go(0, begin_ns))
        agenda: list[Entry] = [
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
                    self._due(agenda, *heappop(agenda)[1:])
        finally:
            self._undo(list(self._suffering))
        self._read_journals()

    def _longest_ms(self) -> int:
        """By when everybody must be through."""
        steps = self._program.steps
        own = [0.0] * len(self._team)
        for step in steps:
            if isinstance(step, Operation):
                own[step.actor] += step.timeout_ms + step.pause_us / 1000
        faults = [step for step in steps if isinstance(step, Fault)]
        struck = sum(step.for_ms + self._arena.bounds.release_ms for step in faults)
        restarts = sum(step.kind in SERVER_FAULTS for step in faults)
        return round(max(own)) + struck + restarts * RECONNECT_MS + GRACE_MS

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

    def _due(self, agenda: list[Entry], number: int, ends: bool) -> None:
        fault = self._fault(number)
        if ends:
            self._undo([number])
        elif fault.actor in self._running and not self._suffers(fault.actor, fault.kind):
            if fault.kind == "kill":
                self._undo([n for n, victim in self._suffering.items() if victim.actor == fault.actor])
            self._strike(number, fault)
            if fault.kind == "kill":
                self._go_on(fault.actor)
            elif fault.kind in LASTING_FAULTS:
                heappush(agenda, (now_ns() + fault.for_ms * MS, number, True))

    def _fault(self, number: int) -> Fault:
        fault = self._program.steps[number]
        assert isinstance(fault, Fault)
        return fault

    def _suffers(self, actor: int, kind: FaultKind) -> bool:
        """Whether something lasting of the same sort is being done to the actor already."""
        sort = NETWORK_FAULTS if kind in NETWORK_FAULTS else {kind}
        return any(
            victim.actor == actor and self._fault(number).kind in sort
            for number, victim in self._suffering.items()
        )

    def _undo(self, numbers: list[int]) -> None:
        """Heal what has not been healed yet."""
        for number in numbers:
            if number in self._suffering:
                self._heal(number, self._fault(number))

    def _go_on(self, actor: int) -> None:
        """Let the one who replaces a killed actor take the steps that are left."""
        mine = [event.number for event in self._events if event.actor == actor and event.kind == "invoke"]
        taken = [number for number in mine if number < len(self._program.steps)]
        self._send(actor, Go(max(taken, default=-1) + 1, now_ns()))
