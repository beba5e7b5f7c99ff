"""The scheduler of a run: gives batches to lanes, and collects their results."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from lock_harness.campaign.findings import RunFinding, RunFindings
from lock_harness.campaign.lanes import LaneEnded, Lanes
from lock_harness.campaign.messages import (
    Asks,
    Done,
    Failed,
    Known,
    Open,
    Refused,
    Repeat,
    Report,
    ScenarioBatch,
    Skipped,
)
from lock_harness.campaign.work import SEED_DISTANCE, ScenarioWork, batch_size, choose
from lock_harness.core.errors import HarnessError, InternalError, MachineError, UserError
from lock_harness.core.run import Run
from lock_harness.exploration.plan import Plan
from lock_harness.exploration.progress import Progress
from lock_harness.programs.equipment import Equipment
from lock_harness.servers.server import Server

# how long to wait for a report before looking at the clock again
POLL_S = 0.05
# the part of the time that is kept for the end of a run: closing the arenas, writing the reports
CLOSING = 0.06
MOST_CLOSING_S = 2.0
# after this part of the time, a lane that has not ended is killed
GRACE = 1.05
# how long lanes may take to end an example after a Ctrl-C
INTERRUPT_S = 10.0
# how long programs that failed in earlier runs are run in all
REPEATS_S = 2.0


class LaneError(HarnessError):
    """The error of a lane, with its exit code."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(failed.why)
        self.exit_code = failed.exit_code


@dataclass(frozen=True)
class Settings:
    """How long a run goes on.

    Attributes:
        plan: The examples of each drawn scenario, and the seed.
        began: When the command was started, a time of `time.monotonic()`.
        seconds: The time for the whole run; None for no limit.
        stops_at_first: Whether the run ends at the first finding.
        repeats: The failures of earlier runs, which are tried first.
        accepts: Whether a finding is accepted, so that it does not end the run.
    """

    plan: Plan
    began: float
    seconds: float | None = None
    stops_at_first: bool = False
    repeats: Sequence[Repeat] = ()
    accepts: Callable[[RunFinding], bool] = lambda _: False

    @property
    def soft_end(self) -> float | None:
        """When no further example should begin."""
        if self.seconds is None:
            return None
        return self.began + self.seconds - min(MOST_CLOSING_S, CLOSING * self.seconds)

    @property
    def hard_end(self) -> float | None:
        """When a lane that has not ended is killed."""
        return None if self.seconds is None else self.began + self.seconds * GRACE


class Listener(Protocol):
    """Gets the events of a run."""

    def progress(self, lane: int, progress: Progress) -> None:
        """A lane reports the progress of its batch."""

    def given(self, lane: int, work: ScenarioWork) -> None:
        """A lane begins a batch."""

    def repeated(self, task: Repeat, run: Run) -> None:
        """A failure of an earlier run was tried again."""

    def not_repeated(self, task: Repeat, why: str) -> None:
        """A failure of an earlier run was not tried again."""

    def met(self, finding: RunFinding, run: Run, *, new: bool) -> None:
        """A scenario met a defect."""

    def finished(self, work: ScenarioWork) -> None:
        """A scenario has no further batch, or is skipped."""

    def tick(self) -> None:
        """Some time has passed."""


@dataclass
class _LaneState:
    """What a lane does.

    opened   it knows the server
    proved   it has reported progress
    retired  it gets no further task
    kinds    the equipment of its arenas, the one used last at the end
    """

    opened: bool = False
    proved: bool = False
    retired: bool = False
    task: ScenarioBatch | Repeat | None = None
    kinds: list[Equipment] = field(default_factory=list)


class Campaign:
    """Runs scenarios on lanes until all have had their share, or the time is over.

    Attributes:
        works: The scenarios.
        findings: The defects that were found.
        killed: The scenarios of the batches that had not ended when the time was over.
    """

    def __init__(
        self,
        works: Sequence[ScenarioWork],
        settings: Settings,
        lanes: Lanes,
        usable: Sequence[int],
        listener: Listener,
    ) -> None:
        """Prepare to run.  `usable`: the numbers of the lanes that may be used."""
        self.works = works
        self.findings = RunFindings()
        self.killed: list[str] = []
        self._settings = settings
        self._lanes = lanes
        self._listener = listener
        self._states = {lane: _LaneState() for lane in usable}
        self._repeats = deque(settings.repeats)
        self._repeats_left_s = REPEATS_S
        self._shrinking: int | None = None
        self._waiting: deque[int] = deque()
        self._stopping_since: float | None = None

    def run(self, server: Server, is_interrupted: Callable[[], bool]) -> None:
        """Run until nothing is left to do.  `HarnessError` if a lane fails."""
        self._give_all(server)
        while any(state.task for state in self._states.values()):
            for lane, report in self._lanes.receive(POLL_S):
                self._handle(lane, report)
            self._let_one_shrink()
            self._listener.tick()
            if self._stopping_since is None and (is_interrupted() or self._is_over):
                self._stop()
            if self._must_kill:
                self._kill()
                return
            self._give_all(server)

    # Giving work to lanes

    def _give_all(self, server: Server) -> None:
        for lane, state in self._states.items():
            is_free = state.task is None and not state.retired and (state.opened or not self._is_opening)
            if is_free and self._stopping_since is None and not self._is_over:
                self._give(lane, state, server)

    @property
    def _is_opening(self) -> bool:
        """Whether a lane opens its first arena.  Another one would only slow it down."""
        return any(state.opened and not (state.proved or state.retired) for state in self._states.values())

    def _give(self, lane: int, state: _LaneState, server: Server) -> None:
        task = self._next_repeat() or self._next_batch(lane, state)
        if task is None:
            return
        if not state.opened:
            self._lanes.send(lane, Open(server))
            state.opened = True
        state.task = task
        self._lanes.send(lane, task)

    def _next_repeat(self) -> Repeat | None:
        """Return the next failure of an earlier run, with its share of the time that is left for them."""
        while self._repeats and self._repeats_left_s <= 0:
            self._listener.not_repeated(self._repeats.popleft(), "there was no time for it")
        if not self._repeats:
            return None
        share = self._repeats_left_s / len(self._repeats)
        task = self._repeats.popleft()
        return msgspec.structs.replace(task, seconds=share, until=self._settings.soft_end)

    def _next_batch(self, lane: int, state: _LaneState) -> ScenarioBatch | None:
        unlimited = self._settings.seconds is not None
        work = choose(self.works, state.kinds, unlimited=unlimited)
        if work is None:
            return None
        examples = batch_size(work, unlimited=unlimited)
        part = work.begin(lane, examples)
        batch = ScenarioBatch(
            scenario=work.index,
            examples=examples,
            seed=(self._settings.plan.seed + part * SEED_DISTANCE) % 2**32,
            part=part,
            until=self._settings.soft_end,
            known=self.findings.known() if not work.scenario.planted else (),
        )
        if work.kind in state.kinds:
            state.kinds.remove(work.kind)
        state.kinds.append(work.kind)
        self._listener.given(lane, work)
        return batch

    # Results

    def _handle(self, lane: int, report: Report | LaneEnded) -> None:
        state = self._states[lane]
        state.proved = True
        if isinstance(report, Progress):
            self._listener.progress(lane, report)
            return
        if isinstance(report, Asks):
            self._waiting.append(lane)
            self._let_one_shrink()
            return
        if self._shrinking == lane:
            self._shrinking = None
        task, state.task = state.task, None
        assert task is not None
        if isinstance(report, LaneEnded):
            last = report.log.splitlines()[-1:]
            raise MachineError(
                f"a lane ended without a result for {self._name(task)}: {' '.join(last) or 'is there enough memory?'}"
            )
        if isinstance(report, Failed):
            raise InternalError(report.why, report.trace) if report.trace else LaneError(report)
        if isinstance(report, Refused):
            self._retire(lane, task, report)
        elif isinstance(task, ScenarioBatch):
            self._handle_batch(lane, task, report)
        else:
            self._handle_repeat(task, report)

    def _let_one_shrink(self) -> None:
        """Let the next lane shrink its violation, unless another one does; at the end of a run, all of them."""
        while self._waiting and (self._shrinking is None or self._stopping_since is not None):
            self._shrinking = self._waiting.popleft()
            self._lanes.send(self._shrinking, Known(self.findings.known()))

    def _retire(self, lane: int, task: ScenarioBatch | Repeat, refused: Refused) -> None:
        """Give a lane no further task, and its task to another one.  `UserError` if no lane is left."""
        self._states[lane].retired = True
        if all(state.retired for state in self._states.values()):
            raise UserError(refused.why)
        if isinstance(task, Repeat):
            self._repeats.append(task)
        else:
            self.works[task.scenario].take_back(lane, task.part)

    def _name(self, task: ScenarioBatch | Repeat) -> str:
        return task.scenario if isinstance(task, Repeat) else self.works[task.scenario].scenario.name

    def _handle_batch(self, lane: int, batch: ScenarioBatch, report: Done | Skipped) -> None:
        work, unlimited = self.works[batch.scenario], self._settings.seconds is not None
        del work.running[lane]
        if isinstance(report, Skipped):
            work.skip(report.why)
        else:
            run = msgspec.structs.replace(report.run, seed=self._settings.plan.seed)
            work.add(batch.part, run, report.behaviours, report.seconds, unlimited=unlimited)
            if not work.scenario.planted:
                self._note_violation(run)
        if work.is_finished(unlimited=unlimited):
            self._listener.finished(work)

    def _handle_repeat(self, task: Repeat, report: Done | Skipped) -> None:
        if isinstance(report, Skipped):
            self._listener.not_repeated(task, report.why)
            return
        self._repeats_left_s -= report.run.figures.seconds
        self._listener.repeated(task, report.run)
        self._note_violation(report.run, remembered=task.finding)

    def _note_violation(self, run: Run, remembered: str | None = None) -> None:
        # after the end was decided, other lanes still finish their examples; what they find then is not shrunk
        if run.status != "violated" or (self._settings.stops_at_first and self._stopping_since is not None):
            return
        finding, new = self.findings.add(run, remembered)
        self._listener.met(finding, run, new=new)
        if new and self._settings.stops_at_first and not self._settings.accepts(finding):
            self._stop()

    # The end

    @property
    def _is_over(self) -> bool:
        return self._settings.soft_end is not None and time.monotonic() > self._settings.soft_end

    @property
    def _must_kill(self) -> bool:
        now = time.monotonic()
        if self._settings.hard_end is not None and now > self._settings.hard_end:
            return True
        return self._stopping_since is not None and now > self._stopping_since + INTERRUPT_S

    def _stop(self) -> None:
        self._stopping_since = time.monotonic()
        self._lanes.stop()

    def _kill(self) -> None:
        self.killed = [self._name(state.task) for state in self._states.values() if state.task]
        self._lanes.kill()
