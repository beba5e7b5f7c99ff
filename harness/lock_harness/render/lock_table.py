"""The advisory locks of a database as a table."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from rich.table import Table

from lock_harness.locks.interface import AdvisoryLock

# an idle session that is in its state for longer may have been forgotten
STALE = timedelta(minutes=15)


def lock_table(locks: Sequence[AdvisoryLock], now: datetime) -> Table:
    """Return a table with one row for each session that holds a lock or waits for one.  `now` has a time zone."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("month", "key", "", "pid", "application", "client", "state", "for", "note"):
        table.add_column(column, justify="right" if column in ("key", "pid", "for") else "left")
    for lock in locks:
        table.add_row(
            month_of(lock),
            key_of(lock),
            "holds" if lock.granted else "waits",
            str(lock.pid),
            lock.application_name or "(none)",
            lock.client,
            lock.state,
            age(lock, now),
            note(lock, locks, now),
            style="" if lock.granted else "yellow",
        )
    return table


def month_of(lock: AdvisoryLock) -> str:
    """Return the month that has this key, or `-` if the key is not that of a month."""
    year, month = divmod(lock.lock_key, 100)
    return f"{year}-{month:02d}" if not lock.pair and 2000 <= year <= 2099 and 1 <= month <= 12 else "-"


def key_of(lock: AdvisoryLock) -> str:
    """Return the key as it is passed to PostgreSQL: one number, or a pair."""
    if lock.pair:
        return f"({lock.lock_key >> 32}, {lock.lock_key & 0xFFFFFFFF})"
    return str(lock.lock_key)


def age(lock: AdvisoryLock, now: datetime) -> str:
    """Return for how long the session has been in its state; a lock of an idle session is held at least that long."""
    if lock.since is None:
        return "?"
    seconds = max(0, int((now - lock.since).total_seconds()))
    minutes, hours = seconds // 60, seconds // 3600
    return f"{hours} h" if hours >= 2 else f"{minutes} min" if minutes >= 2 else f"{seconds} s"


def note(lock: AdvisoryLock, locks: Sequence[AdvisoryLock], now: datetime) -> str:
    """Return a warning: about a lock that looks stale, or about a lock with a similar key in the other key space."""
    similar = [other for other in locks if other.lock_key == lock.lock_key and other.pair != lock.pair]
    if lock.pair:
        return "a pair of integers, so not a month, although its objid looks like one" if similar else ""
    if lock.granted and lock.since and now - lock.since > STALE and lock.state.startswith("idle"):
        return "idle for a long time: stale?"
    return f"not the same lock as the pair {key_of(similar[0])}" if similar else ""
