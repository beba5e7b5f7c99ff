"""PALs 0.4.0: a Locker holds at most 15 locks at once, the size of the pool; refused locks keep a connection, too."""

import functools
import sys

import pals
import psycopg
import sqlalchemy

connect = functools.partial(psycopg.connect, sys.argv[1])
engine = functools.partial(sqlalchemy.create_engine, "postgresql+psycopg://", creator=connect, pool_timeout=1)
holder, other = (
    pals.Locker("app", create_engine_callable=engine),
    pals.Locker("app", create_engine_callable=engine),
)
held, refused = [], []
for name in range(15):
    held.append(holder.lock(f"month {name}"))
    refused.append(other.lock(f"month {name}"))
    assert held[-1].acquire(blocking=False)
    assert not refused[-1].acquire(blocking=False)
for locker in (holder, other):
    try:
        locker.lock("month 15").acquire(blocking=False)
    except sqlalchemy.exc.TimeoutError as error:
        print(str(error).splitlines()[0])
    else:
        raise AssertionError("the 16th lock was acquired")
