"""The sequential model: the months that are held after events that did not overlap."""

from collections import Counter
from collections.abc import Sequence

from lock_harness.core.history import Event, SessionId
from lock_harness.core.program import Month


def held_after(events: Sequence[Event]) -> tuple[tuple[int, Month], ...]:
    """Return the (actor, month) pairs that are held after `events`, according to the answers to the clients.

    A session that has ended holds nothing, even if its last answers were logged after the fault.
    """
    times_held: Counter[tuple[SessionId, Month]] = Counter()
    for event in events:
        if event.month is not None and event.kind == "ok" and event.answer:
            times_held[event.session, event.month] += {"acquire": 1, "release": -1}.get(event.verb or "", 0)
    ended = {
        event.session
        for event in events
        if event.ends_session or (event.kind == "invoke" and event.verb == "reopen")
    }
    held = {
        (session.actor, month)
        for (session, month), times in times_held.items()
        if times > 0 and session not in ended
    }
    return tuple(sorted(held))
