"""How long the conductor waits for calls before it decides that one of them never returns."""

from collections.abc import Iterable

from lock_harness.actors.operations import RECONNECT_MS
from lock_harness.actors.pool import START_MS
from lock_harness.core.clock import now_ns
from lock_harness.core.fault import Fault
from lock_harness.core.program import Step
from lock_harness.locks.interface import Lock
from lock_harness.locks.loading import LockSpec

# added to the longest time of the steps: after that the conductor gives up
GRACE_MS = 3000
NS_PER_MS = 1_000_000


def opening_ms(lock: LockSpec | Lock) -> int:
    """Return how long an actor may take to open another session.  A lock command starts a new program for it."""
    return START_MS if isinstance(lock, LockSpec) and lock.command else RECONNECT_MS


def step_ms(step: Step, lock: LockSpec | Lock) -> int:
    """Return how long an actor may take for one step."""
    if isinstance(step, Fault):
        return 0
    return opening_ms(lock) if step.verb == "reopen" else step.timeout_ms


def deadline_ns(steps: Iterable[Step], lock: LockSpec | Lock, extra_ms: int = 0) -> int:
    """Return the time by which all of `steps` must have returned if they begin now, one after the other."""
    return now_ns() + (sum(step_ms(step, lock) for step in steps) + GRACE_MS + extra_ms) * NS_PER_MS
