"""PALs 0.4.0: `acquire` can answer False although its session was granted the lock at the end of the timeout."""

import functools
import random
import sys
import threading

import pals
import psycopg
import sqlalchemy

TIMEOUT_MS = 20
connect = functools.partial(psycopg.connect, sys.argv[1])
engine = functools.partial(sqlalchemy.create_engine, "postgresql+psycopg://", creator=connect)
locker = pals.Locker("app", create_engine_callable=engine)
holder, lock = locker.lock("month"), locker.lock("month")
refused = kept = 0
while not kept and refused < 5000:
    holder.acquire()
    timer = threading.Timer(random.uniform(0.8, 1.2) * TIMEOUT_MS / 1000, holder.release)
    timer.start()
    granted = lock.acquire(acquire_timeout=TIMEOUT_MS)
    timer.join()
    # release answers whether the session held the lock
    held = lock.release()
    refused += not granted
    kept += held and not granted
print(f"after {refused} refused attempts one of them had left the lock held: {bool(kept)}")
assert kept
