"""No two sessions hold one month at the same time."""

from harness.checks.verdicts import Finding, ms, verdict
from harness.checks.view import FOREVER, Span, View
from harness.model import Month, Verdict


def mutual_exclusion(view: View) -> Verdict:
    """Sweeps the holds in the order of time; of each month only the latest-ending one can still overlap."""
    latest: dict[Month, Span] = {}
    findings: list[Finding] = []
    for span in view.holds:
        other = latest.get(span.month)
        if other and span.from_ns < other.to_ns and span.owner != other.owner:
            findings.append(_overlap(other, span))
        if not other or span.to_ns > other.to_ns:
            latest[span.month] = span
    return verdict("mutual_exclusion", findings)


def _overlap(one: Span, two: Span) -> Finding:
    until = min(one.to_ns, two.to_ns)
    how_long = "until the end" if until == FOREVER else f"for {ms(until - two.from_ns)}"
    why = f"actors {one.owner[0]} and {two.owner[0]} both held {two.month} {how_long}"
    return Finding("violated", why, (one.first, two.first))
