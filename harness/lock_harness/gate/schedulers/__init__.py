"""Schedulers decide which actor moves next at the gate: one policy per file, without I/O.

All start from the choices of the program.  To add a scheduler, write a class with `choose`, give it a spec in
`lock_harness.core.schedule`, and create it here.
"""

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
    """Return the scheduler of a program: its choices first, then its scheduler."""
    return ReplayScheduler(program.choices, then=_scheduler_after_choices(program))


def _scheduler_after_choices(program: Program) -> Scheduler:
    match program.scheduler:
        case Random():
            return RandomScheduler(program.scheduler.seed)
        case Pct():
            return PctScheduler(program.scheduler)
        case SleepSet():
            return SleepSetScheduler(program.scheduler)
        case Recorded():
            return RecordedScheduler(program.scheduler, len(program.steps))
        case None:
            return NonPreemptiveScheduler()
