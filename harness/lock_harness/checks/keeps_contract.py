"""The lock does what its contract declares, where no other check would notice that it does not."""

from collections.abc import Iterator

from lock_harness.analysis.calls import Call
from lock_harness.analysis.session_ends import SessionEnd
from lock_harness.analysis.view import View
from lock_harness.checks.refusals import refused_by_itself
from lock_harness.checks.verdicts import Finding, verdict
from lock_harness.core.contract import NO_ERROR
from lock_harness.core.verdict import Verdict


def keeps_contract(view: View) -> Verdict:
    """Second acquires, timeouts and lost months have the outcome that the contract declares."""
    found = [*_second_acquires(view), *_silent_timeouts(view), *_unreported_losses(view)]
    return verdict("keeps_contract", found)


def _second_acquires(view: View) -> Iterator[Finding]:
    """Find the acquires by a holder that have another outcome than a refusal."""
    reentrant = view.contract.reentrant
    if not view.contract.refuses_holder:
        return
    for call in view.calls:
        if call.verb in ("acquire", "hold") and view.counts.get(call.number):
            declared = f"although that session held it, and the contract declares reentrant={reentrant}"
            if call.answer:
                yield Finding("violated", f"the {call} succeeded {declared}", (call.number,))
            elif call.answer is False and reentrant == "raises" and call.refused_by is None:
                yield Finding("violated", f"the {call} answered False {declared}", (call.number,))


def _silent_timeouts(view: View) -> Iterator[Finding]:
    """Find the acquires that answer False although the contract declares an exception."""
    on_timeout = view.contract.on_timeout
    if on_timeout == NO_ERROR:
        return
    for call in view.calls:
        answers_false = call.verb == "acquire" and call.answer is False and call.refused_by is None
        if answers_false and not refused_by_itself(view, call):
            why = f"the {call} answered False, but the contract declares that a timeout raises {on_timeout}"
            yield Finding("violated", why, (call.number,))


def _unreported_losses(view: View) -> Iterator[Finding]:
    """Find the holds that return as if nothing had happened although their session had ended before."""
    if not view.contract.reports_loss:
        return
    for call in view.calls:
        succeeded = call.verb == "hold" and call.answer and not call.own_error
        ends = view.session_ends.get(call.session, ()) if succeeded else ()
        if end := next((end for end in ends if _was_lost(view, call, end)), None):
            why = (
                f"the {call} returned without an exception, but its session had ended before the month was released: "
                "the contract declares reports_loss"
            )
            yield Finding("violated", why, (call.number, end.number))


def _was_lost(view: View, call: Call, end: SessionEnd) -> bool:
    """Whether its session certainly ended during the body of a hold, or at least before the release was sent."""
    if call.entered_ns is None or call.left_ns is None or call.returned_ns is None:
        return False
    if not call.entered_ns < end.earliest_ns < call.returned_ns:
        return False
    if end.latest_ns < call.left_ns:
        return True
    # at the gate the fault may have stopped the first message after the body, so that no release was sent
    moves = (move for move in view.history.moves if move.actor == call.session.actor and move.text)
    sent = sum(call.left_ns < move.at_ns <= end.earliest_ns for move in moves)
    return end.point == "before" and call.left_ns < end.earliest_ns and sent <= 1
