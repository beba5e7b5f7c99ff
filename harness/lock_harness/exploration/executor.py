"""Run programs in an arena, and clean up after each one."""

from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from typing import NamedTuple

import msgspec

from lock_harness.checks import judge
from lock_harness.core.program import Month, Operation, Program, Step, Verb
from lock_harness.core.verdict import Bounds
from lock_harness.execution.arena import Arena
from lock_harness.execution.program_run import ProgramRun
from lock_harness.exploration.example import Example
from lock_harness.gate.schedulers.replay import choices_made
from lock_harness.programs.timeouts import under_contract

OpenArena = Callable[[], AbstractContextManager[Arena]]
OpenExecutor = Callable[[], AbstractContextManager["Executor"]]


def run(program: Program, arena: Arena) -> Example:
    """Run `program`, whose months must be the arena's, and judge its history with every check.

    In gate mode the program of the example has the choices that its scheduler made, so that a replay follows them.
    """
    history = ProgramRun(program, arena).run()
    if program.mode == "gate":
        made = choices_made(history.moves)
        program = msgspec.structs.replace(program, choices=made, scheduler=None)
    return Example(program, history, judge(history, arena.bounds, arena.contract))


def with_first_year(program: Program, first_year: int) -> Program:
    """Return the program with its earliest year changed to `first_year`; the distances between months are kept."""
    delta = first_year - min((month.year for month in program.months), default=first_year)

    def with_year(step: Step) -> Step:
        if not isinstance(step, Operation) or step.month is None:
            return step
        return msgspec.structs.replace(step, month=step.month._replace(year=step.month.year + delta))

    months = tuple(month._replace(year=month.year + delta) for month in program.months)
    steps = tuple(with_year(step) for step in program.steps)
    return msgspec.structs.replace(program, months=months, steps=steps)


def warm_up_program(actors: int, verbs: Collection[str]) -> Program:
    """Return a program in which each actor asks for a month once, one after the other."""
    month = Month(2090, 1)
    asks: tuple[Verb, ...] = ("acquire", "release") if "acquire" in verbs else ("hold",)
    steps = (Operation(actor, verb, month) for actor in range(actors) for verb in asks)
    return Program(actors, (month,), tuple(steps))


class _OpenedArena(NamedTuple):
    arena: Arena
    stack: ExitStack


class Executor:
    """Runs programs one after the other, each in an arena without traces of the previous ones.

    Actors stay warm between programs.  After a violation, or a possible one, the state that the lock left behind cannot be
    trusted: then the actors are replaced, and if that is not enough, the whole arena with its database.
    `leaked_locks`: the lock left months locked on a server that the user named, where the harness cannot clean up.
    """

    def __init__(self, open_arena: OpenArena) -> None:
        self._open_arena = open_arena
        # violations often follow each other, so the next arena opens, and the last one closes, in the background
        self._background = ThreadPoolExecutor(1)
        self._next: Future[_OpenedArena] | None = None
        self._bounds: Bounds | None = None
        self._current = self._open()
        self.leaked_locks = False

    @property
    def arena(self) -> Arena:
        """The arena in which the next program will run."""
        return self._current.arena

    def judge_by(self, bounds: Bounds) -> None:
        """Judge the following programs by these bounds, under the contract of the lock."""
        self._bounds = bounds
        self.arena.bounds = self.arena.contract.bounds(bounds)

    def run_and_clean_up(self, program: Program) -> Example:
        """Run the program in the arena's years, and remove any state that the lock may have left behind."""
        program = self._adapted(program)
        example = run(program, self.arena)
        if example.may_have_leaked:
            self._clean_up(program)
        return example

    def _adapted(self, program: Program) -> Program:
        """Return the program with the months of the arena, and as the contract of the lock allows it."""
        return under_contract(with_first_year(program, self.arena.years.first), self.arena.contract)

    def _clean_up(self, program: Program) -> None:
        if not self.arena.server.ours:
            self._reopen(program)
        elif not self.arena.reset():
            self._switch_to_next()

    def warm_up(self, actors: int) -> None:
        """Let each of the first `actors` actors use the lock once, if one of them is new: a first call may be slow.

        A violation is ignored, unless it leaves months locked: to clean up after it would replace the actors by new ones.
        """
        if self.arena.has_new_actors(actors):
            program = self._adapted(warm_up_program(actors, self.arena.verbs))
            example = run(program, self.arena)
            if example.leaves_months_locked:
                self._clean_up(program)

    def renew_actors(self) -> None:
        """Let the next program be run by new processes."""
        self.arena.dismiss()

    def _open(self) -> _OpenedArena:
        stack = ExitStack()
        return _OpenedArena(stack.enter_context(self._open_arena()), stack)

    def _keep_bounds(self) -> None:
        if self._bounds is not None:
            self.judge_by(self._bounds)

    def _switch_to_next(self) -> None:
        following = self._next or self._background.submit(self._open)
        previous, self._current = self._current, following.result()
        self._keep_bounds()
        self._next = self._background.submit(self._open)
        self._background.submit(previous.stack.close)

    def _reopen(self, program: Program) -> None:
        """Close the arena, open another on the same server, and check whether the program's months are free."""
        self._current.stack.close()
        self._current = self._open()
        self._keep_bounds()
        idle = run(Program(1, program.months, ()), self.arena)
        self.leaked_locks = any(
            event.verb == "acquire" and event.answer is False for event in idle.history.events
        )

    def close(self) -> None:
        """Close all arenas."""
        with ExitStack() as stack:
            stack.callback(self._background.shutdown)
            stack.callback(self._current.stack.close)
            if self._next:
                self._next.result().stack.close()
