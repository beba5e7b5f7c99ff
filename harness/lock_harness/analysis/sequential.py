"""The sequential model: the months that are held after events that did not overlap."""

from collections import Counter
from collections.abc import Sequence

from lock_harness.core.contract import DEFAULT, Contract
from lock_harness.core.history import Event, SessionId
from lock_harness.core.program import Month


def held_after(events: Sequence[Event], contract: Contract = DEFAULT) -> tuple[tuple[int, Month], ...]:
    """Return the (actor, month) pairs that are held after `events`, according to the answers to the clients.

    A session that has ended holds nothing, even if its last answers were logged after the fault.
    """
    times_held: Counter[tuple[SessionId, Month]] = Counter()
    for event in events:
        if event.month is not None and event.kind == "ok":
            key = event.session, event.month
            times_held[key] = _times_after(times_held[key], event, contract)
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


def _times_after(times: int, event: Event, contract: Contract) -> int:
    """Return how often a session holds the month of `event` after it, if it held the month `times` times before."""
    if event.verb == "acquire" and event.answer:
        return times + 1 if contract.counts_holds else 1
    # a release without an answer is one of a lock whose contract says so
    if event.verb == "release" and event.answer is not False:
        return times - 1 if event.answer else max(0, times - 1)
    if event.verb == "hold" and event.answer and contract.reentrant == "once":
        return 0
    return times
