"""The table of advisory locks, and the same as data."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from lock_harness.locks.interface import AdvisoryLock, LockEntry
from lock_harness.render.lock_table import age, key_of, lock_rows, lock_table, month_of, note
from lock_harness.render.text import plain

NOW = datetime.now(UTC)


def held(key: int, pair: bool = False, **more: object) -> AdvisoryLock:
    lock = AdvisoryLock(key, pair, 4711, "ExclusiveLock", True, "worker", "local", None, "idle")
    return msgspec.structs.replace(lock, **more)


def entry(lock: AdvisoryLock, **more: object) -> LockEntry:
    return msgspec.structs.replace(LockEntry(lock, "app"), **more)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def test_the_lock_table_names_months_pairs_and_stale_holders() -> None:
    old = held(209001, since=NOW - timedelta(hours=3))
    twin = held(209001, pair=True)
    assert (month_of(old), month_of(twin), month_of(held(209013))) == ("2090-01", "-", "-")
    assert key_of(twin) == "(0, 209001)"
    assert "stale" in note(old, [old], NOW)
    assert "pair" in note(held(209001, since=NOW), [old, twin], NOW)
    text = plain(lock_table([entry(old), entry(twin), entry(held(209002, granted=False))], NOW), 160)
    assert "3 h" in text
    assert "waits" in text


def test_the_table_shows_mode_blockers_and_age() -> None:
    waiting = held(209001, granted=False, mode="ShareLock", pid=12, state="active")
    lines = plain(
        lock_table(
            [
                entry(held(209001, since=ago(7))),
                entry(waiting, blocked_by=(4711, 13), waiting_since=ago(40)),
            ],
            NOW,
        )
    ).splitlines()
    assert lines[0].split() == [
        *["month", "key", "mode", "pid", "blocked", "by", "application", "client", "state", "age", "note"]
    ]
    assert lines[1].split() == [
        *["2090-01", "209001", "holds", "exclusive", "4711", "-", "worker", "local", "idle", ">=", "7", "s"]
    ]
    assert lines[2].split() == [
        *["2090-01", "209001", "waits", "share", "12", "4711,", "13", "worker", "local", "active", "40", "s"]
    ]


@pytest.mark.parametrize("width", [20, 80])
def test_no_cell_is_cut_off_or_wrapped(width: int) -> None:
    name = "a-worker-with-a-very-long-name-" * 8 + "東京"
    shown = plain(lock_table([entry(held(209001, application_name=name))], NOW, databases=True), width)
    assert len(shown.splitlines()) == 2
    assert name in shown
    assert shown.startswith("database  month")


@pytest.mark.parametrize(
    ("lock", "more", "shown"),
    [
        (held(1, granted=False), {"waiting_since": ago(150)}, "2 min"),
        (held(1, granted=False, since=ago(5)), {}, "5 s"),
        (held(1, since=ago(9000)), {}, ">= 2 h"),
        (held(1, state="idle in transaction", since=ago(3)), {}, ">= 3 s"),
        (held(1, state="active", since=ago(3)), {"session_began": ago(60)}, "<= 60 s"),
        (held(1, state="unknown"), {}, "<= ?"),
    ],
)
def test_the_age_of_a_wait_is_exact_and_that_of_a_held_lock_is_a_bound(
    lock: AdvisoryLock, more: dict[str, object], shown: str
) -> None:
    assert age(entry(lock, **more), NOW) == shown


def test_a_pair_with_the_same_number_in_another_database_is_not_noted() -> None:
    other = msgspec.structs.replace(entry(held(209001, pair=True)), database="other")
    assert [row["note"] for row in lock_rows([entry(held(209001, since=NOW)), other], NOW)] == ["", ""]


def test_the_rows_are_data() -> None:
    waiting = entry(held(209001, granted=False, since=ago(3)), blocked_by=(12,), waiting_since=ago(2))
    (row,) = lock_rows([waiting], NOW)
    assert msgspec.json.decode(msgspec.json.encode(row)) == {
        "database": "app",
        "month": "2090-01",
        "key": 209001,
        "granted": False,
        "mode": "ExclusiveLock",
        "pid": 4711,
        "blocked_by": [12],
        "application": "worker",
        "client": "local",
        "state": "idle",
        "waiting_s": 2.0,
        "in_state_s": 3.0,
        "session_s": None,
        "note": "",
    }
    (row,) = lock_rows([entry(held((7 << 32) | 8, pair=True))], NOW)
    assert (row["key"], row["month"], row["waiting_s"]) == ([7, 8], None, None)
