"""Who moves next, by each algorithm: from turns that are written down."""

from collections import Counter
from itertools import pairwise

import pytest

from lock_harness.core.history import Move
from lock_harness.core.schedule import Pct
from lock_harness.gate.schedulers.non_preemptive import NonPreemptiveScheduler
from lock_harness.gate.schedulers.pct import PctScheduler
from lock_harness.gate.schedulers.random import RandomScheduler
from lock_harness.gate.schedulers.replay import ReplayScheduler, choices_made, divergence
from lock_harness.gate.schedulers.scheduler import Decision


def decision(*ready: int, polling: tuple[int, ...] = ()) -> Decision:
    return Decision(ready, polling, ())


def move(actor: int, *enabled: int) -> Move:
    return Move(0, actor, 0, "", enabled)


def test_choices_are_followed_modulo_how_many_there_are_and_then_zeros() -> None:
    follow = ReplayScheduler((1, 5), NonPreemptiveScheduler())
    assert [follow.choose(decision(2, 0, 1)) for _ in range(3)] == [0, 1, 2]
    assert ReplayScheduler((1,), NonPreemptiveScheduler()).choose(decision(0, polling=(3,))) == 3


def test_the_choices_made_lead_there_again() -> None:
    moves = [move(0, 0, 1), move(1, 0, 1), move(1, 1, 0), move(0, 0)]
    assert choices_made(moves) == (0, 1)
    follow = ReplayScheduler(choices_made(moves), NonPreemptiveScheduler())
    assert [follow.choose(decision(*one.enabled)) for one in moves] == [one.actor for one in moves]


def test_a_random_walk_is_the_same_for_the_same_seed() -> None:
    first, again = ([RandomScheduler(7).choose(decision(0, 1, 2)) for _ in range(20)] for _ in range(2))
    assert first == again
    walk = RandomScheduler(7)
    assert {walk.choose(decision(0, 1, 2)) for _ in range(50)} == {0, 1, 2}


def test_pct_switches_at_its_change_points_only() -> None:
    for seed in range(50):
        pct = PctScheduler(Pct(seed, depth=3, length=20))
        moved = [pct.choose(decision(0, 1, 2)) for _ in range(20)]
        assert sum(one != other for one, other in pairwise(moved)) <= 2


@pytest.mark.parametrize(
    ("depth", "actors", "order"),
    [
        (2, 2, [0, 1, 1, 1, 0, 0]),  # whoever moves first must stop after its first move, and go on last
        (4, 3, [0, 1, 0, 1, 2, 2]),  # a later change point must sink less than an earlier one
    ],
)
def test_pct_keeps_its_bound(depth: int, actors: int, order: list[int]) -> None:
    """`order`: what only one order of the moves fulfils that takes `depth` constraints."""
    tries, found = 20_000, 0
    for seed in range(tries):
        pct = PctScheduler(Pct(seed, depth, length=6))
        left, moved = Counter(order), list[int]()
        while any(left.values()):
            actor = pct.choose(decision(*(one for one in range(actors) if left[one])))
            left[actor] -= 1
            moved.append(actor)
        found += moved == order
    assert found / tries >= 0.9 * Pct(0, depth, 6).bound(actors), "up to chance"


def test_pct_lets_sleepers_move_only_if_nobody_is_ready() -> None:
    pct = PctScheduler(Pct(1, depth=1, length=5))
    assert [pct.choose(decision(0, polling=(1,))) for _ in range(5)] == [0] * 5
    assert pct.choose(decision(polling=(1,))) == 1


@pytest.mark.parametrize(
    ("again", "says"),
    [
        ([move(0, 0, 1), move(1, 1)], None),
        ([move(0, 0, 1), move(1, 1, 0)], "at move 1: of the actors 1, 0 moved 1, and not 1 of 1"),
        ([move(0, 0, 1)], "it took 1 moves and not 2"),
    ],
)
def test_a_divergence_is_said_in_one_line(again: list[Move], says: str | None) -> None:
    told = divergence([move(0, 0, 1), move(1, 1)], again)
    assert told is None if says is None else told is not None and told.endswith(says)
