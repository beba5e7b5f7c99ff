"""A call returns soon after its timeout.  This is an upper bound on time, so stalls of the machine are considered."""

from lock_harness.analysis.calls import Call
from lock_harness.analysis.view import View
from lock_harness.checks.timeouts import calls_with_timeout
from lock_harness.checks.verdicts import FIRST_CALL, STALLED, Finding, verdict
from lock_harness.core.clock import format_ms
from lock_harness.core.verdict import Verdict


def timeout_not_late(view: View) -> Verdict:
    """A call returns within its timeout and a grace period, without the time that the body of a hold takes.

    A call that had not returned when the harness gave up on it is judged by that time.  A call that returned is not judged
    if it was the first one of the process that replaced a killed one.
    """
    found: list[Finding] = []
    for call in calls_with_timeout(view):
        ended_ns = view.history.gave_up_ns if call.returned_ns is None else call.returned_ns
        if ended_ns is None or (call.returned_ns is None and call.session in view.kills):
            continue
        limit_ns = (call.timeout_ms + view.bounds.late_ms) * 1_000_000
        if _waited_ns(call, ended_ns) <= limit_ns or _is_first_of_replacement(view, call):
            continue
        if not view.delays.slowed(call) and not view.session_had_ended(call):
            found.append(_late(view, call, ended_ns))
    return verdict("timeout_not_late", found)


def _is_first_of_replacement(view: View, call: Call) -> bool:
    """Return whether `call` returned and was the first one of the process that took the place of a killed one.

    A first call may be slow, and this one cannot be judged after an earlier one: the next process is new as well.
    """
    is_first = call.number in view.delays.first_calls
    return is_first and call.session.incarnation > 0 and call.returned_ns is not None


def _waited_ns(call: Call, ended_ns: int) -> int:
    """Return how long the call took up to `ended_ns`, without its body."""
    if call.entered_ns is None:
        return ended_ns - call.invoked_ns
    left_ns = ended_ns if call.left_ns is None else call.left_ns
    return ended_ns - left_ns + call.entered_ns - call.invoked_ns


def _late(view: View, call: Call, ended_ns: int) -> Finding:
    took_ns = _waited_ns(call, ended_ns)
    outcome = "never answered" if call.returned_ns is None else f"answered after {format_ms(took_ns)}"
    late_ns = took_ns - call.timeout_ms * 1_000_000
    stalled = view.delays.stalled(call.invoked_ns, ended_ns, late_ns)
    by_far = view.delays.missed_by_far(
        call, call.invoked_ns, ended_ns, late_ns=late_ns, bound_ns=view.bounds.late_ms * 1_000_000
    )
    why = (
        f"the {call} {outcome}, with a timeout of {call.timeout_ms} ms "
        f"and a grace period of {view.bounds.late_ms} ms"
        f"{FIRST_CALL if call.number in view.delays.first_calls else ''}{STALLED if stalled else ''}"
    )
    return Finding("unknown" if stalled else "violated", why, (call.number,), timed=True, by_far=by_far)
