"""The interface of the searches, and their result."""

from dataclasses import dataclass
from typing import Protocol

from lock_harness.core.run import Coverage, Figures
from lock_harness.core.verdict import Status
from lock_harness.exploration.example import Example


@dataclass(frozen=True)
class SearchResult:
    """The result of a search.

    violation        the first example that violates the expected check; without an expected check, any check
    unknown          the first example whose result is unknown
    other_violation  the first example that violates only checks other than the expected one
    last             the last example that was run
    """

    violation: Example | None
    unknown: Example | None
    other_violation: Example | None
    last: Example | None
    coverage: Coverage
    figures: Figures

    @property
    def status(self) -> Status:
        """The overall verdict on the lock."""
        if self.violation:
            return "violated"
        return "unknown" if self.unknown or self.coverage.has_gaps else "holds"

    @property
    def example(self) -> Example | None:
        """The example that says most about the lock; None before the first one was run."""
        return self.violation or self.unknown or self.other_violation or self.last


class Search(Protocol):
    """Runs the examples of one scenario."""

    def run(self) -> None:
        """Run examples until a violation is found or nothing is left to run."""

    def result(self) -> SearchResult:
        """Return the result so far; also after `run` was interrupted."""
