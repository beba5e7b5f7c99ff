"""The month that the tests of the reference lock use."""

from lock_harness.locks.month_lock import acquire_month_lock, get_month_lock_key, release_month_lock
from tests.live.conftest import Connection

YEAR, MONTH = 2080, 6  # not among the years that the harness leases
KEY = get_month_lock_key(YEAR, MONTH)
LONG_MS = 20_000  # for operations that must succeed even on a slow machine


def is_free(conn: Connection) -> bool:
    """Return whether the session of `conn` can acquire the month; it releases the month again."""
    return acquire_month_lock(conn, YEAR, MONTH, 0) and release_month_lock(conn, YEAR, MONTH)
