"""Who moves next: one algorithm to a file."""

from lock_harness.core.program import Mode
from lock_harness.execution.modes.gate import Gated
from lock_harness.execution.modes.lockstep import Lockstep
from lock_harness.execution.modes.race import Race
from lock_harness.execution.stage import Stage

MODES: dict[Mode, type[Stage]] = {"lockstep": Lockstep, "race": Race, "gate": Gated}
