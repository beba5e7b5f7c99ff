"""Experiments that show which contract a lock follows: fixed programs, and the conclusions from their histories.

The first experiments run with the contract of a lock that declares nothing, so that every answer and every exception is
recorded as it was.  The contract that they show is the one with which the later experiments run.
"""

from lock_harness.programs.experiments.answers import EVIDENCE, HOLD, HOLDER, LOSS, RELEASE
from lock_harness.programs.experiments.times import HANDOVER, LEASE, TIMEOUTS
from lock_harness.programs.experiments.trial import Experiment

EXPERIMENTS: tuple[Experiment, ...] = (TIMEOUTS, RELEASE, HANDOVER, HOLDER, EVIDENCE, HOLD, LOSS, LEASE)
