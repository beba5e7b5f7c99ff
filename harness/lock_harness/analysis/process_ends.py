"""How processes ended in a history: by a fault, or by themselves."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lock_harness.analysis.calls import Call
from lock_harness.core.fault import FAULTS
from lock_harness.core.history import Event, SessionId


class ProcessEnd(NamedTuple):
    """The end of a process, and of its session with it: between `earliest_ns` and `at_ns`.

    A process that ended by itself is found later than it ended.  `number` is that of the fault, or of the last operation.
    """

    earliest_ns: int
    at_ns: int
    number: int


def process_ends(events: Iterable[Event], calls: Sequence[Call]) -> dict[SessionId, ProcessEnd]:
    """Return the ends of processes, by the session that each had."""
    ends: dict[SessionId, ProcessEnd] = {}
    alive_ns: dict[SessionId, int] | None = None
    for event in events:
        if event.kind == "died":
            if alive_ns is None:
                alive_ns = _last_signs_of_life(calls)
            ends[event.session] = ProcessEnd(alive_ns.get(event.session, 0), event.at_ns, event.number)
        elif event.fault and FAULTS[event.fault].ends_process:
            ends[event.session] = ProcessEnd(event.at_ns, event.at_ns, event.number)
    return ends


def _last_signs_of_life(calls: Sequence[Call]) -> dict[SessionId, int]:
    """Return when each session last returned from a call, or began or ended the body of one."""
    last: dict[SessionId, int] = {}
    for call in calls:
        times = (call.returned_ns or 0, call.entered_ns or 0, call.left_ns or 0)
        last[call.session] = max(last.get(call.session, 0), *times)
    return last
