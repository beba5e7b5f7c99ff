"""Hypothesis draws programs; a model of who holds what guides the draws, so that most steps mean something.

A step is one drawn number.  What it stands for is decided by the decoder of the draw's schedule.
"""

from collections.abc import Sequence

import msgspec
from hypothesis import strategies as st

from lock_harness.core.program import Month, Program
from lock_harness.programs.draw import OPTIONAL_VERBS, Draw
from lock_harness.programs.draws import gate, lockstep, race
from lock_harness.programs.draws.digits import LARGEST_CHOICE

DECODERS = {"lockstep": lockstep.decode, "race": race.decode, "gate": gate.decode}


def programs(draw: Draw, years: Sequence[int], verbs: frozenset[str]) -> st.SearchStrategy[Program]:
    """Programs as `draw` wants them, with months of two adjacent `years` and steps a lock with `verbs` can do."""
    weights = {kind: weight for kind, weight in draw.weights.items() if _possible(kind, verbs)}
    ring, decode = neighbours(years[0]), DECODERS[draw.mode]
    drawn = st.builds(
        lambda actors, count, turn, rounds, choices: msgspec.structs.replace(
            decode(actors, _months(ring, turn, count), choices, weights, draw), rounds=rounds
        ),
        st.integers(*draw.actors),
        st.integers(*draw.months),
        st.integers(0, len(ring) - 1),
        st.integers(*draw.rounds),
        st.lists(st.integers(0, LARGEST_CHOICE), min_size=draw.steps[0], max_size=draw.steps[1]),
    )
    return gate.scheduled(drawn, draw) if draw.mode == "gate" else drawn


def neighbours(year: int) -> tuple[Month, ...]:
    """A ring of months in which those side by side are easily taken for one another.

    The same month of adjacent years; year+month alike (2090-02, 2091-01); year*10+month alike (2090-12,
    2091-02); December and January.  One month has more such neighbours than two: it is there twice, too far
    apart for one program to get both.
    """
    after = year + 1
    pairs = [
        *((year, 1), (after, 1), (year, 2), (after, 2)),
        *((year, 12), (after, 1), (year, 11), (after, 12)),
    ]
    return tuple(Month(*pair) for pair in pairs)


def _months(ring: tuple[Month, ...], turn: int, count: int) -> tuple[Month, ...]:
    """`count` different ones, from place `turn` of the ring on; when these are used up, those that are left."""
    first = ring[turn:] + ring[:turn]
    rest = [Month(year, month) for year in sorted({one.year for one in ring}) for month in range(1, 13)]
    return tuple(dict.fromkeys([*first, *rest]))[:count]


def _possible(kind: str, verbs: frozenset[str]) -> bool:
    return kind in verbs or kind not in OPTIONAL_VERBS
