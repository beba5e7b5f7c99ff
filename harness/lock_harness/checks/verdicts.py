"""From the findings of a check to its verdict."""

from typing import NamedTuple

from lock_harness.core.verdict import Status, Verdict

# ends the message of a finding that is only "unknown" for this reason
STALLED = "; but the machine stalled meanwhile"

# added to the message about a slow call
FIRST_CALL = "; it was the first call of a new process"


class Finding(NamedTuple):
    """One violation that a check found, or one that it cannot decide.  The fields are those of `Verdict`."""

    status: Status
    why: str
    evidence: tuple[int, ...]
    timed: bool = False
    by_far: bool = False


def verdict(check: str, findings: list[Finding]) -> Verdict:
    """Return the first violation, preferably one that a stall cannot explain; else the first unknown; else "holds"."""
    for finding in sorted(findings, key=lambda one: (one.status != "violated", one.timed, not one.by_far)):
        return Verdict(check, *finding)
    return Verdict(check, "holds")
