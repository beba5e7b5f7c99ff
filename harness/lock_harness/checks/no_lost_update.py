"""What is done under the lock is done by one worker at a time: no two of them count on from the same number."""

from lock_harness.analysis.calls import Call
from lock_harness.analysis.view import View
from lock_harness.checks.verdicts import Finding, verdict
from lock_harness.core.program import Month
from lock_harness.core.verdict import Verdict


def no_lost_update(view: View) -> Verdict:
    """Each number is found once: whoever finds a number that was found before writes over an update.

    Nothing is known across a stray: a count of somebody whose session a fault had ended, who may not know it yet.
    """
    counts = [call for call in view.calls if call.verb == "count"]
    strays: dict[Month | None, list[Call]] = {}
    for call in counts:
        if view.session_had_ended(call):
            strays.setdefault(call.month, []).append(call)
    found: list[Finding] = []
    last: dict[tuple[Month | None, int], Call] = {}
    for call in sorted(counts, key=lambda one: one.until_ns):
        if call.counted is not None:
            before = last.get((call.month, call.counted))
            last[call.month, call.counted] = call
            if before and not _between(before, call, strays.get(call.month, [])):
                why = (
                    f"actors {before.session.actor} and {call.session.actor} both counted on from {call.counted} "
                    f"under {call.month}: one update is lost"
                )
                found.append(Finding("violated", why, (before.number, call.number)))
    return verdict("no_lost_update", found)


def _between(before: Call, after: Call, strays: list[Call]) -> bool:
    """Whether one of these, of which there are no more than faults and actors, may have set the number back."""
    return any(one.invoked_ns <= after.until_ns and before.invoked_ns <= one.until_ns for one in strays)
