"""No two sessions hold one month at the same time."""

from collections.abc import Iterator

from lock_harness.analysis.calls import FOREVER
from lock_harness.analysis.holds import SessionEnd, Span
from lock_harness.analysis.view import View
from lock_harness.checks.verdicts import Finding, verdict
from lock_harness.core.clock import format_ms
from lock_harness.core.history import Audit
from lock_harness.core.program import Month
from lock_harness.core.verdict import Verdict


def mutual_exclusion(view: View) -> Verdict:
    """Sweeps the holds in the order of time; of each month only the latest-ending one can still overlap."""
    latest: dict[Month, Span] = {}
    findings: list[Finding] = []
    for span in view.holds:
        other = latest.get(span.month)
        if other and span.from_ns < other.to_ns and span.session != other.session:
            findings.append(_overlap(view, other, span))
        if not other or span.to_ns > other.to_ns:
            latest[span.month] = span
    return verdict("mutual_exclusion", findings)


def _overlap(view: View, one: Span, two: Span) -> Finding:
    until = min(one.to_ns, two.to_ns)
    how_long = "until the end" if until == FOREVER else f"for {format_ms(until - two.from_ns)}"
    why = f"actors {one.session.actor} and {two.session.actor} both held {two.month} {how_long}"
    after = list(_after_the_end(view, one, two))
    proof = [_said(span, cut) for span, cut in after] + [_shown(view, one, two)]
    reason = "; ".join(part for part in proof if part) or "no fault had ended either session"
    evidence = (one.first, two.first, *(cut.number for _, cut in after))
    return Finding("violated", f"{why}; {reason}", evidence)


def _after_the_end(view: View, *spans: Span) -> Iterator[tuple[Span, SessionEnd]]:
    """Those claimed although a fault had ended the session: by a client that believes on or connected anew."""
    for span in spans:
        cut = view.session_ends.get(span.session)
        if cut and cut.earliest_ns < span.from_ns:
            yield span, cut


def _said(span: Span, cut: SessionEnd) -> str:
    return f"actor {span.session.actor} said so {format_ms(span.from_ns - cut.healed_ns)} after its session was ended"


def _shown(view: View, one: Span, two: Span) -> str:
    """What the server itself showed of the two meanwhile; empty if that tells nothing."""
    for audit in view.history.audits:
        began_ns = audit.at_ns - audit.waited_ns
        if two.from_ns < began_ns and audit.at_ns < min(one.to_ns, two.to_ns):
            return _in_audit(audit, one.session.actor, two.session.actor, view.history.actors)
    return ""


def _in_audit(audit: Audit, one: int, two: int, actors: int) -> str:
    granted = [lock for lock in audit.locks if lock.granted]
    ours, theirs = ([lock for lock in granted if lock.actor == actor] for actor in (one, two))
    if any(a.key == b.key and a.pid != b.pid for a in ours for b in theirs):
        return "the server had granted one lock to both"
    if audit.sessions < actors or (ours and theirs):
        return ""
    lacking = f"actor {two if ours else one}" if ours or theirs else "either"
    return f"the server had no advisory lock for {lacking}"
