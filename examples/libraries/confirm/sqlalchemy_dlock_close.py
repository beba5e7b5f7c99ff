"""sqlalchemy-dlock 0.9.0: the lock is held after its connection was closed, since the engine keeps the connection."""

import sys

import psycopg
import sqlalchemy
from sqlalchemy_dlock import create_sadlock

engine = sqlalchemy.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(sys.argv[1]))
with engine.connect() as first, engine.connect() as second:
    create_sadlock(first, "month").acquire()
    first.close()
    granted = create_sadlock(second, "month").acquire(block=False)
    print("the holder's connection is closed; another connection gets the lock:", granted)
assert granted is False
