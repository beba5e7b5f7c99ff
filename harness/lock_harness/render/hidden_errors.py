"""Errors that a lock got from the server, or from a fault, and did not raise: it took them for another answer."""

from collections.abc import Iterator, Sequence
from itertools import islice

from lock_harness.analysis.calls import Call, calls_of
from lock_harness.core.fault import FAULTS
from lock_harness.core.history import Event, Move
from lock_harness.core.run import Run

# the most calls that are named: with more of them the cause is clear
MAX_CALLS = 3


def describe_hidden_errors(run: Run) -> Iterator[str]:
    """Yield a sentence for each call, up to the last evidence of a violation, that hid an error."""
    if run.status == "violated":
        yield from islice(_hidden_errors(run), MAX_CALLS)


def _hidden_errors(run: Run) -> Iterator[str]:
    history = run.history
    evidence = {number for v in run.verdicts if v.status == "violated" for number in v.evidence}
    times_ns = [event.at_ns for event in history.events if not evidence or event.number in evidence]
    until_ns = max(times_ns, default=0)
    failed = [move for move in history.moves if move.error]
    faults = [event for event in history.events if event.kind == "fault"]
    for call in calls_of(history.events) if failed or faults else ():
        if call.invoked_ns <= until_ns and (how := hidden_error(call, failed, faults)):
            yield f"The {call} answered {call.answer} {how}."


def hidden_error(call: Call, failed: Sequence[Move], faults: Sequence[Event]) -> str | None:
    """Return the error that `call` got and did not raise, in words; None if there was none.

    An acquire that was granted in the end hides nothing.  Without a gate nothing but a fault that hit the call is known.

    Args:
        call: A call.
        failed: The moves at the gate to which the server replied with an error.
        faults: The faults of the history.
    """
    is_granted = call.verb == "acquire" and bool(call.answer)
    if call.returned_ns is None or call.error or is_granted or call.verb in ("reopen", "join", "spawn"):
        return None
    for move in failed:
        if move.actor == call.session.actor and call.invoked_ns <= move.at_ns <= call.until_ns:
            return f"although the server had reported an error to it: {move.error}"
    for event in faults:
        if event.fault and event.session == call.session and _explains(event, call):
            return f"although a fault had hit it: {FAULTS[event.fault].phrase}"
    return None


def _explains(event: Event, call: Call) -> bool:
    """Return whether a fault causes an error of `call`, as far as the history shows."""
    if event.fault == "cancel":
        return call.invoked_ns <= event.at_ns <= call.until_ns
    return event.ends_only_session and event.at_ns <= call.until_ns and not call.answer
