"""A free month is granted, and a release grants it to a waiting session."""

from lock_harness.analysis.view import View
from lock_harness.checks.refusals import refusal_findings
from lock_harness.checks.verdicts import verdict
from lock_harness.core.verdict import Verdict


def grants_free_month(view: View) -> Verdict:
    """No session is refused a month that no other session can have held."""
    why = "{month} was refused to actor {actor} although no other session can have held it"
    return verdict("grants_free_month", refusal_findings(view, "none", why))
