"""What the checks say, and the bounds by which they judge."""

from typing import Literal

import msgspec

Status = Literal["holds", "violated", "unknown"]


class Verdict(msgspec.Struct, frozen=True):
    """What one check says of one history, and the numbers of the events that prove it.

    `timed`: it leans on an upper bound on time, which a busy machine may break too.
    """

    check: str
    status: Status
    why: str = ""
    evidence: tuple[int, ...] = ()
    timed: bool = False


class Bounds(msgspec.Struct, frozen=True):
    """How late is too late.  Lower bounds on time need no allowance; these are the upper ones.

    release_ms   a dead or closed client's locks are free after this
    late_ms      an acquire returns at most this much after its timeout
    handover_ms  a waiting acquire gets a month that has been free for this long
    stall_ms     a late answer is `unknown` when the machine itself stalled for this long meanwhile
    """

    release_ms: int = 1000
    late_ms: int = 100
    handover_ms: int = 250
    stall_ms: int = 10
