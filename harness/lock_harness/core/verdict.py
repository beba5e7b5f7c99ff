"""The result of a check, and the bounds on time that apply."""

from typing import Literal

import msgspec

Status = Literal["holds", "violated", "unknown", "not applicable"]

SEVERITY: tuple[Status, ...] = ("holds", "unknown", "violated")
"""The statuses of a run, the worst one last."""
"""The result of a check.  `not applicable`: the lock's contract leaves the check nothing to judge."""


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """The result of one check on one history.

    why       the reason, in one sentence; empty if the check holds
    evidence  the numbers of the events that prove it
    timed     it depends on an upper bound on time, which a busy machine may exceed as well
    by_far    it was exceeded several times over, while the machine did not stall at all
    """

    check: str
    status: Status
    why: str = ""
    evidence: tuple[int, ...] = ()
    timed: bool = False
    by_far: bool = False


class Bounds(msgspec.Struct, frozen=True):
    """The upper bounds on time.  Lower bounds need no tolerance.

    release_ms   the locks of a client that died or closed its session are free after this time
    late_ms      an acquire returns at most this long after its timeout
    handover_ms  a waiting acquire gets a month that has been free for this time
    stall_ms     a late answer is `unknown` if the machine stalled for this time meanwhile
    """

    release_ms: int = 1000
    late_ms: int = 100
    handover_ms: int = 250
    stall_ms: int = 10

    def with_release(self, release_ms: int | None) -> "Bounds":
        """Return these bounds with the user's bound for auto-release, if there is one."""
        return self if release_ms is None else msgspec.structs.replace(self, release_ms=release_ms)
