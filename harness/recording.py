"""A race that went wrong is run once more and recorded; if it goes wrong at the gate in that order, it is shrunk there."""

import contextlib
import time
from collections.abc import Callable, Iterator

from harness.errors import HarnessError
from harness.gate.algorithms.follow import divergence
from harness.model import Program
from harness.runner import Example, Laboratory, OpenArena
from harness.translation import proof, recordable, translated

RECORDINGS = 10
RECORD_S = 3.0
MOST_NUMBERS = 3000  # of a race; nobody wants to follow the order of more
BY_THE_CLOCK = frozenset({"timeout_not_early", "timeout_not_late"})  # which the gate does not decide
Place = tuple[Example, Laboratory]
Tell = Callable[[str], None]  # called after each try with what it was for


@contextlib.contextmanager
def place_to_shrink(
    found: Example, expects: str | None, laboratory: Laboratory, open_gate: OpenArena | None, tell: Tell
) -> Iterator[Place]:
    """What to shrink and where: `found` in its `laboratory`, or a race at a gate, where that goes wrong too."""
    wanted = (frozenset({expects}) if expects else found.broken) - BY_THE_CLOCK
    race = found.program.schedule == "race" and not found.program.pooler and not laboratory.soiled
    with contextlib.ExitStack() as stack:
        place = _at_gate(found, wanted, laboratory, open_gate, tell, stack) if open_gate and race else None
        yield place or (found, laboratory)


def _at_gate(
    found: Example,
    wanted: frozenset[str],
    laboratory: Laboratory,
    open_gate: OpenArena,
    tell: Tell,
    stack: contextlib.ExitStack,
) -> Place | None:
    """What comes in the way there says nothing against the race."""
    race = recordable(found.program, proof(found.verdicts, wanted))
    if not wanted or race.numbers > MOST_NUMBERS:
        return None
    with contextlib.suppress(HarnessError), contextlib.ExitStack() as opened:
        gate = opened.enter_context(contextlib.closing(Laboratory(open_gate)))
        opened.callback(_inherit_soil, laboratory, gate)
        if example := _recorded(race, wanted, gate, tell):
            stack.enter_context(opened.pop_all())
            return example, gate
    return None


def _inherit_soil(laboratory: Laboratory, gate: Laboratory) -> None:
    laboratory.soiled = laboratory.soiled or gate.soiled


def _recorded(race: Program, wanted: frozenset[str], gate: Laboratory, tell: Tell) -> Example | None:
    """An example at the gate that breaks a wanted check and does so again; None if a few recordings led to none."""
    deadline = time.monotonic() + RECORD_S
    for _ in range(RECORDINGS):
        recorded = gate.try_out(race)
        tell("shrink")
        if recorded.broken & wanted and (example := _replayed(recorded, wanted, gate)):
            return example
        if gate.soiled or time.monotonic() > deadline:
            break
    return None


def _replayed(recorded: Example, wanted: frozenset[str], gate: Laboratory) -> Example | None:
    """The same in that order, if it goes wrong there too; at best with nothing but what proves it."""
    numbers = proof(recorded.verdicts, wanted)
    for alone in (True, False):
        program = translated(recorded.program, recorded.history, numbers, alone)
        if program and not gate.soiled and (example := _twice(program, wanted, gate)):
            return example
    return None


def _twice(program: Program, wanted: frozenset[str], gate: Laboratory) -> Example | None:
    """An example that goes wrong, and goes the same way again."""
    example = gate.try_out(program)
    if not example.broken & wanted or gate.soiled:
        return None
    again = gate.try_out(example.program)
    elsewhere = divergence(example.history.statements, again.history.statements)
    return None if elsewhere or again.status == "holds" else example
