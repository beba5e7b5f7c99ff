"""A race that went wrong is run once more and recorded; if it goes wrong at the gate in that order, it is shrunk there."""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from lock_harness.core.errors import HarnessError
from lock_harness.core.program import Program
from lock_harness.exploration.executor import Example, Executor, OpenArena
from lock_harness.gate.schedulers.replay import divergence
from lock_harness.programs.race_to_gate import earliest_evidence, gate_program, recordable

RECORDINGS = 10
RECORD_S = 3.0
MOST_NUMBERS = 3000  # of a race; nobody wants to follow the order of more
BY_THE_CLOCK = frozenset({"timeout_not_early", "timeout_not_late"})  # which the gate does not decide
Tell = Callable[[str], None]  # called after each try with what it was for


class Place(NamedTuple):
    """What to shrink and where.  `why_race`: why a race could not be had at the gate."""

    example: Example
    executor: Executor
    why_race: str | None = None


@contextlib.contextmanager
def place_to_shrink(
    found: Example, expects: str | None, executor: Executor, open_gate: OpenArena | None, tell: Tell
) -> Iterator[Place]:
    """`found` in its `executor`, or a race at a gate, where that goes wrong too."""
    wanted = (frozenset({expects}) if expects else found.broken) - BY_THE_CLOCK
    race = found.program.mode == "race" and not found.program.pooler and not executor.leaked_locks
    with contextlib.ExitStack() as stack:
        place = Place(found, executor)
        if open_gate and race and wanted:
            place = _at_gate(place, wanted, open_gate, tell, stack)
        yield place


def _at_gate(
    race: Place, wanted: frozenset[str], open_gate: OpenArena, tell: Tell, stack: contextlib.ExitStack
) -> Place:
    """What comes in the way there says nothing against the race."""
    program = recordable(race.example.program, earliest_evidence(race.example.verdicts, wanted))
    if program.total_steps > MOST_NUMBERS:
        return race._replace(
            why_race=f"{program.total_steps} steps are more than the {MOST_NUMBERS} that the gate takes"
        )
    try:
        with contextlib.ExitStack() as opened:
            gate = opened.enter_context(contextlib.closing(Executor(open_gate)))
            opened.callback(_inherit_leak, race.executor, gate)
            outcome = _recorded(program, wanted, gate, tell)
            if isinstance(outcome, Example):
                stack.enter_context(opened.pop_all())
                return Place(outcome, gate)
    except HarnessError as error:
        outcome = str(error)
    return race._replace(why_race=outcome)


def _inherit_leak(executor: Executor, gate: Executor) -> None:
    executor.leaked_locks = executor.leaked_locks or gate.leaked_locks


def _recorded(race: Program, wanted: frozenset[str], gate: Executor, tell: Tell) -> Example | str:
    """An example at the gate that breaks a wanted check and does so again; or what came of the recordings instead."""
    deadline = time.monotonic() + RECORD_S
    tried = broken = 0
    while tried < RECORDINGS and not gate.leaked_locks and (time.monotonic() < deadline or not tried):
        recorded = gate.run_until_conclusive(race, wanted)
        tell("shrink")
        tried += 1
        if recorded.broken & wanted:
            broken += 1
            if example := _replayed(recorded, wanted, gate):
                return example
    again = ", and never again in that order" if broken else ""
    return f"it went wrong in {broken} of {tried} recordings{again}"


def _replayed(recorded: Example, wanted: frozenset[str], gate: Executor) -> Example | None:
    """The same in that order, if it goes wrong there too; at best with nothing but what proves it."""
    numbers = earliest_evidence(recorded.verdicts, wanted)
    for alone in (True, False):
        program = gate_program(recorded.program, recorded.history, numbers, evidence_only=alone)
        if program and not gate.leaked_locks and (example := _twice(program, wanted, gate)):
            return example
    return None


def _twice(program: Program, wanted: frozenset[str], gate: Executor) -> Example | None:
    """An example that goes wrong, and goes the same way again."""
    example = gate.run_until_conclusive(program, wanted)
    if not example.broken & wanted or gate.leaked_locks:
        return None
    again = gate.run_until_conclusive(example.program, wanted)
    elsewhere = divergence(example.history.moves, again.history.moves)
    return None if elsewhere or again.status == "holds" else example
