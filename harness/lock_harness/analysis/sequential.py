"""The sequential model: the months that are held after events that did not overlap."""

from collections import Counter
from collections.abc import Sequence

from lock_harness.core.contract import DEFAULT, Contract
from lock_harness.core.history import Event, SessionId
from lock_harness.core.program import Month


def held_after(events: Sequence[Event], contract: Contract = DEFAULT) -> tuple[tuple[int, Month], ...]:
    """Return the (actor, month) pairs that may be held after `events`, according to the answers to the clients.

    A session that a fault ended holds what its client was granted after the fault, perhaps on another connection.  A
    session that was closed or whose process ended holds nothing, even if its last answers were logged later.
    """
    times_held: Counter[tuple[SessionId, Month]] = Counter()
    ended: set[SessionId] = set()
    for event in events:
        session = event.session
        if event.ends_only_session:
            times_held = Counter({key: times for key, times in times_held.items() if key[0] != session})
        elif event.ends_session or (event.kind == "invoke" and event.verb == "reopen"):
            ended.add(session)
        elif event.month is not None and event.kind == "ok":
            key = session, event.month
            times_held[key] = _times_after(times_held[key], event, contract)
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
