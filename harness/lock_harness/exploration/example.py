"""One program that was run, with its history and its verdicts."""

import msgspec

from lock_harness.analysis.delays import first_calls
from lock_harness.checks import overall
from lock_harness.core.history import History
from lock_harness.core.program import Program
from lock_harness.core.verdict import Status, Verdict


class Example(msgspec.Struct, frozen=True):
    """A program, the history of its run, and the verdicts on that history."""

    program: Program
    history: History
    verdicts: tuple[Verdict, ...]

    @property
    def status(self) -> Status:
        """The overall verdict."""
        return overall(self.verdicts)

    @property
    def violated_checks(self) -> frozenset[str]:
        """The names of the checks that were violated."""
        return frozenset(verdict.check for verdict in self.verdicts if verdict.status == "violated")

    @property
    def main_check(self) -> str | None:
        """The first violated check in the order of the report, which says most about the lock; None if none is."""
        return next((verdict.check for verdict in self.verdicts if verdict.status == "violated"), None)

    @property
    def injected_steps(self) -> frozenset[int]:
        """The numbers of the steps whose faults took effect."""
        return frozenset(event.number for event in self.history.events if event.kind == "fault")

    def is_unknown_for(self, checks: frozenset[str]) -> bool:
        """Return whether one of these checks is unknown, and none is violated."""
        unknown = {verdict.check for verdict in self.verdicts if verdict.status == "unknown"}
        return not checks & self.violated_checks and not checks.isdisjoint(unknown)

    @property
    def may_have_leaked(self) -> bool:
        """Whether the lock may have left locks, tables or sessions behind.

        True after a violation, after a possible violation while the machine stalled, and if the final acquire of a month
        has no known result.
        """
        may_be_violated = any(
            v.status == "violated" or (v.status == "unknown" and v.timed) for v in self.verdicts
        )
        final = (event for event in self.history.events if event.number >= self.program.total_steps)
        return may_be_violated or any(event.kind == "info" and event.verb == "acquire" for event in final)

    @property
    def leaves_months_locked(self) -> bool:
        """Whether a call did not return, the server had locks at the end, or a month was refused after that."""
        history = self.history
        refused = any(
            event.verb == "acquire" and not event.answer and event.kind != "invoke"
            for event in history.events
            if event.number >= self.program.total_steps
        )
        locked = any(lock.granted for audit in history.audits[-1:] for lock in audit.locks)
        return refused or locked or history.gave_up_ns is not None

    @property
    def is_unknown_due_to_stall(self) -> bool:
        """Whether the result is unknown because the machine stalled, so that a retry may be conclusive."""
        return self.status == "unknown" and any(v.timed for v in self.verdicts if v.status == "unknown")

    @property
    def violates_only_time_bounds(self) -> bool:
        """Whether all violations are of upper bounds on time, which a busy machine can cause as well."""
        return self.status == "violated" and all(v.timed for v in self.verdicts if v.status == "violated")

    @property
    def depends_on_first_calls(self) -> bool:
        """Whether each violation is proved by the first call of a new process, among others."""
        first = first_calls(self.history)
        violated = [verdict for verdict in self.verdicts if verdict.status == "violated"]
        return bool(violated) and all(not first.isdisjoint(verdict.evidence) for verdict in violated)

    def confirmed(self, checks: frozenset[str], why_not: str = "once, and not when run again") -> "Example":
        """Return the example with its violations of other checks than `checks` as unknown: they did not occur again.

        `why_not` says how often they occurred.  A bound that was missed by far while the machine did not stall stays violated.
        """
        verdicts = (
            msgspec.structs.replace(v, status="unknown", why=f"{v.why}; {why_not}")
            if v.status == "violated" and not v.by_far and v.check not in checks
            else v
            for v in self.verdicts
        )
        return msgspec.structs.replace(self, verdicts=tuple(verdicts))
