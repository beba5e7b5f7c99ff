"""No call gives up before its timeout.  This is a lower bound on time, which a busy machine cannot break."""

from lock_harness.analysis.view import View
from lock_harness.checks.refusals import refused_by_itself
from lock_harness.checks.timeouts import calls_with_timeout
from lock_harness.checks.verdicts import Finding, verdict
from lock_harness.core.clock import format_ms
from lock_harness.core.verdict import Verdict


def timeout_not_early(view: View) -> Verdict:
    """A call that answers False has waited for its timeout."""
    found: list[Finding] = []
    for call in calls_with_timeout(view):
        if call.answer is False and call.returned_ns is not None and not view.session_had_ended(call):
            took_ns = call.returned_ns - call.invoked_ns
            # a session that asks for its own month need not wait
            if took_ns < call.timeout_ms * 1_000_000 and not refused_by_itself(view, call):
                took = format_ms(took_ns)
                why = f"the {call} gave up after {took}, before its timeout of {call.timeout_ms} ms"
                found.append(Finding("violated", why, (call.number,)))
    return verdict("timeout_not_early", found)
