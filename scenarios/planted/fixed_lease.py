"""Planted: the lock is a row with a lease of one second, which no client renews while it works."""

from lock_harness.locks.loading import LockSpec
from lock_harness.programs import Draw, Scenario
from lock_harness.scenarios.planted.lease_expires import Lease


class FixedLease(Lease):
    time_to_live = "1 second"


SCENARIO = Scenario(
    Draw({"long": 1}, mode="race", actors=(2, 4), months=(2, 2), steps=(1, 2)),
    lock=LockSpec(f"{__name__}:FixedLease"),
    expects="mutual_exclusion",
)
