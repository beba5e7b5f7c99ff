"""Run one program and judge it: program -> history -> verdicts.  And months moved to where they may be used."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack

import msgspec

from lock_harness.checks import judge, overall
from lock_harness.core.history import History
from lock_harness.core.program import Operation, Program, Step
from lock_harness.core.verdict import Status, Verdict
from lock_harness.execution.arena import Arena
from lock_harness.execution.program_run import ProgramRun
from lock_harness.gate.schedulers.replay import choices_made

OpenArena = Callable[[], AbstractContextManager[Arena]]
AGREE = 2  # how often in a row a reliable failure must come back
PATIENCE = 5  # how often a doubt is looked into
_Home = tuple[Arena, ExitStack]


class Example(msgspec.Struct, frozen=True):
    """A program that was run, and what came of it."""

    program: Program
    history: History
    verdicts: tuple[Verdict, ...]

    @property
    def status(self) -> Status:
        return overall(self.verdicts)

    @property
    def broken(self) -> frozenset[str]:
        """The names of the checks that were violated."""
        return frozenset(verdict.check for verdict in self.verdicts if verdict.status == "violated")

    @property
    def struck(self) -> frozenset[int]:
        """The numbers of the steps whose faults came off."""
        return frozenset(event.number for event in self.history.events if event.kind == "fault")

    def leaves_open(self, checks: frozenset[str]) -> bool:
        """Whether one of these checks is in doubt, and none is broken."""
        doubts = {verdict.check for verdict in self.verdicts if verdict.status == "unknown"}
        return not checks & self.broken and not checks.isdisjoint(doubts)

    @property
    def may_have_leaked(self) -> bool:
        """Whether the lock may have left something behind.

        It broke a check, or may have while the machine stalled, or could not be asked for its months in the end.
        """
        doubts = any(v.status == "violated" or (v.status == "unknown" and v.timed) for v in self.verdicts)
        extra = (event for event in self.history.events if event.number >= self.program.total_steps)
        return doubts or any(event.kind == "info" and event.verb == "acquire" for event in extra)

    @property
    def blames_the_machine(self) -> bool:
        """Whether it is unknown because the machine stalled, which it may not do the next time."""
        return self.status == "unknown" and any(v.timed for v in self.verdicts if v.status == "unknown")

    @property
    def hinges_on_time(self) -> bool:
        """Whether nothing but upper bounds on time was violated: a busy machine does that too."""
        return self.status == "violated" and all(v.timed for v in self.verdicts if v.status == "violated")

    def doubted(self) -> "Example":
        """The same with its violations taken for doubts."""
        verdicts = (
            msgspec.structs.replace(v, status="unknown", why=f"{v.why}; once, and not when run again")
            if v.status == "violated"
            else v
            for v in self.verdicts
        )
        return msgspec.structs.replace(self, verdicts=tuple(verdicts))


def run(program: Program, arena: Arena) -> Example:
    """Carry out `program`, whose months must be the arena's, and ask every check.

    Whatever chose at the gate, the example's program has it as choices, which lead there again.
    """
    history = ProgramRun(program, arena).run()
    if program.mode == "gate":
        made = choices_made(history.moves)
        program = msgspec.structs.replace(program, choices=made, scheduler=None)
    return Example(program, history, judge(history, arena.bounds))


def moved(program: Program, first_year: int) -> Program:
    """The same program with its earliest year at `first_year`, so that months keep their distances."""
    delta = first_year - min((month.year for month in program.months), default=first_year)

    def move(step: Step) -> Step:
        if not isinstance(step, Operation) or step.month is None:
            return step
        return msgspec.structs.replace(step, month=step.month._replace(year=step.month.year + delta))

    months = tuple(month._replace(year=month.year + delta) for month in program.months)
    steps = tuple(move(step) for step in program.steps)
    return msgspec.structs.replace(program, months=months, steps=steps)


class Executor:
    """Runs program after program, each as if it were the first.

    Actors stay warm from one to the next.  After a violation, or what may have been one, nothing that the lock left
    behind can be trusted, so the actors are replaced, and if that is not enough the whole arena, with the database where
    it is ours.
    """

    def __init__(self, open_arena: OpenArena) -> None:
        self._open = open_arena
        self._removals = ThreadPoolExecutor(1)  # violations come in rows: the next arena opens meanwhile
        self._next: Future[_Home] | None = None
        self._home = self._open_home()
        self.leaked_locks = False  # months are left locked on a server that is not ours to clean

    @property
    def arena(self) -> Arena:
        return self._home[0]

    def run_and_clean_up(self, program: Program) -> Example:
        here = moved(program, self.arena.years.first)
        example = run(here, self.arena)
        if example.may_have_leaked:
            if self.arena.server.ours:
                if not self.arena.reset():
                    self._move()
            else:
                self._clean(here)
        return example

    def run_until_conclusive(self, program: Program, checks: frozenset[str]) -> Example:
        """Try it out until it is known whether it breaks one of these checks, or patience is at an end."""
        return self._until(program, lambda example: not example.leaves_open(checks))

    def _until(self, program: Program, is_known: Callable[[Example], bool]) -> Example:
        for _ in range(PATIENCE):
            example = self.run_and_clean_up(program)
            if self.leaked_locks or is_known(example):
                break
        return example

    def run_confirmed(self, program: Program, shown: frozenset[str] = frozenset()) -> Example:
        """Try it out; what hinges on time is a violation only if it comes back `AGREE` times in a row.

        `shown`: the checks of which it was shown before that this lock violates them; then doubts are left at that.
        """
        example = self._until(program, lambda example: bool(shown) or not example.blames_the_machine)
        if (
            example.hinges_on_time
            and not example.broken <= shown
            and not self.leaked_locks
            and not all(
                example.broken & self.run_until_conclusive(program, example.broken).broken
                for _ in range(AGREE)
            )
        ):
            return example.doubted()
        return example

    def _open_home(self) -> _Home:
        stack = ExitStack()
        return stack.enter_context(self._open()), stack

    def _move(self) -> None:
        coming = self._next or self._removals.submit(self._open_home)
        old, self._home = self._home, coming.result()
        self._next = self._removals.submit(self._open_home)
        self._removals.submit(old[1].close)

    def _clean(self, program: Program) -> None:
        self._home[1].close()
        self._home = self._open_home()
        idle = run(Program(1, program.months, ()), self.arena)
        self.leaked_locks = any(
            event.verb == "acquire" and event.answer is False for event in idle.history.events
        )

    def close(self) -> None:
        with ExitStack() as stack:
            stack.callback(self._removals.shutdown)
            stack.callback(self._home[1].close)
            if self._next:
                self._next.result()[1].close()
