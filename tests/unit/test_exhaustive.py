"""The search over all schedules, with simulated programs."""

from collections.abc import Sequence

import pytest

from lock_harness.core.history import Move
from lock_harness.core.program import Month, Program
from lock_harness.core.run import OrderCoverage
from lock_harness.core.schedule import Access
from lock_harness.gate.schedulers import scheduler_for
from lock_harness.gate.schedulers.access import access, commute
from lock_harness.gate.schedulers.exhaustive import ScheduleEnumerator
from lock_harness.gate.schedulers.scheduler import Decision

JAN, FEB = Month(2090, 1), Month(2090, 2)
READ_1, READ_2 = (f"SELECT EXISTS (SELECT FROM t WHERE n = {key})" for key in (209001, 209002))
TAKE_1, TAKE_2 = (f"SELECT pg_advisory_lock({key})" for key in (209001, 209002))
MONTHS = {READ_1: JAN, TAKE_1: JAN, READ_2: FEB, TAKE_2: FEB}
Texts = Sequence[Sequence[str]]


def run(texts: Texts, program: Program) -> list[Move]:
    """Return the moves of actors that send these texts one after the other."""
    scheduler = scheduler_for(program)
    moves: list[Move] = []
    sent = [0] * len(texts)
    last = 0
    while ready := [actor for actor, all_ in enumerate(texts) if sent[actor] < len(all_)]:
        enabled = tuple(sorted(ready, key=lambda actor: (actor != last, actor)))
        last = scheduler.choose(Decision(enabled, (), moves))
        text = texts[last][sent[last]]
        moves.append(Move(len(moves), last, 0, text, enabled, MONTHS.get(text)))
        sent[last] += 1
    return moves


def explored(texts: Texts, search: ScheduleEnumerator) -> list[list[Move]]:
    runs = []
    while search.next is not None:
        program = Program(
            len(texts), (JAN,), (), "gate", choices=search.next.choices, scheduler=search.next.scheduler
        )
        runs.append(run(texts, program))
        search.record(runs[-1])
    return runs


def order(moves: Sequence[Move]) -> tuple[int, ...]:
    return tuple(move.actor for move in moves)


def normal_form(moves: Sequence[Move]) -> tuple[tuple[int, str], ...]:
    """Return the same for all orders that differ only in moves that commute: the smallest actor first."""
    left, form = [*moves], []
    while left:
        free = [move for at, move in enumerate(left) if not any(_ordered(one, move) for one in left[:at])]
        first = min(free, key=lambda move: move.actor)
        left.remove(first)
        form.append((first.actor, first.text))
    return tuple(form)


def _ordered(one: Move, other: Move) -> bool:
    return one.actor == other.actor or not commute(access(one), access(other))


def test_without_reduction_every_order_is_run_once() -> None:
    search = ScheduleEnumerator(reduce=False)
    orders = [order(moves) for moves in explored([[TAKE_1] * 3, [TAKE_1] * 3], search)]
    assert len(orders) == len(set(orders)) == 20  # 6! / (3! 3!)
    assert search.coverage == OrderCoverage(20, 0, complete=True)


@pytest.mark.parametrize(
    "texts",
    [
        [[READ_1, TAKE_1], [READ_1, TAKE_1]],
        [[READ_1, TAKE_1], [READ_2, TAKE_2]],
        [[READ_1, TAKE_1], [READ_1, TAKE_1], [READ_2, TAKE_1]],
        [[TAKE_1, TAKE_2], [TAKE_2, TAKE_1], [READ_1]],
        [["BEGIN", TAKE_1], [TAKE_2], [READ_1, READ_2]],
    ],
)
def test_reduction_leaves_out_only_equivalent_orders(texts: Texts) -> None:
    everything = {normal_form(moves) for moves in explored(texts, ScheduleEnumerator(reduce=False))}
    search = ScheduleEnumerator()
    reduced = [normal_form(moves) for moves in explored(texts, search)]
    assert set(reduced) == everything
    assert search.coverage.runs - search.coverage.redundant == len(everything)


def test_moves_that_all_commute_are_run_in_one_order() -> None:
    search = ScheduleEnumerator()
    explored([[READ_1], [READ_1, READ_2], [READ_2]], search)
    assert search.coverage.runs - search.coverage.redundant == 1


def test_with_a_bound_on_switches_the_orders_within_it_are_run() -> None:
    search = ScheduleEnumerator(switches=1)
    orders = {order(moves) for moves in explored([[TAKE_1] * 3, [TAKE_1] * 3], search)}
    everything = {
        order(moves) for moves in explored([[TAKE_1] * 3, [TAKE_1] * 3], ScheduleEnumerator(reduce=False))
    }
    assert orders == {one for one in everything if _switches(one) <= 1}
    assert search.coverage.left_out > 0


def _switches(moves: Sequence[int]) -> int:
    """Count the switches away from an actor that could go on; to begin with actor 1 is one, too."""
    count, last = 0, 0
    for at, actor in enumerate(moves):
        count += actor != last and last in moves[at:]
        last = actor
    return count


def test_moves_that_diverge_from_the_choices_do_not_count() -> None:
    search = ScheduleEnumerator()
    search.record([Move(0, 0, 0, TAKE_1, (0, 1)), Move(1, 1, 0, TAKE_1, (1,))])
    before = search.coverage
    diverged = search.record([Move(0, 0, 0, TAKE_1, (0,))])
    assert diverged is not None
    assert "at move 0" in diverged
    assert search.coverage == before


ANYTHING, READS = Access(None), Access(None, True)


def about(*values: str, reads: bool = False) -> Access:
    return Access(frozenset({*values, "2090-01"}), reads)


@pytest.mark.parametrize(
    ("text", "month", "expected"),
    [
        (READ_1, JAN, about("209001", reads=True)),
        ("SELECT FROM t WHERE n = '2090-01'", JAN, about("'2090-01'", reads=True)),
        ("SELECT FROM t WHERE y = 2090 AND m = 1", JAN, about("2090", "1", reads=True)),
        ("SELECT pg_catalog.pg_try_advisory_lock(209001::bigint)", JAN, about("209001")),
        ("SELECT pg_advisory_xact_lock_shared(2090, 1)", JAN, about("2090", "1")),
        (
            "INSERT INTO held (key, who) VALUES (209001, 'a (b) \"c\"') ON CONFLICT (key) DO NOTHING",
            JAN,
            about("209001", "'a (b) \"c\"'"),
        ),
        ('UPDATE "held" SET until = now() WHERE "key" = 209001', JAN, about("209001")),
        ("SELECT n FROM t WHERE n = 209001 FOR UPDATE", JAN, about("209001")),
        ("", JAN, about()),
        # statements that are not known to be about the month of their step
        (READ_1, None, READS),
        (READ_1, FEB, READS),
        ("SELECT classid FROM pg_locks WHERE locktype = 'advisory'", None, READS),
        ("DELETE FROM held WHERE who = 7", None, ANYTHING),
        ("DELETE FROM held WHERE until < now() - interval '30 s'", JAN, ANYTHING),
        ("UPDATE t SET n = 5", JAN, ANYTHING),
        ("SELECT pg_advisory_lock(8123671)", JAN, ANYTHING),
        ("COMMIT", JAN, ANYTHING),
        ("", None, ANYTHING),
        # statements that are not understood
        ("SELECT mine(209001)", JAN, ANYTHING),
        ('SELECT "pg_advisory_lock"(209001)', JAN, ANYTHING),
        ('SELECT mine."pg_advisory_lock" (209001)', JAN, ANYTHING),
        ("SELECT mine.pg_advisory_lock(209001)", JAN, ANYTHING),
        ("SELECT mine/**/(209001)", JAN, ANYTHING),
        ("SELECT pg_advisory_lock(extract(month from date '2090-01-01')::bigint)", JAN, ANYTHING),
        ("SELECT pg_advisory_unlock_all(), 209001", JAN, ANYTHING),
        ("UPDATE t SET n = 1 WHERE k = 209001; COMMIT", JAN, ANYTHING),
        ("SELECT 1 FROM t WHERE k = 209001; SELECT pg_advisory_unlock_all()", JAN, ANYTHING),
        ("CREATE TABLE held AS SELECT 209001", JAN, ANYTHING),
        ("EXECUTE take(209001)", JAN, ANYTHING),
        ("SELECT E'\\'' || mine(209001) || ''", JAN, ANYTHING),
        ("SELECT $$'$$, mine(209001), $$'$$", JAN, ANYTHING),
        ("SELECT n FROM t WHERE n = $1 AND k = 209001", JAN, ANYTHING),
        ("SELECT 209001 and much more…", JAN, ANYTHING),
    ],
)
def test_the_access_of_a_move_is_read_from_its_statement(
    text: str, month: Month | None, expected: Access
) -> None:
    assert access(Move(0, 0, 0, text, (0,), month)) == expected


def test_moves_commute_if_they_touch_different_things_or_both_only_read() -> None:
    one, other, anything = Access(frozenset({"1"})), Access(frozenset({"2"})), Access(None)
    assert commute(one, other)
    assert not commute(one, one)
    assert not commute(one, anything)
    assert commute(Access(None, True), Access(frozenset({"1"}), True))
    assert not commute(Access(frozenset({"1"}), True), one)


def test_moves_that_are_fixed_are_the_same_in_all_schedules() -> None:
    texts = [[TAKE_1, TAKE_1], [TAKE_1], [TAKE_1]]
    runs = explored(texts, ScheduleEnumerator(switches=4, fixed_moves=2))
    assert {tuple(move.actor for move in moves) for moves in runs} == {(0, 0, 1, 2), (0, 0, 2, 1)}
