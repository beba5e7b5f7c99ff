"""Delays that the lock did not cause: by faults, by waiting at the gate, by stalls of the machine, by new processes."""

from bisect import bisect_right
from functools import cached_property
from itertools import islice, takewhile

from lock_harness.analysis.calls import FOREVER, Call
from lock_harness.core.history import History, SessionId
from lock_harness.core.verdict import Bounds

# a bound that is exceeded by this factor is missed by far
FAR = 5


class Delays:
    """The delays of one history that are not the lock's fault."""

    def __init__(self, history: History, bounds: Bounds) -> None:
        self._history = history
        self._bounds = bounds

    def slowed(self, call: Call) -> bool:
        """Whether the actor was stopped, its connection was slow, or it waited at the gate during `call`.

        At the gate an actor waits while others move.  The moves of a recorded race do not count: no actor waited.
        """
        spans = self._slow_spans.get(call.session.actor, ())
        slow = any(began < call.until_ns and call.invoked_ns < ended for began, ended in spans)
        return slow or (call.returned_ns is not None and self._waited_at_gate(call))

    @cached_property
    def _slow_spans(self) -> dict[int, list[tuple[int, int]]]:
        """When each actor was stopped or its connection was slow."""
        spans: dict[int, list[tuple[int, int]]] = {}
        for event in self._history.events:
            if event.fault == "late":
                # the fault delays the call that waits for an answer at that moment
                spans.setdefault(event.actor, []).append((event.at_ns, event.at_ns + 1))
            elif event.fault in ("pause", "slow"):
                began = spans.setdefault(event.actor, [])
                if event.kind == "fault":
                    began.append((event.at_ns, FOREVER))
                else:
                    began[-1] = (began[-1][0], event.at_ns)
        return spans

    def _waited_at_gate(self, call: Call) -> bool:
        moves = self._history.moves
        first = bisect_right(moves, call.invoked_ns, key=lambda move: move.at_ns)
        within = takewhile(lambda move: move.at_ns < call.until_ns, islice(moves, first, None))
        return any(move.enabled and move.actor != call.session.actor for move in within)

    def stalled(self, from_ns: int, to_ns: int, late_ns: int) -> bool:
        """Whether the machine stalled long enough between these times to explain a delay of `late_ns`."""
        total = 0
        stalls = self._history.stalls
        for place in range(bisect_right(self._stall_ends, from_ns), len(stalls)):
            began = stalls[place].at_ns - stalls[place].overslept_ns
            if began >= to_ns:
                break
            total += min(to_ns, stalls[place].at_ns) - max(from_ns, began)
        return total >= max(self._bounds.stall_ms * 1_000_000, late_ns // 20)

    def missed_by_far(self, call: Call, from_ns: int, to_ns: int, *, late_ns: int, bound_ns: int) -> bool:
        """Whether a bound was exceeded `FAR` times over, and the machine did not stall at all between these times.

        The first call of a new process is excepted: it may be slow.
        """
        place = bisect_right(self._stall_ends, from_ns)
        stalls = self._history.stalls
        stalled = place < len(stalls) and stalls[place].at_ns - stalls[place].overslept_ns < to_ns
        return late_ns >= FAR * bound_ns and not stalled and call.number not in self.first_calls

    @cached_property
    def first_calls(self) -> frozenset[int]:
        """The numbers of the calls that were the first to ask for a month in a new process."""
        return first_calls(self._history)

    @cached_property
    def _stall_ends(self) -> list[int]:
        return [stall.at_ns for stall in self._history.stalls]


def first_calls(history: History) -> frozenset[int]:
    """Return the numbers of the calls that were the first to ask for a month in a new process, which may be slow."""
    new = {age.session for age in history.sessions if age.new_process}
    first: dict[SessionId, int] = {}
    for event in history.events if new else ():
        if event.kind == "invoke" and event.verb in ("acquire", "hold") and event.session in new:
            first.setdefault(event.session, event.number)
    return frozenset(first.values())
