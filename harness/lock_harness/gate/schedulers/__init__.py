"""Who moves next at the gate: one algorithm to a file.  Pure: they see turns and name an actor."""

from lock_harness.core.program import Program
from lock_harness.core.schedule import Pct, Random, Recorded, SleepSet
from lock_harness.gate.schedulers.non_preemptive import NonPreemptiveScheduler
from lock_harness.gate.schedulers.pct import PctScheduler
from lock_harness.gate.schedulers.random import RandomScheduler
from lock_harness.gate.schedulers.recorded import RecordedScheduler
from lock_harness.gate.schedulers.replay import ReplayScheduler
from lock_harness.gate.schedulers.scheduler import Scheduler
from lock_harness.gate.schedulers.sleep_sets import SleepSetScheduler


def scheduler_for(program: Program) -> Scheduler:
    """What a program says: its choices first, then its algorithm."""
    then: Scheduler
    match program.scheduler:
        case Random():
            then = RandomScheduler(program.scheduler.seed)
        case Pct():
            then = PctScheduler(program.scheduler)
        case SleepSet():
            then = SleepSetScheduler(program.scheduler)
        case Recorded():
            then = RecordedScheduler(program.scheduler, len(program.steps))
        case _:
            then = NonPreemptiveScheduler()
    return ReplayScheduler(program.choices, then)
