"""Draws for lockstep: what a choice stands for depends on what the model says by then.

A release is mostly of something held; a waiting acquire mostly of something that another actor holds and
will give back.  The model only guesses (who wins among several waiters?); nothing that is judged rests on it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from lock_harness.core.fault import FAULTS, Fault, FaultKind
from lock_harness.core.program import Month, Operation, Program, Step
from lock_harness.programs.draw import FAULTS_BY_STEP_KIND, Draw
from lock_harness.programs.draws.digits import Digits

FREE_MS = (0, 50, 200)  # for a month that is free
SHORT_WAIT_MS = (20, 30, 50)  # ends by itself while others go on
LONG_WAIT_MS = 2000  # ended by a release or a crash


@dataclass
class _Guess:
    """Who, by the model, holds what and waits for what."""

    actors: int
    months: tuple[Month, ...]
    taken_ms: tuple[int, ...]
    held: dict[Month, tuple[int, int]] = field(default_factory=dict)  # month: actor, count
    waiting: dict[int, Month] = field(default_factory=dict)
    lost: list[tuple[int, Month]] = field(
        default_factory=list
    )  # went with a session, and its actor may not know
    faults: int = 0

    def free_actors(self) -> list[int]:
        return [actor for actor in range(self.actors) if actor not in self.waiting]

    def holdings(self) -> list[tuple[int, Month]]:
        """What can be given back now: its holder is not busy waiting."""
        return [(actor, month) for month, (actor, _) in self.held.items() if actor not in self.waiting]

    def take(self, actor: int, month: Month) -> None:
        holder, count = self.held.get(month, (actor, 0))
        if holder == actor:
            self.held[month] = (actor, count + 1)

    def give(self, actor: int, month: Month) -> Iterator[Step]:
        holder, count = self.held.get(month, (actor, 0))
        if holder == actor and count > 1:
            self.held[month] = (actor, count - 1)
        elif holder == actor and count == 1:
            yield from self._free(month)

    def end_session(self, actor: int) -> Iterator[Step]:
        self.waiting.pop(actor, None)
        for month in [month for month, (holder, _) in self.held.items() if holder == actor]:
            yield from self._free(month)

    def lose(self, actor: int) -> None:
        """The session of `actor` ends without its doing."""
        self.lost += [(actor, month) for month, (holder, _) in self.held.items() if holder == actor]

    def end_all(self) -> None:
        for actor in range(self.actors):
            self.lose(actor)
        self.waiting.clear()
        self.held.clear()

    def _free(self, month: Month) -> Iterator[Step]:
        """The waiters of `month` are let in one by one; the harness waits for them here."""
        del self.held[month]
        for actor in [actor for actor, wanted in self.waiting.items() if wanted == month]:
            del self.waiting[actor]
            self.held.setdefault(month, (actor, 1))
            yield Operation(actor, "join")


def decode(
    actors: int, months: tuple[Month, ...], choices: Sequence[int], weights: dict[str, int], draw: Draw
) -> Program:
    """The program that these choices stand for.  Pure: the same choices give the same program."""
    guess = _Guess(actors, months, draw.taken_ms)
    steps: list[Step] = []
    for choice in choices:
        digits = Digits(choice)
        kind = digits.weighted(weights)
        if kind not in FAULTS_BY_STEP_KIND:
            steps.extend(_STEPS[kind](guess, digits))
        elif guess.faults < draw.faults:
            steps.extend(_fault(guess, digits, FAULTS_BY_STEP_KIND[kind]))
    return Program(actors, months, tuple(steps), pooler=draw.pooler)


def _acquire(guess: _Guess, digits: Digits) -> Iterator[Step]:
    actor, month = digits.of(guess.free_actors()), digits.of(guess.months)
    taken = guess.held.get(month, (actor, 0))[0] != actor
    guess.take(actor, month)
    yield Operation(actor, "acquire", month, digits.of(guess.taken_ms if taken else FREE_MS))


def _wait(guess: _Guess, digits: Digits) -> Iterator[Step]:
    """Wait for a month whose holder can still give it back; without one, an ordinary acquire."""
    free = guess.free_actors()
    wanted = [(actor, month) for holder, month in guess.holdings() for actor in free if actor != holder]
    if not wanted:
        yield from _acquire(guess, digits)
        return
    actor, month = digits.of(wanted)
    alone = month not in guess.waiting.values()
    timeout_ms = LONG_WAIT_MS if alone and not digits.once_in(4) else digits.of(SHORT_WAIT_MS)
    guess.waiting[actor] = month
    yield Operation(actor, "acquire", month, timeout_ms, pending=True)


def _release(guess: _Guess, digits: Digits) -> Iterator[Step]:
    """Mostly of something held; where nothing is, an acquire; now and then of what the actor does not hold."""
    holdings = guess.holdings() + [one for one in guess.lost if one[0] not in guess.waiting]
    if digits.once_in(8):
        actor, month = digits.of(guess.free_actors()), digits.of(guess.months)
    elif holdings:
        actor, month = digits.of(holdings)
        guess.lost = [one for one in guess.lost if one != (actor, month)]
    else:
        yield from _acquire(guess, digits)
        return
    yield Operation(actor, "release", month)
    yield from guess.give(actor, month)


def _hold(guess: _Guess, digits: Digits) -> Iterator[Step]:
    actor, month = digits.of(guess.free_actors()), digits.of(guess.months)
    raises = digits.once_in(2)
    yield Operation(actor, "hold", month, digits.of(guess.taken_ms), raises=raises)


def _is_locked(guess: _Guess, digits: Digits) -> Iterator[Step]:
    yield Operation(digits.of(guess.free_actors()), "is_locked", digits.of(guess.months))


def _list(guess: _Guess, digits: Digits) -> Iterator[Step]:
    yield Operation(digits.of(guess.free_actors()), "list")


def _spawn(guess: _Guess, digits: Digits) -> Iterator[Step]:
    """Mostly by a holder: whoever inherits its connection keeps its session alive."""
    holders = [actor for actor, _ in guess.holdings()]
    yield Operation(digits.of(holders or guess.free_actors()), "spawn")


def _reopen(guess: _Guess, digits: Digits) -> Iterator[Step]:
    holders = [actor for actor, _ in guess.holdings()]
    actor = digits.of(holders or guess.free_actors())
    yield Operation(actor, "reopen")
    yield from guess.end_session(actor)


def _fault(guess: _Guess, digits: Digits, kind: FaultKind) -> Iterator[Step]:
    """Mostly of a holder, sometimes of a waiter or of somebody who does nothing."""
    holders = [actor for actor, _ in guess.held.values()]
    actor = digits.of(holders) if holders and not digits.once_in(4) else digits.below(guess.actors)
    guess.faults += 1
    yield Fault(actor, kind)
    if FAULTS[kind].whole_server:
        guess.end_all()
    elif kind != "cancel":
        if not FAULTS[kind].ends_process:
            guess.lose(actor)
        yield from guess.end_session(actor)


_STEPS = {
    "acquire": _acquire,
    "wait": _wait,
    "release": _release,
    "hold": _hold,
    "is_locked": _is_locked,
    "list": _list,
    "reopen": _reopen,
    "spawn": _spawn,
}
