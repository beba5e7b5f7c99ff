"""Simulate whole examples, and return their histories."""

from random import Random

from lock_harness.core.history import Audit, History
from lock_harness.core.program import Month
from simulation.actor import SimulatedActor
from simulation.client import SimulatedClient
from simulation.clock import MS, US
from simulation.faults import KINDS, FaultInjector
from simulation.server import Defect
from simulation.workloads import FewOperations, Probe, RaceOperations
from simulation.world import Timing, World

FAULTY_ACTORS, FAULTY_MONTHS = 3, (Month(2090, 1), Month(2090, 2))
RACE_ACTORS, RACE_MONTHS = 64, tuple(Month(2090, number) for number in range(1, 13))
RACE_TIMING = Timing(think_ns=300 * US, work_ns=500 * US, poll_ns=3 * MS, notice_ns=5 * MS)
# how many of the operations a crash cuts short, if all others have a known outcome
RARE_CRASHES = 0.0002


def faulty_history(
    seed: int, faults: int, defect: Defect | None = None, *, reconnects: bool = False
) -> History:
    """Return the history of a few actors under so many faults, and of one probe of each month after that."""
    random = Random(seed)
    world = World(random, months=FAULTY_MONTHS, timing=Timing(), defect=defect)
    clients = [SimulatedClient(world, actor, reconnects=reconnects) for actor in range(FAULTY_ACTORS)]
    actors = [SimulatedActor(client, FewOperations(client)) for client in clients]
    injector = FaultInjector(world, actors)
    for actor in actors:
        actor.start()
    for _ in range(faults):
        world.clock.start(injector.inject_once(random.choice(KINDS)))
    world.clock.run()
    for client, month in zip(clients, FAULTY_MONTHS, strict=False):
        SimulatedActor(client, Probe(client, month)).start()
    world.clock.run()
    audit = Audit(
        at_ns=world.clock.now_ns,
        where="at the end",
        held=(),
        locks=(),
        sessions=FAULTY_ACTORS,
        waited_ns=0,
    )
    return History(FAULTY_ACTORS, FAULTY_MONTHS, tuple(world.log.events), (audit,))


def race_history(operations: int, indeterminate: float = 0.0, seed: int = 0) -> History:
    """Return the history of a race of so many operations, of which about the share `indeterminate` is.

    One in ten of those was cut short by a crash.  The others are errors, after which the client opens another session.
    """
    random = Random(seed)
    # a share of the calls without reopen, one of which follows each error
    failing = indeterminate / (1 - 0.9 * indeterminate)
    world = World(random, months=RACE_MONTHS, timing=RACE_TIMING, break_rate=failing * 0.9)
    clients = [SimulatedClient(world, actor) for actor in range(RACE_ACTORS)]
    actors = [SimulatedActor(client, RaceOperations(client, operations)) for client in clients]
    for actor in actors:
        actor.start()
    crashes = indeterminate / 10 or RARE_CRASHES
    world.clock.start(FaultInjector(world, actors).kill_repeatedly(crashes, operations))
    world.clock.run()
    return History(RACE_ACTORS, RACE_MONTHS, tuple(world.log.events))
