"""The equipment of an arena: the parts that a workload needs besides actors and a server."""

from collections.abc import Collection
from typing import NamedTuple

from lock_harness.core.fault import FAULTS, Fault, FaultKind, FaultTarget, fault_kinds
from lock_harness.core.program import Pooler, Settings
from lock_harness.programs.draw import FAULTS_BY_STEP_KIND, Draw
from lock_harness.programs.workload import AllPrograms, CrashPoints, EveryOrder, Workload


class Equipment(NamedTuple):
    """The parts that an arena must have besides actors and a server.

    Attributes:
        faults: The kinds of faults that it must be able to inject.
        pooler: The mode of a PgBouncer between the actors and the server.
        gate: Whether the actors' messages pass the gate.
        threads: How many actors at a time are threads of one process.
        settings: The settings that the database must have.
    """

    faults: frozenset[FaultKind] = frozenset()
    pooler: Pooler | None = None
    gate: bool = False
    threads: int = 1
    settings: Settings = ()

    def targets(self, target: FaultTarget) -> bool:
        """Return whether one of the faults has this target."""
        return any(FAULTS[kind].target == target for kind in self.faults)

    @property
    def gate_beside(self) -> "Equipment":
        """The equipment of an arena with a gate, for programs that failed in an arena with this equipment."""
        return Equipment(gate=True, settings=self.settings)

    @property
    def shared(self) -> "Equipment":
        """The equipment of an arena that workloads share: it can inject all faults that need the same parts as these."""
        targets = {FAULTS[kind].target for kind in self.faults} & {"server", "network", "clock"}
        return self._replace(faults=frozenset(fault_kinds(lambda one: one.target in targets)))


NO_EQUIPMENT = Equipment()


def equipment(what: Workload) -> Equipment:
    """Return the equipment that every program of a workload needs."""
    if isinstance(what, CrashPoints):
        faults = frozenset(fault_kinds(lambda one: one.crash))
        return Equipment(faults, gate=True, settings=what.program.settings)
    if isinstance(what, EveryOrder):
        return equipment(what.program)
    if isinstance(what, AllPrograms):
        return Equipment(_faults_of(what.kinds), gate=what.mode == "gate")
    if isinstance(what, Draw):
        settings = what.program_settings
        faults = _faults_of(what.weights)
    else:
        settings = what.settings
        faults = frozenset(step.kind for step in what.steps if isinstance(step, Fault))
    return Equipment(faults, what.pooler, gate=what.mode == "gate", threads=what.threads, settings=settings)


def _faults_of(kinds: Collection[str]) -> frozenset[FaultKind]:
    return frozenset(FAULTS_BY_STEP_KIND[kind] for kind in kinds if kind in FAULTS_BY_STEP_KIND)
