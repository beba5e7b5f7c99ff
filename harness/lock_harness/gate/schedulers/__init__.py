"""Who moves next at the gate: one algorithm to a file.  Pure: they see turns and name an actor."""

from lock_harness.core.program import Program
from lock_harness.core.schedule import Asleep, Pct, Random, Recorded
from lock_harness.gate.schedulers.asleep import Sleepers
from lock_harness.gate.schedulers.follow import Follow, GoOn
from lock_harness.gate.schedulers.pct import Priorities
from lock_harness.gate.schedulers.random import RandomWalk
from lock_harness.gate.schedulers.recorded import AsRecorded
from lock_harness.gate.schedulers.scheduler import Scheduler


def scheduler_of(program: Program) -> Scheduler:
    """What a program says: its choices first, then its algorithm."""
    then: Scheduler
    match program.scheduler:
        case Random():
            then = RandomWalk(program.scheduler.seed)
        case Pct():
            then = Priorities(program.scheduler)
        case Asleep():
            then = Sleepers(program.scheduler)
        case Recorded():
            then = AsRecorded(program.scheduler, len(program.steps))
        case _:
            then = GoOn()
    return Follow(program.choices, then)
