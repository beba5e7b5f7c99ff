"""A month that nobody holds is granted; a release lets a waiter in."""

from lock_harness.analysis.view import View
from lock_harness.checks.refusals import findings
from lock_harness.checks.verdicts import verdict
from lock_harness.core.verdict import Verdict


def grants_free_month(view: View) -> Verdict:
    why = "{month} was refused to actor {actor} although no other session can have held it"
    return verdict("grants_free_month", findings(view, "none", why))
