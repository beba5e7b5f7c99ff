"""The command `lock-harness contract`."""

from tests.frontends.command import Shell

SILENT = """
from lock_harness.locks.month_lock import MonthLock

class Silent(MonthLock):
    def release(self, year, month):
        super().release(year, month)

class Refuses(MonthLock):
    def acquire(self, year, month, timeout_ms):
        return False
"""
# these fields are not examined, to save time
GIVEN = ("--contract", "late_ms=0", "--contract", "on_timeout=false", "--contract", "min_timeout_ms=0")
MORE = (
    "--contract",
    "reentrant=counted",
    "--contract",
    "lease_ms=700",
    "--contract",
    "hold_timeout=true",
    "--contract",
    "reports_loss=true",
)


def test_the_declaration_is_printed_in_each_form(sh: Shell) -> None:
    (sh.cwd / "silent.py").write_text(SILENT)
    outcome = sh.run("contract", "--lock", "silent:Silent", *GIVEN, *MORE)
    assert outcome.code == 0, outcome.err
    assert "release        silent" in outcome.out
    assert "lease_ms       700           given by --contract" in outcome.out
    assert 'contract = Contract(release="silent", reports_loss=True, lease_ms=700)' in outcome.out
    assert '"contract":{"release":"silent","reports_loss":true,"lease_ms":700}' in outcome.out
    assert "--contract release=silent --contract reports_loss=true --contract lease_ms=700" in outcome.out


def test_a_lock_that_grants_nothing_cannot_be_examined(sh: Shell) -> None:
    (sh.cwd / "silent.py").write_text(SILENT)
    outcome = sh.run("contract", "--lock", "silent:Refuses")
    assert outcome.code == 2
    assert outcome.error_line.endswith(
        "the lock cannot be examined: an acquire of a free month answered False"
    )
