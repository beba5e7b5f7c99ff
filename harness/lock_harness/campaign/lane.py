"""A lane: a process that runs batches, one after the other, in arenas that it keeps open.

Hypothesis runs here and not in the process of the command.  So a Ctrl-C, which is for the command, cannot be lost in a
callback of Hypothesis: the command sets a flag, and each lane looks at it between examples.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection

import msgspec

from lock_harness.campaign.arenas import OpenArenas
from lock_harness.campaign.messages import (
    Asks,
    Close,
    Done,
    Failed,
    Known,
    KnownFailure,
    Open,
    Refused,
    Repeat,
    Report,
    ScenarioBatch,
    Skipped,
    Task,
)
from lock_harness.campaign.variation import varied
from lock_harness.campaign.work import PROGRAMS_OF_BATCH
from lock_harness.core.attempt import Attempt
from lock_harness.core.errors import InternalError, NoRoom, NotApplicable, as_harness_error
from lock_harness.core.run import Run, Shrinking
from lock_harness.exploration.again import run_again
from lock_harness.exploration.example import Example
from lock_harness.exploration.explore import explore_with, require_verbs
from lock_harness.exploration.plan import Plan
from lock_harness.exploration.progress import Progress
from lock_harness.exploration.results import Subject
from lock_harness.exploration.time_limit import TimeLimit
from lock_harness.figures.exercise import behaviours
from lock_harness.locks.interface import Lock
from lock_harness.locks.loading import LockSpec, spec_of
from lock_harness.programs.equipment import equipment
from lock_harness.programs.renaming import contains
from lock_harness.programs.scenario import Scenario
from lock_harness.servers.years import Years

# how often a lane reports the progress of a batch, in seconds
REPORT_S = 0.1

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Task] = msgspec.msgpack.Decoder(Task)


@dataclass(frozen=True)
class LaneWork:
    """What all lanes of a run know from the beginning, since they are forked from the process of the command.

    `lock` is for scenarios that bring none of their own.  `release_ms` replaces their bound for auto-release.
    """

    scenarios: Sequence[Scenario]
    lock: LockSpec | Lock
    years: Years
    release_ms: int | None = None

    def lock_of(self, scenario: Scenario) -> LockSpec | Lock:
        """Return the lock of a scenario."""
        return scenario.lock or self.lock


class Lane:
    """Runs tasks, and reports their results on a connection."""

    def __init__(self, work: LaneWork, connection: Connection, is_stopped: Callable[[], bool]) -> None:
        self._work = work
        self._connection = connection
        self._is_stopped = is_stopped
        self._arenas: OpenArenas | None = None
        self._reported = 0.0

    def run(self) -> None:
        """Run tasks until the message to close arrives, or the process of the command has ended."""
        try:
            while not isinstance(task := self._receive(), Close):
                assert not isinstance(task, Known)
                if isinstance(task, Open):
                    self._arenas = OpenArenas(task.server, self._work.years)
                else:
                    self._send(self._outcome(task))
        finally:
            if self._arenas:
                self._arenas.close()

    def _receive(self) -> Task:
        try:
            return _decoder.decode(self._connection.recv_bytes())
        except EOFError:
            return Close()

    def _send(self, report: Report) -> None:
        self._connection.send_bytes(_encoder.encode(report))

    def _outcome(self, task: ScenarioBatch | Repeat) -> Report:
        """Run a task and return its result; an error is one, too."""
        assert self._arenas
        with Attempt() as attempt:
            try:
                return self._run(task, self._arenas)
            except NotApplicable as reason:
                return Skipped(str(reason))
            except NoRoom as error:
                return Refused(str(error))
        assert attempt.error is not None
        known = as_harness_error(attempt.error)
        trace = known.trace if isinstance(known, InternalError) else ""
        return Failed(str(known), known.exit_code, trace)

    def _run(self, task: ScenarioBatch | Repeat, arenas: OpenArenas) -> Done:
        began = time.monotonic()
        limit = TimeLimit(task.until, self._is_stopped)
        seen: set[str] = set()
        if isinstance(task, Repeat):
            run = self._repeat(task, arenas, limit)
        else:
            run = self._explore(task, arenas, limit, seen)
        return Done(run, frozenset(seen), time.monotonic() - began)

    def _explore(self, batch: ScenarioBatch, arenas: OpenArenas, limit: TimeLimit, seen: set[str]) -> Run:
        scenario = self._work.scenarios[batch.scenario]
        lock, bounds = self._work.lock_of(scenario), scenario.bounds.with_release(self._work.release_ms)
        needed = equipment(scenario.what)
        executor = arenas.executor(lock, needed, bounds)
        require_verbs(scenario, executor)
        what = varied(scenario.what, part=batch.part, seed=batch.seed, verbs=executor.arena.verbs)
        gate = needed.gate_beside
        run = explore_with(
            scenario=replace(scenario, what=what),
            executor=executor,
            plan=Plan(
                batch.examples,
                seed=batch.seed,
                continues=batch.part > 0,
                first=batch.part * PROGRAMS_OF_BATCH,
            ),
            lock=spec_of(lock),
            report_progress=self._report_progress,
            open_gate=None
            if arenas.why_unavailable(gate)
            else partial(arenas.gate, executor, lock, gate, bounds),
            limit=limit,
            is_known=self._never_known if scenario.planted else partial(self._is_known, batch.known),
            observe=lambda view: seen.update(behaviours(view)),
        )
        if executor.leaked_locks:
            arenas.drop(executor)
        return run

    @staticmethod
    def _never_known(_example: Example, _check: str) -> bool:
        """Return False: each planted lock has a defect of its own."""
        return False

    def _is_known(self, known: Sequence[KnownFailure], example: Example, check: str) -> bool:
        """Return whether the violation was shrunk before; wait for this until no other lane shrinks one."""
        if is_one_of(known, example, check):
            return True
        self._send(Asks())
        answer = self._receive()
        return isinstance(answer, Known) and is_one_of(answer.failures, example, check)

    def _repeat(self, task: Repeat, arenas: OpenArenas, limit: TimeLimit) -> Run:
        executor = arenas.executor(
            self._work.lock, equipment(task.program), task.bounds.with_release(self._work.release_ms)
        )
        run = run_again(
            Subject(task.scenario, task.about, spec_of(self._work.lock), seed=0),
            executor,
            task.program,
            times=task.times,
            new_processes=task.new_processes,
            limit=limit.sooner(task.seconds),
            until_violated=frozenset(task.checks),
        )
        if not task.new_processes:
            return run
        # a replay of this run needs new processes, too
        again = Shrinking(run.program, run.history, new_processes=True)
        return msgspec.structs.replace(run, shrinking=again)

    def _report_progress(self, progress: Progress) -> None:
        if time.monotonic() - self._reported > REPORT_S:
            self._reported = time.monotonic()
            self._send(progress)


def is_one_of(known: Sequence[KnownFailure], example: Example, check: str) -> bool:
    """Return whether the program of the example contains one that violated the same check before."""
    return any(one.check == check and contains(example.program, one.program) for one in known)
