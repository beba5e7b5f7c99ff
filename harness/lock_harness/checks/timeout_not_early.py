"""Nobody gives up before the time that was asked for is over.  A lower bound: no load can break it."""

from lock_harness.analysis.view import View
from lock_harness.checks.timeouts import asking
from lock_harness.checks.verdicts import Finding, verdict
from lock_harness.core.clock import format_ms
from lock_harness.core.verdict import Verdict


def timeout_not_early(view: View) -> Verdict:
    found: list[Finding] = []
    for call in asking(view):
        if call.answer is False and call.returned_ns is not None and not view.session_had_ended(call):
            took = call.returned_ns - call.invoked_ns
            if took < call.timeout_ms * 1_000_000:
                why = (
                    f"the {call} gave up after {format_ms(took)}, before its timeout of {call.timeout_ms} ms"
                )
                found.append(Finding("violated", why, (call.number,)))
    return verdict("timeout_not_early", found)
