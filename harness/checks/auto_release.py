"""What a session held is free soon after it ends, by SIGKILL or by close."""

from harness.checks.refusals import findings
from harness.checks.verdicts import verdict
from harness.checks.view import View
from harness.model import Verdict


def auto_release(view: View) -> Verdict:
    """A month whose last holder died or closed more than the bound ago must be granted."""
    why = (
        "{month} was refused to actor {actor} although its holder, actor {before}, had ended ({how}) "
        f"more than {view.bounds.release_ms} ms before"
    )
    return verdict("auto_release", findings(view, "ended session", why))
