"""A hold of one month does not affect another month."""

from lock_harness.analysis.view import View
from lock_harness.checks.refusals import refusal_findings
from lock_harness.checks.verdicts import Finding, verdict
from lock_harness.core.verdict import Verdict


def independent_months(view: View) -> Verdict:
    """No free month is refused while another is held, and no two months share one lock on the server."""
    why = "{month} was refused to actor {actor} although only {others}"
    return verdict("independent_months", [*refusal_findings(view, "other month", why), *_shared_locks(view)])


def _shared_locks(view: View) -> list[Finding]:
    found: list[Finding] = []
    if view.contract.evidence == "none":
        return found
    for audit in view.history.audits:
        for actor in {actor for actor, _ in audit.held}:
            months = [month for one, month in audit.held if one == actor]
            locks = {lock.key for lock in audit.locks if lock.actor == actor and lock.granted}
            # without any advisory lock, the lock under test is of another kind, which pg_locks does not show
            if 0 < len(locks) < len(months):
                names = " and ".join(str(month) for month in months)
                why = f"actor {actor} holds {names}, but the server shows {len(locks)} advisory lock for them"
                found.append(Finding("violated", why, ()))
    return found
