"""Race: from a common start every actor takes its own steps as fast as it can; faults strike at their times.

Real concurrency: which interleaving happens is up to the machine, so what fails once need not fail again.  Where there
is a gate, it lets everybody through and notes who said what when.
"""

import contextlib
from collections.abc import Iterator
from functools import cached_property
from heapq import heapify, heappop, heappush

from lock_harness.actors.mailbox import Finish, Finished, StartRace
from lock_harness.actors.pool import all_alive
from lock_harness.core.clock import now_ns
from lock_harness.core.fault import FAULTS, Fault, FaultKind
from lock_harness.core.program import Operation, Step
from lock_harness.execution.stage import GRACE_MS, LATE_MS, MS, Stage, Stuck
from lock_harness.gate.process import Gate
from lock_harness.gate.service import Player

Entry = tuple[int, int, bool]  # when, which step, and whether it is healed rather than struck
HEAD_START_NS, HEAD_START_EACH_NS = 3_000_000, 250_000  # so that the start reaches all before it is due


class Race(Stage):
    """Runs one program on an arena, everybody at once."""

    def _take_steps(self) -> None:
        with self._at_gate():
            self._run_all()

    @contextlib.contextmanager
    def _at_gate(self) -> Iterator[None]:
        """The gate, if there is one, is open for the program, and then tells what it let through."""
        if self._gate:
            self._gate.open(self._program, [self._player(actor) for actor in range(len(self._team))])
        try:
            yield
        finally:
            if self._gate:
                self._moves = self._gate.shut()

    @property
    def _gate(self) -> Gate | None:
        return self._arena.gate

    def _player(self, actor: int) -> Player:
        one = self._team[actor]
        return Player(one.name, one.session.rpartition(".")[0], one.pids)

    def _run_all(self) -> None:
        self._running = set(range(len(self._team)))
        begin_ns = now_ns() + HEAD_START_NS + len(self._team) * HEAD_START_EACH_NS
        for actor in self._running:
            self._send_go(actor, begin_ns)
        agenda: list[Entry] = [
            (begin_ns + step.at_ms * MS, number, False)
            for number, step in enumerate(self._program.steps)
            if isinstance(step, Fault)
        ]
        heapify(agenda)
        written = self._written()
        deadline = begin_ns + self._longest_ms() * MS
        try:
            while self._running:
                self._listen(min(agenda[0][0], deadline) if agenda else deadline)
                if now_ns() >= deadline:
                    written = self._all_moved_on(written)
                    deadline += self._longest_ms() * MS
                while agenda and agenda[0][0] <= now_ns():
                    self._due(agenda, *heappop(agenda)[1:])
        finally:
            self._undo(list(self._suffering))

    @cached_property
    def _own(self) -> list[list[int]]:
        """The indices of each actor's operations."""
        own: list[list[int]] = [[] for _ in self._team]
        for index, step in enumerate(self._program.steps):
            if isinstance(step, Operation):
                own[step.actor].append(index)
        return own

    def _steps_for(self, actor: int) -> tuple[Step, ...]:
        return tuple(self._program.steps[index] for index in self._own[actor])

    def _send_begin(self, _: int) -> None:
        """That comes with StartRace: a letter less to wake up for."""

    def _tell_team(self, _: int) -> None:
        """Nobody passes a baton.  And who is busy reads no letters: after a few the sender would have to wait."""

    def _finishing(self) -> list[Finish | None]:
        """All have given back what they held, but who has no session needs one to be seen, and to ask once more."""
        cut = self._cut()
        return [Finish(reopen=True) if pair in cut else None for pair in enumerate(self._incarnations)]

    def _send_go(self, actor: int, at_ns: int, first: int = 0) -> None:
        length, rounds = len(self._program.steps), self._program.rounds
        gated = self._gate is not None
        indices = tuple(self._own[actor])
        self._send(actor, StartRace(self._begin(actor), at_ns, indices, length, rounds, first, gated))

    def _longest_ms(self) -> int:
        """How long nobody who runs can do without writing something down."""
        steps = self._program.steps
        operations = [step for step in steps if isinstance(step, Operation)]
        longest = max((self._patience_ms(step) + step.pause_us / 1000 for step in operations), default=0)
        faults = [step for step in steps if isinstance(step, Fault)]
        struck = sum(step.for_ms + self._arena.bounds.release_ms for step in faults)
        restarts = sum(step.traits.whole_server for step in faults)
        return round(longest) + struck + restarts * self._open_ms + GRACE_MS

    def _written(self) -> dict[str, int]:
        """How much each of those who run has written down."""
        running = [self._team[actor] for actor in self._running]
        return {one.name: one.journal.length() for one in running}

    def _all_moved_on(self, before: dict[str, int]) -> dict[str, int]:
        """`_written` now; `Stuck` if somebody has not moved on since `before`."""
        now = self._written()
        if any(length == before.get(name) for name, length in now.items()):
            raise Stuck
        return now

    def _listen(self, until_ns: int) -> None:
        """Take note of who is through, until it is time."""
        while self._running and (now := now_ns()) < until_ns:
            message = self._receive(min(LATE_MS, (until_ns - now) / MS))
            if message is None:
                if not all_alive(self._team):
                    self._raise_dead()
                continue
            self._read(message)
            if isinstance(message, Finished):
                self._running -= {a for a, one in enumerate(self._team) if one.name == message.name}

    # Faults

    def _due(self, agenda: list[Entry], number: int, ends: bool) -> None:
        fault = self._fault(number)
        if ends:
            self._undo([number])
        elif fault.actor in self._running and not self._suffers(fault.actor, fault.kind):
            if fault.traits.ends_process:
                self._undo([n for n, victim in self._suffering.items() if victim.actor == fault.actor])
            self._strike(number, fault)
            if fault.traits.ends_process:
                if self._gate:
                    self._gate.go_on(fault.actor, self._player(fault.actor))
                self._go_on(fault.actor)
            elif fault.traits.lasting:
                heappush(agenda, (now_ns() + fault.for_ms * MS, number, True))

    def _fault(self, number: int) -> Fault:
        fault = self._program.steps[number]
        assert isinstance(fault, Fault)
        return fault

    def _suffers(self, actor: int, kind: FaultKind) -> bool:
        """Whether something lasting of the same sort is being done to the actor already."""
        own = [self._fault(number) for number, victim in self._suffering.items() if victim.actor == actor]
        network = FAULTS[kind].target == "network"
        return any(one.kind == kind or (network and one.traits.target == "network") for one in own)

    def _undo(self, numbers: list[int]) -> None:
        """Heal what has not been healed yet."""
        for number in numbers:
            if number in self._suffering:
                self._heal(number, self._fault(number))

    def _go_on(self, actor: int) -> None:
        """Let the one who replaces a killed actor take the steps that are left."""
        mine = [event.number for event in self._events if event.actor == actor and event.kind == "invoke"]
        taken = [number for number in mine if number < self._program.total_steps]
        self._send_go(actor, now_ns(), max(taken, default=-1) + 1)
