"""An exception that the body of `with_month_lock` raises reaches the caller unchanged."""

from lock_harness.analysis.view import View
from lock_harness.checks.verdicts import Finding, verdict
from lock_harness.core.verdict import Verdict


def errors_preserved(view: View) -> Verdict:
    """A hold raises the exception of its body, and no other."""
    found: list[Finding] = []
    for call in view.calls:
        if call.verb != "hold" or call.returned_ns is None or view.may_fail(call):
            continue
        if call.raises and call.answer and not call.own_error:
            found.append(Finding("violated", f"the {call} swallowed its body's exception", (call.number,)))
        elif call.error and (call.raises or call.entered_ns is not None):
            why = f"the {call} raised an exception that its body did not raise: {call.error}"
            found.append(Finding("violated", why, (call.number,)))
    return verdict("errors_preserved", found)
