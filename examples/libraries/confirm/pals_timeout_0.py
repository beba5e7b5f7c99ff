"""PALs 0.4.0: `acquire_timeout=0` means the default of 30 s; here the default is set to 1 s."""

import functools
import sys
import time

import pals
import psycopg
import sqlalchemy

connect = functools.partial(psycopg.connect, sys.argv[1])
engine = functools.partial(sqlalchemy.create_engine, "postgresql+psycopg://", creator=connect)
locker = pals.Locker("app", create_engine_callable=engine, acquire_timeout_default=1000)
holder, lock = locker.lock("month"), locker.lock("month")
holder.acquire()
start = time.monotonic()
granted = lock.acquire(acquire_timeout=0)
seconds = time.monotonic() - start
print(f"acquire(acquire_timeout=0) answered {granted} after {seconds:.1f} s")
assert seconds >= 1
