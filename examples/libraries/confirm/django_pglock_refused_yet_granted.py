"""django-pglock 1.8.0: `acquire` can answer False although its session was granted the lock at the end of the timeout."""

import random
import sys
import threading

import pglock
import psycopg
from django.conf import settings
from django.db import connection
from psycopg.conninfo import conninfo_to_dict

TIMEOUT_S = 0.02
options = conninfo_to_dict(sys.argv[1])
database = {"ENGINE": "django.db.backends.postgresql", "NAME": options.pop("dbname"), "OPTIONS": options}
settings.configure(DATABASES={"default": database})
connection.connect()
lock = pglock.advisory("month", timeout=TIMEOUT_S)
holder = psycopg.connect(sys.argv[1], autocommit=True)
refused = kept = 0
while not kept and refused < 5000:
    holder.execute("SELECT pg_advisory_lock(%s)", (lock.int_lock_id,))
    timer = threading.Timer(
        random.uniform(0.8, 1.2) * TIMEOUT_S, holder.execute, ("SELECT pg_advisory_unlock_all()",)
    )
    timer.start()
    granted = lock.acquire()
    timer.join()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s)", (lock.int_lock_id,))
        (held,) = cursor.fetchone()
    refused += not granted
    kept += held and not granted
print(f"after {refused} refused attempts one of them had left the lock held: {bool(kept)}")
assert kept
