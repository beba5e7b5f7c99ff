"""The sequential model: what a re-entrant session lock does when one thing happens at a time."""

from collections import Counter
from collections.abc import Iterable

from harness.model import Event, Month


def held_after(events: Iterable[Event]) -> tuple[tuple[int, Month], ...]:
    """Who holds what after these events, going by what the clients were told."""
    held: Counter[tuple[int, Month]] = Counter()
    for event in events:
        if event.month is not None and event.kind == "ok" and event.answer:
            held[event.actor, event.month] += {"acquire": 1, "release": -1}.get(event.verb or "", 0)
        elif event.kind in ("kill", "terminate") or (event.kind == "invoke" and event.verb == "reopen"):
            for actor, month in [pair for pair in held if pair[0] == event.actor]:
                del held[actor, month]
    return tuple(sorted(pair for pair, count in held.items() if count > 0))
