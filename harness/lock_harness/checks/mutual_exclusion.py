"""No two sessions hold one month at the same time."""

from collections.abc import Iterator

from lock_harness.analysis.calls import FOREVER
from lock_harness.analysis.holds import Span
from lock_harness.analysis.session_ends import SessionEnd
from lock_harness.analysis.view import View
from lock_harness.checks.verdicts import STALLED, Finding, verdict
from lock_harness.core.clock import format_ms
from lock_harness.core.history import Audit
from lock_harness.core.program import Month
from lock_harness.core.verdict import Verdict


def mutual_exclusion(view: View) -> Verdict:
    """No two definite holds of one month overlap.

    The holds are compared in the order of time.  Of each month only the one that ends last can overlap later ones.
    """
    last_ending: dict[Month, Span] = {}
    found: list[Finding] = []
    for span in view.holds:
        other = last_ending.get(span.month)
        if other and span.from_ns < other.to_ns and span.session != other.session:
            found.append(_overlap(view, other, span))
        if not other or span.to_ns > other.to_ns:
            last_ending[span.month] = span
    return verdict("mutual_exclusion", found)


def _overlap(view: View, one: Span, two: Span) -> Finding:
    until_ns = min(one.to_ns, two.to_ns)
    how_long = "until the end" if until_ns == FOREVER else f"for {format_ms(until_ns - two.from_ns)}"
    why = f"actors {one.session.actor} and {two.session.actor} both held {two.month} {how_long}"
    claims = list(_claimed_after_end(view, one, two))
    reasons = [_late_claim(span, end) for span, end in claims] + [_server_view(view, one, two)]
    reason = "; ".join(text for text in reasons if text) or "no fault had ended either session"
    evidence = (one.first, two.first, *(end.number for _, end in claims))
    found = Finding("violated", f"{why}; {reason}", evidence)
    lease_ms = view.contract.lease_ms
    # a lease cannot have ended long before its time
    if lease_ms is None or two.from_ns - one.from_ns < lease_ms * 1_000_000 // 2:
        return found
    return _expired_lease(view, one, found, two.from_ns, lease_ms)


def _expired_lease(view: View, one: Span, found: Finding, until_ns: int, lease_ms: int) -> Finding:
    """Return what an overlap with the hold `one` means for a lease, which a client that is not run cannot renew."""
    if view.delays.stalled(one.from_ns, until_ns, lease_ms * 1_000_000):
        return found._replace(status="unknown", why=found.why + STALLED, timed=True)
    why = f"{found.why}; a client that runs must renew its lease of {lease_ms} ms"
    return found._replace(why=why, timed=True)


def _claimed_after_end(view: View, *spans: Span) -> Iterator[tuple[Span, SessionEnd]]:
    """Return the holds that began after a fault had ended the session.

    Their client did not notice the end, or connected again by itself.
    """
    for span in spans:
        ends = view.session_ends.get(span.session, ())
        if before := [end for end in ends if end.earliest_ns < span.from_ns]:
            yield span, before[-1]


def _late_claim(span: Span, end: SessionEnd) -> str:
    after = format_ms(span.from_ns - end.healed_ns)
    return f"actor {span.session.actor} claimed it {after} after its session was ended"


def _server_view(view: View, one: Span, two: Span) -> str:
    """Say which of the two the server had granted the month meanwhile; empty if no audit shows it."""
    for audit in view.history.audits:
        began_ns = audit.at_ns - audit.waited_ns
        if two.from_ns < began_ns and audit.at_ns < min(one.to_ns, two.to_ns):
            return _compare_locks(audit, one.session.actor, two.session.actor, view.history.actors)
    return ""


def _compare_locks(audit: Audit, one: int, two: int, actors: int) -> str:
    granted = [lock for lock in audit.locks if lock.granted]
    ours, theirs = ([lock for lock in granted if lock.actor == actor] for actor in (one, two))
    if any(a.key == b.key and a.pid != b.pid for a in ours for b in theirs):
        return "the server had granted one lock to both"
    if audit.sessions < actors or (ours and theirs):
        return ""
    lacking = f"actor {two if ours else one}" if ours or theirs else "either"
    return f"the server had no advisory lock for {lacking}"
