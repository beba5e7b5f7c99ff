"""The sequential model: what a re-entrant session lock does when one thing happens at a time."""

from collections import Counter
from collections.abc import Sequence

from lock_harness.core.history import Event
from lock_harness.core.program import Month


def held_after(events: Sequence[Event]) -> tuple[tuple[int, Month], ...]:
    """Who holds what after these events, going by what the clients were told.

    A session that has ended holds nothing, whatever it was told just before or after the fault was noted.
    """
    held: Counter[tuple[int, int, Month]] = Counter()
    for event in events:
        if event.month is not None and event.kind == "ok" and event.answer:
            who = event.actor, event.incarnation, event.month
            held[who] += {"acquire": 1, "release": -1}.get(event.verb or "", 0)
    ended = {
        (event.actor, event.incarnation)
        for event in events
        if event.ends_session or (event.kind == "invoke" and event.verb == "reopen")
    }
    return tuple(
        sorted(
            {
                (a, month)
                for (a, incarnation, month), n in held.items()
                if n > 0 and (a, incarnation) not in ended
            }
        )
    )
