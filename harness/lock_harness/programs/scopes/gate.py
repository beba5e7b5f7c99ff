"""All programs of one size for the gate, each once up to the names of actors and months.

There each actor takes its own steps, and every order of the messages is run.  So a program is one sequence of steps for each
actor, and their order in the program means nothing.  A program is left out if it cannot show more than another one:

New sessions
    As in lockstep, to close a session in which nothing was done and to open another changes nothing.

Faults
    A fault hits the next message of its actor, so another step of the same actor follows.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise, permutations, product

from lock_harness.core.fault import FAULTS
from lock_harness.programs.draw import FAULTS_BY_STEP_KIND
from lock_harness.programs.scopes.choice import Choice, Scope, all_choices

# the steps of each actor
_Sequences = tuple[tuple[Choice, ...], ...]


def count(scope: Scope, size: int) -> int:
    """Return the number of programs of this size."""
    return len(_programs(scope, size))


def choices(scope: Scope, size: int, first: int) -> Iterator[tuple[Choice, ...]]:
    """Generate the steps of the programs of this size, from number `first` on."""
    yield from _programs(scope, size)[first:]


@lru_cache(maxsize=32)
def _programs(scope: Scope, size: int) -> tuple[tuple[Choice, ...], ...]:
    return tuple(
        tuple(choice for sequence in sequences for choice in sequence)
        for lengths in _partitions(size, scope.actors, size)
        for sequences in product(*(_sequences(scope, actor, length) for actor, length in enumerate(lengths)))
        if _sortable(sequences) == min(map(_sortable, _renamed(sequences, scope.months)))
    )


def _partitions(size: int, actors: int, most: int) -> Iterator[tuple[int, ...]]:
    """Generate the numbers of steps of up to `actors` actors, `size` in all, none higher than the one before it."""
    if size == 0:
        yield ()
    elif actors:
        for length in range(min(size, most), 0, -1):
            for others in _partitions(size - length, actors - 1, length):
                yield (length, *others)


def _sequences(scope: Scope, actor: int, length: int) -> Iterator[tuple[Choice, ...]]:
    """Generate the sequences of steps of one actor that are not left out."""
    own = [choice for choice in all_choices(scope, actor + 1, scope.months) if choice.actor == actor]
    for sequence in product(own, repeat=length):
        if not _is_left_out([choice.kind for choice in sequence]):
            yield sequence


def _is_left_out(kinds: Sequence[str]) -> bool:
    # the first session is as new as one that was just opened
    renewed = any(_renews(one) and _renews(two) for one, two in pairwise(["reopen", *kinds]))
    return renewed or kinds[-1] in FAULTS_BY_STEP_KIND


def _renews(kind: str) -> bool:
    """Return whether the actor has a new session after a step."""
    fault = FAULTS_BY_STEP_KIND.get(kind)
    return kind == "reopen" if fault is None else FAULTS[fault].ends_process


def _renamed(sequences: _Sequences, months: int) -> Iterator[_Sequences]:
    """Generate the programs that differ only in the names of actors and months."""
    lengths = [len(one) for one in sequences]
    for order in permutations(sequences):
        if [len(one) for one in order] == lengths:
            for numbers in permutations(range(months)):
                yield tuple(
                    tuple(one if one.month is None else one._replace(month=numbers[one.month]) for one in own)
                    for own in order
                )


def _sortable(sequences: _Sequences) -> list[tuple[str, int]]:
    """Return the steps without their actors: the sequences of equal programs have the same lengths."""
    return [(kind, -1 if month is None else month) for own in sequences for kind, _, month in own]
