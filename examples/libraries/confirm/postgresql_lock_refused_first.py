"""postgresql-lock 0.2.2: after a refused attempt, a release frees the lock but answers False, and the object stays locked."""

import sys

import psycopg
from postgresql_lock import Lock
from postgresql_lock.errors import AcquireError

with psycopg.connect(sys.argv[1]) as first, psycopg.connect(sys.argv[1]) as second:
    holder, lock = Lock(first, "month"), Lock(second, "month")
    answers = [
        holder.acquire(),
        lock.acquire(block=False),
        holder.release(),
        lock.acquire(block=False),
        lock.release(),
    ]
    print("acquire, refused acquire, release, acquire, release:", answers)
    free = holder.acquire(block=False)
    holder.release()
    try:
        lock.acquire(block=False)
    except AcquireError as error:
        print(f"another connection gets the lock: {free}; the object raises: {error}")
assert answers == [True, False, True, True, False]
assert free
assert lock.locked
