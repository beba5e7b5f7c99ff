"""Who moves next: one algorithm to a file."""

from lock_harness.model import Schedule
from lock_harness.schedulers.gate import Gated
from lock_harness.schedulers.lockstep import Lockstep
from lock_harness.schedulers.race import Race
from lock_harness.schedulers.stage import Stage

SCHEDULERS: dict[Schedule, type[Stage]] = {"lockstep": Lockstep, "race": Race, "gate": Gated}
