"""Under the lock, one actor at a time updates a number: no two of them add one to the same value."""

from lock_harness.analysis.calls import Call
from lock_harness.analysis.view import View
from lock_harness.checks.verdicts import Finding, verdict
from lock_harness.core.program import Month
from lock_harness.core.verdict import Verdict


def no_lost_update(view: View) -> Verdict:
    """Each value is found once: an actor that finds a value again overwrites an update.

    Two counts are not compared if a count after session loss ran between them.  Its client may not know yet that its
    session was ended, and may set the number back.
    """
    counts = [call for call in view.calls if call.verb == "count"]
    after_session_loss: dict[Month | None, list[Call]] = {}
    for call in counts:
        if view.session_had_ended(call):
            after_session_loss.setdefault(call.month, []).append(call)
    found: list[Finding] = []
    last: dict[tuple[Month | None, int], Call] = {}
    for call in sorted(counts, key=lambda one: one.until_ns):
        if call.counted is not None:
            before = last.get((call.month, call.counted))
            last[call.month, call.counted] = call
            if before and not _any_between(before, call, after_session_loss.get(call.month, [])):
                why = (
                    f"actors {before.session.actor} and {call.session.actor} both found the count {call.counted} "
                    f"under {call.month} and added one to it: one update is lost"
                )
                found.append(Finding("violated", why, (before.number, call.number)))
    return verdict("no_lost_update", found)


def _any_between(before: Call, after: Call, calls: list[Call]) -> bool:
    """Whether one of `calls` may have written between the two.  There are few: at most one for each fault and actor."""
    return any(one.invoked_ns <= after.until_ns and before.invoked_ns <= one.until_ns for one in calls)
