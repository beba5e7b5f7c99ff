"""The results of a run as JSON, for programs."""

import msgspec

from lock_harness.campaign.work import ScenarioWork
from lock_harness.core.run import Exercise
from lock_harness.render.summary import succeeded
from lock_harness.render.totals import thin


class ScenarioResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """The result of one scenario.

    `status` is holds, violated or unknown; skipped if it is not applicable here, and not run if there was no time for it.
    `succeeded` is also true of a planted lock that was caught.  `why`: why it is skipped or thin.  `report` is the path of run.json.
    """

    name: str
    status: str
    succeeded: bool = False
    thin: bool = False
    why: str = ""
    examples: int = 0
    operations: int = 0
    exercise: Exercise = Exercise()
    report: str | None = None


class FindingResult(msgspec.Struct, frozen=True):
    """A finding: its smallest program failed k of the n times that it was run again, if `repeats` is given.

    `known`: the user accepts it.
    """

    id: str
    checks: tuple[str, ...]
    scenarios: tuple[str, ...]
    repeats: tuple[int, int] | None
    report: str
    known: bool = False


class RunResults(msgspec.Struct, frozen=True):
    """What `lock-harness run --json` prints."""

    server: str
    lock: str
    seed: int
    seconds: float
    scenarios: tuple[ScenarioResult, ...]
    findings: tuple[FindingResult, ...]
    format: int = 1


def scenario_result(work: ScenarioWork, report: str | None) -> ScenarioResult:
    """Return the result of a scenario in its present state."""
    run, name = work.run, work.scenario.name
    if run is None:
        return ScenarioResult(name, "skipped" if work.skipped else "not run", why=work.skipped or "")
    why = thin(run, work.minimum)
    return ScenarioResult(
        name=name,
        status=run.status,
        succeeded=succeeded(run),
        thin=bool(why),
        why=why,
        examples=run.figures.examples,
        operations=run.figures.operations,
        exercise=run.figures.exercise,
        report=report,
    )


def as_json(results: RunResults) -> str:
    """Return the results as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(results), indent=2).decode()
