"""Which actor each scheduler chooses, for decisions that the test makes up."""

from collections import Counter
from itertools import pairwise

import msgspec
import pytest

from lock_harness.core.history import Move
from lock_harness.core.schedule import Access, Pct, Random, Recorded, SchedulerSpec, SleepSet
from lock_harness.gate.schedulers.non_preemptive import NonPreemptiveScheduler
from lock_harness.gate.schedulers.pct import PctScheduler
from lock_harness.gate.schedulers.random import RandomScheduler
from lock_harness.gate.schedulers.replay import ReplayScheduler, choices_made, divergence
from lock_harness.gate.schedulers.scheduler import Decision


def decision(*ready: int, polling: tuple[int, ...] = ()) -> Decision:
    return Decision(ready, polling, ())


def move(actor: int, *enabled: int) -> Move:
    return Move(0, actor, 0, "", enabled)


def test_choices_are_followed_modulo_the_number_of_enabled_actors_and_then_another_scheduler() -> None:
    replay = ReplayScheduler((1, 5), NonPreemptiveScheduler())
    assert [replay.choose(decision(2, 0, 1)) for _ in range(3)] == [0, 1, 2]
    assert ReplayScheduler((1,), NonPreemptiveScheduler()).choose(decision(0, polling=(3,))) == 3


def test_the_choices_made_lead_to_the_same_moves_again() -> None:
    moves = [move(0, 0, 1), move(1, 0, 1), move(1, 1, 0), move(0, 0)]
    assert choices_made(moves) == (0, 1)
    replay = ReplayScheduler(choices_made(moves), NonPreemptiveScheduler())
    assert [replay.choose(decision(*one.enabled)) for one in moves] == [one.actor for one in moves]


def test_the_random_scheduler_chooses_the_same_for_the_same_seed() -> None:
    first, again = ([RandomScheduler(7).choose(decision(0, 1, 2)) for _ in range(20)] for _ in range(2))
    assert first == again
    scheduler = RandomScheduler(7)
    assert {scheduler.choose(decision(0, 1, 2)) for _ in range(50)} == {0, 1, 2}


def test_pct_switches_at_its_change_points_only() -> None:
    for seed in range(50):
        pct = PctScheduler(Pct(seed, depth=3, length=20))
        moved = [pct.choose(decision(0, 1, 2)) for _ in range(20)]
        assert sum(one != other for one, other in pairwise(moved)) <= 2


@pytest.mark.parametrize(
    ("depth", "actors", "order"),
    [
        # the actor that moves first must stop after its first move, and continue last
        (2, 2, [0, 1, 1, 1, 0, 0]),
        # a later change point must drop less than an earlier one
        (4, 3, [0, 1, 0, 1, 2, 2]),
    ],
)
def test_pct_finds_an_order_with_the_probability_of_its_bound(
    depth: int, actors: int, order: list[int]
) -> None:
    """`order`: the only order of the moves that satisfies `depth` ordering constraints."""
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


def test_pct_chooses_a_polling_actor_only_if_no_actor_is_ready() -> None:
    pct = PctScheduler(Pct(1, depth=1, length=5))
    assert [pct.choose(decision(0, polling=(1,))) for _ in range(5)] == [0] * 5
    assert pct.choose(decision(polling=(1,))) == 1


@pytest.mark.parametrize(
    ("again", "says"),
    [
        ([move(0, 0, 1), move(1, 1)], None),
        (
            [move(0, 0, 1), move(1, 1, 0)],
            "replay diverged at move 1: actor 1 moved (runnable: 1, 0); in the first run actor 1 moved (runnable: 1)",
        ),
        ([move(0, 0, 1)], "replay diverged: 1 moves in all; 2 in the first run"),
    ],
)
def test_a_divergence_is_described_in_one_line(again: list[Move], says: str | None) -> None:
    assert divergence([move(0, 0, 1), move(1, 1)], again) == says


@pytest.mark.parametrize(
    ("saved", "spec"),
    [
        (b'{"type": "Random", "seed": 1}', Random(1)),
        (b'{"type": "Pct", "seed": 1, "depth": 2, "length": 3}', Pct(seed=1, depth=2, length=3)),
        (
            b'{"type": "Asleep", "moves": [[0, {"about": null, "reads": true}]]}',
            SleepSet(((0, Access(None, True)),)),
        ),
        (b'{"type": "Recorded", "moves": [[0, 1]]}', Recorded(((0, 1),))),
    ],
)
def test_the_schedulers_of_saved_programs_stay_readable(saved: bytes, spec: SchedulerSpec) -> None:
    assert msgspec.json.decode(saved, type=SchedulerSpec) == spec
