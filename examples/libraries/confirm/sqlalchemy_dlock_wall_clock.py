"""sqlalchemy-dlock 0.9.0: an acquire gives up early if the wall clock is set ahead while it waits."""

import itertools
import sys
import time
from unittest import mock

import psycopg
import sqlalchemy
from sqlalchemy_dlock import create_sadlock

engine = sqlalchemy.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(sys.argv[1]))
with engine.connect() as first, engine.connect() as second:
    create_sadlock(first, "month").acquire()
    # the clock is read at the beginning and after each attempt; it jumps after the first one
    readings = itertools.chain([0, 0], itertools.repeat(3600))
    start = time.monotonic()
    with mock.patch("sqlalchemy_dlock.lock.postgresql.time", side_effect=readings):
        granted = create_sadlock(second, "month").acquire(timeout=30)
    seconds = time.monotonic() - start
    print(f"acquire(timeout=30) answered {granted} after {seconds:.1f} s")
assert not granted
assert seconds < 5
