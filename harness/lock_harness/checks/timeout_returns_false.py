"""Not getting the month in time is an answer, False, and never an exception."""

from lock_harness.analysis.view import View
from lock_harness.checks.timeouts import asking
from lock_harness.checks.verdicts import Finding, verdict
from lock_harness.core.verdict import Verdict


def timeout_returns_false(view: View) -> Verdict:
    found: list[Finding] = [
        Finding("violated", f"the {call} raised instead of answering: {call.error}", (call.number,))
        for call in asking(view)
        if call.error and call.entered_ns is None and not call.raises and not view.may_fail(call)
    ]
    return verdict("timeout_returns_false", found)
