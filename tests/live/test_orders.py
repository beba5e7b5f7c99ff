"""The reduction leaves out orders, but no violation."""

import pytest

from benchmarks.orders import LOCKS, PROGRAMS, open_arena_for, run_every_order
from lock_harness.servers.server import Server

SHORT = ["2 x acquire, release", "acquire, and two months"]


@pytest.mark.parametrize("lock", LOCKS)
def test_reduction_finds_the_same_violations_of_a_planted_lock(our_server: Server, lock: str) -> None:
    with open_arena_for(our_server, lock) as arena:
        for name in SHORT:
            whole, reduced = (run_every_order(arena, PROGRAMS[name], reduce) for reduce in (False, True))
            assert whole.search.complete
            assert reduced.search.complete
            assert whole.broken == reduced.broken
            assert any(whole.broken), name
            assert reduced.search.runs <= whole.search.runs
        assert reduced.search.runs < whole.search.runs  # with two months there is something to leave out
