"""Histories written by hand, by the check that judges them: some that it must accept, some that it must refuse."""

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
from lock_harness.core.verdict import Verdict
from tests.cases import contracts
from tests.cases.answers import ERRORS_PRESERVED, HONEST_RESULTS
from tests.cases.exclusion import MUTUAL_EXCLUSION, NO_LOST_UPDATE
from tests.cases.free_months import GRANTS_FREE_MONTH, INDEPENDENT_MONTHS
from tests.cases.linearizability import LINEARIZABLE
from tests.cases.session_ends import AUTO_RELEASE, KEEPS_RUNNING, NOTHING_LEFT_BEHIND
from tests.cases.sessions import SESSION_UNCHANGED
from tests.cases.timeouts import TIMEOUT_NOT_EARLY, TIMEOUT_NOT_LATE, TIMEOUT_RETURNS_FALSE
from tests.histories import Case, ContractCase

Check = Callable[[View], Verdict]

CASES: dict[Check, list[Case]] = {
    keeps_running: KEEPS_RUNNING,
    mutual_exclusion: MUTUAL_EXCLUSION,
    no_lost_update: NO_LOST_UPDATE,
    linearizable: LINEARIZABLE,
    auto_release: AUTO_RELEASE,
    nothing_left_behind: NOTHING_LEFT_BEHIND,
    session_unchanged: SESSION_UNCHANGED,
    timeout_returns_false: TIMEOUT_RETURNS_FALSE,
    timeout_not_early: TIMEOUT_NOT_EARLY,
    timeout_not_late: TIMEOUT_NOT_LATE,
    honest_results: HONEST_RESULTS,
    errors_preserved: ERRORS_PRESERVED,
    grants_free_month: GRANTS_FREE_MONTH,
    independent_months: INDEPENDENT_MONTHS,
}

CONTRACT_CASES: dict[Check, list[ContractCase]] = {
    mutual_exclusion: contracts.MUTUAL_EXCLUSION,
    linearizable: contracts.LINEARIZABLE,
    auto_release: contracts.AUTO_RELEASE,
    nothing_left_behind: contracts.NOTHING_LEFT_BEHIND,
    timeout_returns_false: contracts.TIMEOUT_RETURNS_FALSE,
    timeout_not_early: contracts.TIMEOUT_NOT_EARLY,
    timeout_not_late: contracts.TIMEOUT_NOT_LATE,
    honest_results: contracts.HONEST_RESULTS,
    errors_preserved: contracts.ERRORS_PRESERVED,
    grants_free_month: contracts.GRANTS_FREE_MONTH,
    independent_months: contracts.INDEPENDENT_MONTHS,
    keeps_contract: contracts.KEEPS_CONTRACT,
}
