"""A month that nobody holds is granted; a release lets a waiter in."""

from harness.checks.refusals import findings
from harness.checks.verdicts import verdict
from harness.checks.view import View
from harness.model import Verdict


def grants_free_month(view: View) -> Verdict:
    why = "{month} was refused to actor {actor} although no other session can have held it"
    return verdict("grants_free_month", findings(view, "none", why))
