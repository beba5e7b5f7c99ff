"""The one place where a `Run` is built."""

from dataclasses import dataclass

from lock_harness.core.run import Coverage, Figures, Run, Shrinking
from lock_harness.core.verdict import Status
from lock_harness.exploration.example import Example
from lock_harness.exploration.executor import Executor
from lock_harness.locks.loading import LockSpec


@dataclass(frozen=True)
class Subject:
    """The subject of a run: a scenario, a lock and a seed.  `expects` is the check that a planted lock must violate."""

    scenario: str
    about: str
    lock: LockSpec
    seed: int
    expects: str | None = None


def build_run(
    subject: Subject,
    executor: Executor,
    example: Example,
    status: Status,
    figures: Figures,
    *,
    repeats: tuple[int, int] | None = None,
    coverage: Coverage | None = None,
    shrinking: Shrinking | None = None,
) -> Run:
    """Return the run that shows `example`, which was run by `executor`."""
    arena = executor.arena
    return Run(
        scenario=subject.scenario,
        about=subject.about,
        lock=str(subject.lock),
        lock_command=bool(subject.lock.command),
        lock_by_value=subject.lock.by_value,
        seed=subject.seed,
        expects=subject.expects,
        status=status,
        program=example.program,
        history=example.history,
        verdicts=example.verdicts,
        bounds=arena.bounds,
        contract=arena.contract,
        contract_options=dict(subject.lock.contract),
        figures=figures,
        environment=arena.environment(),
        repeats=repeats,
        coverage=coverage or Coverage(),
        shrinking=shrinking,
        leaked_locks=executor.leaked_locks,
    )
