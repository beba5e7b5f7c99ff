"""How a check says what it found."""

from typing import NamedTuple

from lock_harness.core.verdict import Status, Verdict

STALLED = "; but the machine stalled meanwhile"


class Finding(NamedTuple):
    """`evidence`: numbers of the events that prove it.  `timed`: it leans on an upper bound on time."""

    status: Status
    why: str
    evidence: tuple[int, ...]
    timed: bool = False


def verdict(check: str, findings: list[Finding]) -> Verdict:
    """The first violation if there is one, better one that leans on no clock; else the first doubt; else holds."""
    for finding in sorted(findings, key=lambda one: (one.status != "violated", one.timed)):
        return Verdict(check, *finding)
    return Verdict(check, "holds")
