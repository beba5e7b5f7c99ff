"""Not getting the month in time is an answer, False, and never an exception."""

from harness.checks.timeouts import asking
from harness.checks.verdicts import Finding, verdict
from harness.checks.view import View
from harness.model import Verdict


def timeout_returns_false(view: View) -> Verdict:
    found: list[Finding] = [
        Finding("violated", f"the {call} raised instead of answering: {call.error}", (call.number,))
        for call in asking(view)
        if call.error and call.entered_ns is None and not call.raises and not view.may_fail(call)
    ]
    return verdict("timeout_returns_false", found)
