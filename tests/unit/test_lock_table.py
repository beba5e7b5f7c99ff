"""The table of advisory locks."""

from datetime import UTC, datetime, timedelta

import msgspec

from lock_harness.locks.interface import AdvisoryLock
from lock_harness.render.lock_table import key_of, lock_table, month_of, note
from lock_harness.render.text import plain


def held(key: int, pair: bool = False, **more: object) -> AdvisoryLock:
    lock = AdvisoryLock(key, pair, 4711, "ExclusiveLock", True, "worker", "local", None, "idle")
    return msgspec.structs.replace(lock, **more)


def test_the_lock_table_names_months_pairs_and_stale_holders() -> None:
    now = datetime.now(UTC)
    old = held(209001, since=now - timedelta(hours=3))
    twin = held(209001, pair=True)
    assert (month_of(old), month_of(twin), month_of(held(209013))) == ("2090-01", "-", "-")
    assert key_of(twin) == "(0, 209001)"
    assert "stale" in note(old, [old], now)
    assert "pair" in note(held(209001, since=now), [old, twin], now)
    text = plain(lock_table([old, twin, held(209002, granted=False)], now), 160)
    assert "3 h" in text
    assert "waits" in text
