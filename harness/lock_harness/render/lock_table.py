"""The advisory locks of a server as a table, or as data for other programs."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from rich.cells import cell_len
from rich.console import Group

from lock_harness.locks.interface import AdvisoryLock, LockEntry
from lock_harness.render.text import unbroken_line

# an idle session that is in its state for longer may have been forgotten
STALE = timedelta(minutes=15)
COLUMNS = (
    "database",
    "month",
    "key",
    "",
    "mode",
    "pid",
    "blocked by",
    "application",
    "client",
    "state",
    "age",
    "note",
)
RIGHT = {"key", "pid", "age"}
GAP = "  "


def lock_table(entries: Sequence[LockEntry], now: datetime, *, databases: bool = False) -> Group:
    """Return a table with one row for each session that holds a lock or waits for one.

    No cell is cut off or wrapped, so that the table can be searched and piped.

    Args:
        entries: The locks.
        now: The time of the server, with a time zone.
        databases: Show the database of each lock.
    """
    rows = [_cells(entry, entries, now) for entry in entries]
    columns = [name for name in COLUMNS if databases or name != "database"]
    widths = {name: max(map(cell_len, (name, *(row[name] for row in rows)))) for name in columns}
    styles = ["" if entry.lock.granted else "yellow" for entry in entries]
    heading = _line({name: name for name in columns}, widths)
    lines = [unbroken_line((_line(row, widths), style)) for row, style in zip(rows, styles, strict=True)]
    return Group(unbroken_line((heading, "bold")), *lines)


def lock_rows(entries: Sequence[LockEntry], now: datetime) -> list[dict[str, object]]:
    """Return the locks as data: ages in seconds, and None for what is unknown or does not apply."""
    return [
        {
            "database": entry.database,
            "month": None if (month := month_of(lock)) == "-" else month,
            "key": [lock.lock_key >> 32, lock.lock_key & 0xFFFFFFFF] if lock.pair else lock.lock_key,
            "granted": lock.granted,
            "mode": lock.mode,
            "pid": lock.pid,
            "blocked_by": entry.blocked_by,
            "application": lock.application_name,
            "client": lock.client,
            "state": lock.state,
            "waiting_s": None if lock.granted else _seconds(entry.waiting_since or lock.since, now),
            "in_state_s": _seconds(lock.since, now),
            "session_s": _seconds(entry.session_began, now),
            "note": note(lock, _same_database(entry, entries), now),
        }
        for entry in entries
        for lock in [entry.lock]
    ]


def _cells(entry: LockEntry, entries: Sequence[LockEntry], now: datetime) -> dict[str, str]:
    lock = entry.lock
    return {
        "database": entry.database,
        "month": month_of(lock),
        "key": key_of(lock),
        "": "holds" if lock.granted else "waits",
        "mode": lock.mode.removesuffix("Lock").lower(),
        "pid": str(lock.pid),
        "blocked by": ", ".join(map(str, entry.blocked_by)) or "-",
        "application": lock.application_name or "(none)",
        "client": lock.client,
        "state": lock.state,
        "age": age(entry, now),
        "note": note(lock, _same_database(entry, entries), now),
    }


def _line(cells: dict[str, str], widths: dict[str, int]) -> str:
    padded = []
    for name, width in widths.items():
        blank = " " * (width - cell_len(cells[name]))
        padded.append(blank + cells[name] if name in RIGHT else cells[name] + blank)
    return GAP.join(padded).rstrip()


def _same_database(entry: LockEntry, entries: Sequence[LockEntry]) -> list[AdvisoryLock]:
    return [other.lock for other in entries if other.database == entry.database]


def month_of(lock: AdvisoryLock) -> str:
    """Return the month that has this key, or `-` if the key is not that of a month."""
    year, month = divmod(lock.lock_key, 100)
    return f"{year}-{month:02d}" if not lock.pair and 2000 <= year <= 2099 and 1 <= month <= 12 else "-"


def key_of(lock: AdvisoryLock) -> str:
    """Return the key as it is passed to PostgreSQL: one number, or a pair."""
    if lock.pair:
        return f"({lock.lock_key >> 32}, {lock.lock_key & 0xFFFFFFFF})"
    return str(lock.lock_key)


def age(entry: LockEntry, now: datetime) -> str:
    """Return for how long a session has waited, or for how long at least or at most it has held the lock.

    The server does not record when a lock was taken.  An idle session has held it since it became idle, or longer.  Another
    one may have taken it at any time since it was opened.
    """
    lock = entry.lock
    if not lock.granted:
        return _duration(entry.waiting_since or lock.since, now)
    if lock.state.startswith("idle"):
        return f">= {_duration(lock.since, now)}"
    return f"<= {_duration(entry.session_began, now)}"


def _duration(since: datetime | None, now: datetime) -> str:
    seconds = _seconds(since, now)
    if seconds is None:
        return "?"
    minutes, hours = int(seconds) // 60, int(seconds) // 3600
    return f"{hours} h" if hours >= 2 else f"{minutes} min" if minutes >= 2 else f"{int(seconds)} s"


def _seconds(since: datetime | None, now: datetime) -> float | None:
    return None if since is None else max(0.0, round((now - since).total_seconds(), 3))


def note(lock: AdvisoryLock, locks: Sequence[AdvisoryLock], now: datetime) -> str:
    """Return a warning: about a lock that looks stale, or about a lock with a similar key in the other key space."""
    similar = [other for other in locks if other.lock_key == lock.lock_key and other.pair != lock.pair]
    if lock.pair:
        return "a pair of integers, so not a month, although its objid looks like one" if similar else ""
    if lock.granted and lock.since and now - lock.since > STALE and lock.state.startswith("idle"):
        return "idle for a long time: stale?"
    return f"not the same lock as the pair {key_of(similar[0])}" if similar else ""
