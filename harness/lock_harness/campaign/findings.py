"""The findings of a run: violations that are the same defect, as far as the harness can see, are one.  No I/O."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from lock_harness.campaign.messages import KnownFailure
from lock_harness.core.run import Run
from lock_harness.programs.renaming import contains, finding_id


@dataclass
class RunFinding:
    """A defect of the lock.

    Attributes:
        run: The run that shows it: the first one, with its program shrunk.
        id: Its identity, which is the same in later runs.
        scenarios: The scenarios that met it, in the order in which they did.
    """

    run: Run
    id: str
    scenarios: list[str] = field(default_factory=list)

    @property
    def main_check(self) -> str:
        """The violated check that says most about the lock."""
        return self.run.violated_checks[0]

    def is_met_by(self, run: Run) -> bool:
        """Return whether a violation is this defect: it violates the same check, and one program contains the other."""
        if self.main_check not in run.violated_checks or run.lock != self.run.lock:
            return False
        return contains(run.program, self.run.program) or contains(self.run.program, run.program)


class RunFindings:
    """The findings of a run."""

    def __init__(self) -> None:
        self._found: list[RunFinding] = []

    def __iter__(self) -> Iterator[RunFinding]:
        return iter(self._found)

    def add(self, run: Run, remembered: str | None = None) -> tuple[RunFinding, bool]:
        """Return the finding that a violation belongs to, and whether it is a new one.

        `remembered` is the identity that the finding had in an earlier run.
        """
        known = next((one for one in self._found if one.is_met_by(run)), None)
        finding = known or RunFinding(run, remembered or finding_id(run.violated_checks, run.program))
        if known is None:
            self._found.append(finding)
        if run.scenario not in finding.scenarios:
            finding.scenarios.append(run.scenario)
        return finding, known is None

    def known(self) -> tuple[KnownFailure, ...]:
        """Return what a lane has to know so that it does not shrink these defects again."""
        return tuple(KnownFailure(one.main_check, one.run.program) for one in self._found)
