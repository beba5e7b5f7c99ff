"""Run one program and judge it: program -> history -> verdicts.  And months moved to where they may be used."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import Self

import msgspec

from harness.arena import Arena
from harness.checks import judge, overall
from harness.errors import MachineError
from harness.model import History, Operation, Program, Status, Step, Verdict
from harness.schedulers.lockstep import Lockstep

OpenArena = Callable[[], AbstractContextManager[Arena]]


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


def run(program: Program, arena: Arena) -> Example:
    """Carry out `program`, whose months must be the arena's, and ask every check."""
    history = Lockstep(program, arena).run()
    return Example(program, history, judge(history, arena.bounds))


def moved(program: Program, first_year: int) -> Program:
    """The same program with its earliest year at `first_year`, so that months keep their distances."""
    delta = first_year - min((month.year for month in program.months), default=first_year)

    def move(step: Step) -> Step:
        if not isinstance(step, Operation) or step.month is None:
            return step
        return msgspec.structs.replace(step, month=step.month._replace(year=step.month.year + delta))

    months = tuple(month._replace(year=month.year + delta) for month in program.months)
    return Program(program.actors, months, tuple(move(step) for step in program.steps))


class Laboratory:
    """Runs program after program, each as if it were the first.

    Actors stay warm from one to the next.  After a violation nothing that the lock left behind can be
    trusted, so the whole arena, with the database where it is ours, is replaced.
    """

    def __init__(self, open_arena: OpenArena) -> None:
        self._open = open_arena
        self._stack = ExitStack()
        self.arena = self._stack.enter_context(open_arena())

    def try_out(self, program: Program) -> Example:
        example = run(program, self.arena)
        if example.status == "violated":
            self._renew(program)
        return example

    def _renew(self, program: Program) -> None:
        ours = self.arena.server.ours
        self._stack.close()
        self.arena = self._stack.enter_context(self._open())
        if not ours:
            idle = Program(1, program.months, ())
            if any(event.answer is False for event in run(idle, self.arena).history.events):
                raise MachineError(
                    "the lock left months locked on a server that is not ours to clean; "
                    "look with 'lock-harness locks', or leave --pg out to use an embedded server"
                )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
