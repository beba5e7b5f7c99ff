"""Who moves next: one algorithm to a file."""

from harness.model import Schedule
from harness.schedulers.gate import Gated
from harness.schedulers.lockstep import Lockstep
from harness.schedulers.race import Race
from harness.schedulers.stage import Stage

SCHEDULERS: dict[Schedule, type[Stage]] = {"lockstep": Lockstep, "race": Race, "gate": Gated}
