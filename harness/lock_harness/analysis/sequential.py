"""The sequential model: what a re-entrant session lock does when one thing happens at a time."""

from collections import Counter
from collections.abc import Sequence

from lock_harness.core.history import Event, SessionId
from lock_harness.core.program import Month


def held_after(events: Sequence[Event]) -> tuple[tuple[int, Month], ...]:
    """Who holds what after these events, going by what the clients were told.

    A session that has ended holds nothing, whatever it was told just before or after the fault was noted.
    """
    held: Counter[tuple[SessionId, Month]] = Counter()
    for event in events:
        if event.month is not None and event.kind == "ok" and event.answer:
            held[event.session, event.month] += {"acquire": 1, "release": -1}.get(event.verb or "", 0)
    ended = {
        event.session
        for event in events
        if event.ends_session or (event.kind == "invoke" and event.verb == "reopen")
    }
    held_by = {
        (session.actor, month)
        for (session, month), times in held.items()
        if times > 0 and session not in ended
    }
    return tuple(sorted(held_by))
