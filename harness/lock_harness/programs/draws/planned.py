"""Draws of operations that have their times: they begin at a planned time after the common start of a race.

The actors share one clock, so an operation can be aimed at the moment when a call of another actor times out.  Actors
and months that are not planned at a time are used for other operations then, so many run at once.
"""

from collections.abc import Iterator
from typing import NamedTuple

from lock_harness.core.contract import Contract
from lock_harness.core.fault import Fault
from lock_harness.core.program import Month, Operation, Step
from lock_harness.programs.draws.digits import Digits

US_PER_MS = 1000

OFFSETS_US = tuple(sorted(range(-1000, 1001, 25), key=abs))
"""When the month becomes free, relative to the end of the waiter's timeout."""
DEADLINE_TIMEOUTS_MS = (5, 10, 20)
HOLDER_TIMEOUT_MS = 20
"""The month is free when the holder asks for it, unless the call of the waiter before is late."""
ENDINGS = ("release", "release", "release", "reopen", "crash")
"""How the month becomes free."""
LEAD_US = 3000
"""How long the month is held before the waiter asks for it."""
SETTLE_US = 6000
"""How long the actors and the month are left alone afterwards."""
MAX_LATE_MS = 50
"""How much longer at most if the contract lets the waiter be late."""
CRASH_US = 1000
"""How long before its effect a crash is injected: the server needs about this time to notice it."""

LONG_HOLDS_MS = (2500, 1500)
"""Longer than the bound for a release, and than most leases and idle timeouts that a lock may have by mistake."""
AFTER_HOLD_MS = 500
"""How much longer than a long hold the other actor waits."""


class _Pair(NamedTuple):
    """Two actors and the month that they want, which are all free from a time on."""

    holder: int
    waiter: int
    month: Month
    from_us: int


class TimePlanner:
    """Plans the operations of one race, each on actors and a month that are free at its time."""

    def __init__(self, actors: int, months: tuple[Month, ...], contract: Contract) -> None:
        self._contract = contract
        self._actors_free_us = dict.fromkeys(range(actors), 0)
        self._months_free_us = dict.fromkeys(months, 0)

    def plan(self, kind: str, digits: Digits, *, may_crash: bool) -> list[Step]:
        """Return the steps of one kind, on the actors and a month that are free first."""
        if kind == "deadline":
            return [*self._deadline(digits, may_crash=may_crash)]
        return [*self._long(digits, body=kind == "long_body")]

    def _deadline(self, digits: Digits, *, may_crash: bool) -> Iterator[Step]:
        """Free a month within a millisecond of the moment when the timeout of an actor that waits for it ends."""
        offset_us = digits.of(OFFSETS_US)
        timeout_ms = max(digits.of(DEADLINE_TIMEOUTS_MS), self._contract.min_timeout_ms)
        ending, pair = digits.of(ENDINGS), self._next_pair(digits)
        # a multiple of a millisecond, since faults have whole milliseconds
        freed_us = _next_ms(pair.from_us + LEAD_US + timeout_ms * US_PER_MS + max(0, offset_us))
        asked_us = freed_us - offset_us - timeout_ms * US_PER_MS
        yield Operation(pair.holder, "acquire", pair.month, HOLDER_TIMEOUT_MS, at_us=pair.from_us)
        yield Operation(pair.waiter, "acquire", pair.month, timeout_ms, at_us=asked_us)
        if ending == "crash" and may_crash:
            yield Fault(pair.holder, "kill", at_ms=(freed_us - CRASH_US) // US_PER_MS)
        elif ending == "reopen":
            yield Operation(pair.holder, "reopen", at_us=freed_us)
        else:
            yield Operation(pair.holder, "release", pair.month, at_us=freed_us)
        yield Operation(pair.waiter, "release", pair.month, at_us=freed_us + 2 * US_PER_MS)
        late_ms = min(self._contract.late_ms, MAX_LATE_MS)
        self._occupy(pair, freed_us + SETTLE_US + late_ms * US_PER_MS)

    def _long(self, digits: Digits, *, body: bool) -> Iterator[Step]:
        """Hold a month for longer than every bound and lease, with nothing to do, while another actor waits for it."""
        lease_ms = self._contract.lease_ms or 0
        hold_ms = digits.of(LONG_HOLDS_MS) + lease_ms * 3 // 2
        pair = self._next_pair(digits)
        freed_us = pair.from_us + hold_ms * US_PER_MS
        wait_ms = hold_ms + AFTER_HOLD_MS + self._contract.late_ms
        if body:
            pause_us = hold_ms * US_PER_MS
            yield Operation(pair.holder, "hold", pair.month, pause_us=pause_us, at_us=pair.from_us)
        else:
            yield Operation(pair.holder, "acquire", pair.month, at_us=pair.from_us)
        yield Operation(pair.waiter, "acquire", pair.month, wait_ms, at_us=pair.from_us + LEAD_US)
        if not body:
            yield Operation(pair.holder, "release", pair.month, at_us=freed_us)
        yield Operation(pair.waiter, "release", pair.month)
        self._occupy(pair, freed_us + (AFTER_HOLD_MS + self._contract.late_ms) * US_PER_MS)

    def _next_pair(self, digits: Digits) -> _Pair:
        """Return two of the actors and one of the months that are free first."""
        actors = sorted(self._actors_free_us, key=self._actors_free_us.__getitem__)
        months = sorted(self._months_free_us, key=self._months_free_us.__getitem__)
        holder = actors.pop(digits.below(min(2, len(actors))))
        waiter = actors.pop(digits.below(min(2, len(actors))))
        month = months[digits.below(min(2, len(months)))]
        free_us = (self._actors_free_us[holder], self._actors_free_us[waiter], self._months_free_us[month])
        return _Pair(holder=holder, waiter=waiter, month=month, from_us=max(free_us))

    def _occupy(self, pair: _Pair, until_us: int) -> None:
        self._actors_free_us |= {pair.holder: until_us, pair.waiter: until_us}
        self._months_free_us[pair.month] = until_us


def _next_ms(time_us: int) -> int:
    return -(-time_us // US_PER_MS) * US_PER_MS
