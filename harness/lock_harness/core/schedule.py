"""The schedulers of the gate, as data: the spec of each, as a program contains it."""

import msgspec


class Random(msgspec.Struct, frozen=True, tag=True):
    """Every actor that can move is equally likely."""

    seed: int


class Pct(msgspec.Struct, frozen=True, tag=True):
    """Probabilistic concurrency testing: random priorities, and `depth` - 1 random points where one of them drops.

    A bug that takes `depth` ordering constraints is found with probability 1/(n k^(depth-1)) or more, with n
    actors and k = `length` statements.  Burckhardt, Kothari, Musuvathi, Nagarakatte: "A randomized scheduler
    with probabilistic guarantees of finding bugs", ASPLOS 2010.
    """

    seed: int
    depth: int
    length: int

    def bound(self, actors: int) -> float:
        """Return the least probability of finding such a bug in one example with `actors` actors."""
        return 1 / (actors * pow(float(self.length), self.depth - 1))


class Access(msgspec.Struct, frozen=True):
    """The months and values that one move touches.  Two moves commute if they are about different things, or if both only read.

    `about` is None if the move may touch anything.
    """

    about: frozenset[str] | None
    reads: bool = False


class SleepSet(msgspec.Struct, frozen=True, tag="Asleep"):
    """An actor in this sleep set does not move until a move is made that does not commute with its next move.

    `moves` has the actors, and the access of the next move of each.
    """

    moves: tuple[tuple[int, Access], ...] = ()


class Recorded(msgspec.Struct, frozen=True, tag=True):
    """The moves of a race in their order: for each, the actor and the number of its step in the program."""

    moves: tuple[tuple[int, int], ...]


SchedulerSpec = Random | Pct | SleepSet | Recorded
