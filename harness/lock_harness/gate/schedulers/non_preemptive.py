"""The scheduler without context switches: the actor that moved last moves again for as long as it can."""

from lock_harness.gate.schedulers.scheduler import Decision


class NonPreemptiveScheduler:
    """Choose the first enabled actor, which is the one that moved last if it is ready."""

    def choose(self, decision: Decision) -> int:
        return decision.enabled[0]
