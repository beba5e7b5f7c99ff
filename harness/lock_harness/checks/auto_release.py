"""The months that a session held are free soon after it ends: by SIGKILL, by close, or by any other fault."""

from collections.abc import Iterator

from lock_harness.analysis.view import View
from lock_harness.checks.refusals import refusal_findings
from lock_harness.checks.verdicts import STALLED, Finding, verdict
from lock_harness.core.verdict import Verdict


def auto_release(view: View) -> Verdict:
    """A month is granted if its last holder died or closed its session longer ago than the bound."""
    why = (
        "{month} was refused to actor {actor} although its holder, actor {before}, had ended ({how}) "
        f"more than {view.bounds.release_ms} ms before"
    )
    return verdict("auto_release", [*refusal_findings(view, "ended session", why), *_lingering(view)])


def _lingering(view: View) -> Iterator[Finding]:
    """Find the sessions that the server still had after the bound, and that held a month when they ended."""
    bound_ns = view.bounds.release_ms * 1_000_000
    for event in view.history.events:
        if event.kind == "lingers":
            kept = [s for s in view.holds if s.session == event.session and s.ending in ("death", "close")]
            stalled = view.delays.stalled(event.at_ns - bound_ns, event.at_ns, bound_ns)
            for span in kept[:1]:
                why = (
                    f"actor {event.actor} ended ({span.ending}) while it held {span.month}, and the server still had "
                    f"its session {view.bounds.release_ms} ms later{STALLED if stalled else ''}"
                )
                proof = (span.first, event.number)
                yield Finding("unknown" if stalled else "violated", why, proof, timed=True)
