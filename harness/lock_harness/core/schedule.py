"""Orders of messages at the gate, as data: who says what comes next, and how far every order was tried.

What a program and a run have of it; see `lock_harness.core.program` and `lock_harness.core.run`.
"""

import msgspec


class Random(msgspec.Struct, frozen=True, tag=True):
    """Whoever may move is as likely to as the others."""

    seed: int


class Pct(msgspec.Struct, frozen=True, tag=True):
    """Probabilistic concurrency testing: random priorities, and `depth` - 1 random points where one of them drops.

    A fault that takes `depth` ordering constraints is found with probability 1/(n k^(depth-1)) or more, with n
    actors and k = `length` statements.  Burckhardt, Kothari, Musuvathi, Nagarakatte: "A randomized scheduler
    with probabilistic guarantees of finding bugs", ASPLOS 2010.
    """

    seed: int
    depth: int
    length: int

    def bound(self, actors: int) -> float:
        """The least probability of finding such a fault, in one example of so many actors."""
        return 1 / (actors * pow(float(self.length), self.depth - 1))


class Access(msgspec.Struct, frozen=True):
    """What one move touches: it commutes with a move about other things, and if both only read."""

    about: frozenset[str] | None  # None: anything
    reads: bool = False


class SleepSet(msgspec.Struct, frozen=True, tag="Asleep"):
    """Whoever is in this sleep set does not move until somebody does what does not commute with its next move.

    `moves` has the actors and what their next moves touch.
    """

    moves: tuple[tuple[int, Access], ...] = ()


class Recorded(msgspec.Struct, frozen=True, tag=True):
    """As it was in a race: each move is of an actor, in a step of the program, and they follow each other."""

    moves: tuple[tuple[int, int], ...]


SchedulerSpec = Random | Pct | SleepSet | Recorded
