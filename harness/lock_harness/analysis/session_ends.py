"""How faults ended the sessions of processes that continued, in a history."""

from collections.abc import Iterable
from typing import NamedTuple

from lock_harness.analysis.calls import FOREVER
from lock_harness.core.contract import Contract
from lock_harness.core.fault import FAULTS, Point
from lock_harness.core.history import Event, SessionId


class SessionEnd(NamedTuple):
    """The end, by a fault, of all connections that a session has, at some time between `earliest_ns` and `latest_ns`.

    Its client may open others, and continue with them: at once, if it opens one while the fault is injected.

    The bound for auto-release begins at `healed_ns`, because a server that no packet reaches cannot notice the end.
    `point`: at the gate, where the fault hit the message.
    """

    earliest_ns: int
    healed_ns: int
    latest_ns: int
    number: int
    point: Point | None = None


def session_ends(events: Iterable[Event], contract: Contract) -> dict[SessionId, tuple[SessionEnd, ...]]:
    """Return the ends of each session, in the order of time; none overlaps the next.

    A lease may end, or be kept by another connection, at any time after a fault that keeps the client from renewing
    it.  So none of these faults has a known end for a lock with a lease.
    """
    if contract.lease_ms is not None:
        return _ends_of_leases(events)
    ends: dict[SessionId, list[SessionEnd]] = {}
    # the place of the end to which each fault belongs
    places: dict[tuple[SessionId, int], int] = {}
    for event in events:
        if event.kind == "gone":
            # its client may have closed the session after the last fault
            if some := ends.get(event.session):
                place = places.get((event.session, event.number), len(some) - 1)
                some[place] = some[place]._replace(latest_ns=min(event.at_ns, some[place].latest_ns))
        elif event.fault is not None and event.ends_only_session:
            some = ends.setdefault(event.session, [])
            place = places.setdefault((event.session, event.number), _place_of_new_fault(some))
            if place == len(some):
                some.append(_end(event))
            if event.kind == "heal" or not FAULTS[event.fault].lasting:
                some[place] = some[place]._replace(healed_ns=min(event.at_ns, some[place].healed_ns))
    return {session: tuple(some) for session, some in ends.items()}


def _place_of_new_fault(ends: list[SessionEnd]) -> int:
    """Return the place of the end that the next fault causes: the last one, unless the server has noticed that already."""
    return len(ends) - 1 if ends and ends[-1].latest_ns == FOREVER else len(ends)


def _ends_of_leases(events: Iterable[Event]) -> dict[SessionId, tuple[SessionEnd, ...]]:
    ends: dict[SessionId, tuple[SessionEnd, ...]] = {}
    for event in events:
        if event.kind == "fault" and (event.ends_only_session or event.fault in ("pause", "slow")):
            ends.setdefault(event.session, (_end(event)._replace(point=None),))
    return ends


def _end(fault: Event) -> SessionEnd:
    return SessionEnd(
        earliest_ns=fault.at_ns,
        healed_ns=FOREVER,
        latest_ns=FOREVER,
        number=fault.number,
        point=fault.point,
    )
