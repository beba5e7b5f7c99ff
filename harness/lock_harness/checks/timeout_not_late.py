"""Whoever asks for a limited time gets an answer soon after it.  An upper bound: it needs a witness."""

from lock_harness.analysis.view import View
from lock_harness.checks.timeouts import asking
from lock_harness.checks.verdicts import STALLED, Finding, verdict
from lock_harness.core.clock import format_ms
from lock_harness.core.verdict import Verdict


def timeout_not_late(view: View) -> Verdict:
    """Judges answers, and calls that were still out when the harness gave up on them."""
    found: list[Finding] = []
    gave_up_ns = view.history.gave_up_ns
    for call in asking(view):
        ended_ns = gave_up_ns if call.returned_ns is None else call.returned_ns
        if ended_ns is None or (call.returned_ns is None and call.session in view.kills):
            continue
        took, limit = ended_ns - call.invoked_ns, call.timeout_ms + view.bounds.late_ms
        late_ns = took - call.timeout_ms * 1_000_000
        if took <= limit * 1_000_000:
            continue
        if not view.delays.slowed(call) and not view.session_had_ended(call):
            what = "never answered" if call.returned_ns is None else f"answered after {format_ms(took)}"
            why = f"the {call} {what}, with a timeout of {call.timeout_ms} ms and {view.bounds.late_ms} ms of grace"
            blame = view.delays.stalled(call.invoked_ns, ended_ns, late_ns)
            why += STALLED if blame else ""
            found.append(Finding("unknown" if blame else "violated", why, (call.number,), timed=True))
    return verdict("timeout_not_late", found)
