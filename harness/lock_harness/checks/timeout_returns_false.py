"""A call that does not get the month in time returns False, and raises no exception."""

from lock_harness.analysis.view import View
from lock_harness.checks.timeouts import calls_with_timeout
from lock_harness.checks.verdicts import Finding, verdict
from lock_harness.core.verdict import Verdict


def timeout_returns_false(view: View) -> Verdict:
    """No acquire raises an exception, and no hold raises one before its body."""
    found: list[Finding] = [
        Finding(
            "violated", f"the {call} raised an exception instead of answering: {call.error}", (call.number,)
        )
        for call in calls_with_timeout(view)
        if call.error and call.entered_ns is None and not call.raises and not view.may_fail(call)
    ]
    return verdict("timeout_returns_false", found)
