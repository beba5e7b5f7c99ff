"""The invariants: pure functions of a history, one in each module.  `judge` runs them all."""

from collections.abc import Callable

from lock_harness.analysis.view import View
from lock_harness.checks.auto_release import auto_release
from lock_harness.checks.errors_preserved import errors_preserved
from lock_harness.checks.grants_free_month import grants_free_month
from lock_harness.checks.honest_results import honest_results
from lock_harness.checks.independent_months import independent_months
from lock_harness.checks.keeps_contract import keeps_contract
from lock_harness.checks.keeps_running import keeps_running
from lock_harness.checks.linearizable import linearizable
from lock_harness.checks.mutual_exclusion import mutual_exclusion
from lock_harness.checks.no_lost_update import no_lost_update
from lock_harness.checks.nothing_left_behind import nothing_left_behind
from lock_harness.checks.session_unchanged import session_unchanged
from lock_harness.checks.timeout_not_early import timeout_not_early
from lock_harness.checks.timeout_not_late import timeout_not_late
from lock_harness.checks.timeout_returns_false import timeout_returns_false
from lock_harness.core.contract import DEFAULT, Contract
from lock_harness.core.history import History
from lock_harness.core.verdict import Bounds, Status, Verdict

# the checks whose violation says most come first
CHECKS: tuple[Callable[[View], Verdict], ...] = (
    keeps_running,
    mutual_exclusion,
    no_lost_update,
    auto_release,
    timeout_returns_false,
    timeout_not_early,
    timeout_not_late,
    honest_results,
    grants_free_month,
    independent_months,
    errors_preserved,
    keeps_contract,
    nothing_left_behind,
    session_unchanged,
    linearizable,
)


def judge(history: History, bounds: Bounds, contract: Contract = DEFAULT) -> tuple[Verdict, ...]:
    """Return the verdict of every check on one history, in the order of CHECKS."""
    view = View(history, bounds, contract)
    return tuple(check(view) for check in CHECKS)


def overall(verdicts: tuple[Verdict, ...]) -> Status:
    """Return "violated" if any verdict is, else "unknown" if any is, else "holds"."""
    statuses = {verdict.status for verdict in verdicts}
    return "violated" if "violated" in statuses else "unknown" if "unknown" in statuses else "holds"
