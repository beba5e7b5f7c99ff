"""Hypothesis strategies for programs.

A drawn program consists of actors, months and one number per step.  The decoder of the mode turns the numbers into
steps.  It is a pure function: the same numbers give the same program, and nothing is drawn from live results.
"""

from collections.abc import Sequence
from functools import partial

import msgspec
from hypothesis import strategies as st

from lock_harness.core.contract import DEFAULT, Contract
from lock_harness.core.program import Month, Program
from lock_harness.programs.draw import Draw, supported_weights
from lock_harness.programs.draws import gate, lockstep, race
from lock_harness.programs.draws.digits import LARGEST_NUMBER

DECODERS = {"lockstep": lockstep.decode, "race": race.decode, "gate": gate.decode}


def programs(
    draw: Draw, years: Sequence[int], verbs: frozenset[str], contract: Contract = DEFAULT
) -> st.SearchStrategy[Program]:
    """Return a strategy for the programs that `draw` asks for.

    Args:
        draw: The request for programs.
        years: Two adjacent years, of which the months are taken.
        verbs: The verbs that the lock has.  Steps that need another are not drawn.
        contract: What the lock promises.
    """
    weights = supported_weights(draw, verbs)
    ring, decode = confusable_months(years[0]), partial(DECODERS[draw.mode], contract=contract)

    def build(actors: int, count: int, start: int, rounds: int, numbers: list[int]) -> Program:
        months = _months(ring, start, count)
        program = decode(draw, weights=weights, actors=actors, months=months, numbers=numbers)
        return msgspec.structs.replace(program, rounds=rounds, settings=draw.program_settings)

    drawn = st.builds(
        build,
        st.integers(*draw.actors),
        st.integers(*draw.months),
        st.integers(0, len(ring) - 1),
        st.integers(*draw.rounds),
        st.lists(st.integers(0, LARGEST_NUMBER), min_size=draw.steps[0], max_size=draw.steps[1]),
    )
    return gate.with_schedule(drawn, draw) if draw.mode == "gate" else drawn


def confusable_months(year: int) -> tuple[Month, ...]:
    """Return a ring of months in which a lock with a wrong key may confuse adjacent ones.

    Adjacent months are the same month of two years; equal as year + month (2090-02, 2091-01); equal as
    year * 10 + month (2090-12, 2091-02); or December and January.  One month has more such neighbours than two, so it
    is in the ring twice, too far apart for one program to get both.
    """
    pairs = ((0, 1), (1, 1), (0, 2), (1, 2), (0, 12), (1, 1), (0, 11), (1, 12))
    return tuple(Month(year + after, month) for after, month in pairs)


def _months(ring: tuple[Month, ...], start: int, count: int) -> tuple[Month, ...]:
    """Return `count` different months: those of the ring from place `start` on, then the others of both years."""
    first = ring[start:] + ring[:start]
    others = [Month(year, month) for year in sorted({one.year for one in ring}) for month in range(1, 13)]
    return tuple(dict.fromkeys([*first, *others]))[:count]
