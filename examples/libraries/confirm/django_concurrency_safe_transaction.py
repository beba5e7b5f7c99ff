"""django-concurrency-safe 0.0.2: in a transaction, a failed statement of the body leaves the lock held."""

import sys

import psycopg
from concurrency_safe import lock
from concurrency_safe.hashing import key_to_int64
from django.conf import settings
from django.db import Error, connection, transaction
from psycopg.conninfo import conninfo_to_dict

options = conninfo_to_dict(sys.argv[1])
database = {"ENGINE": "django.db.backends.postgresql", "NAME": options.pop("dbname"), "OPTIONS": options}
settings.configure(DATABASES={"default": database})
raised = None
try:
    with transaction.atomic(), lock("month"), connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")
except Error as error:
    raised = type(error.__cause__).__name__
with psycopg.connect(sys.argv[1]) as other:
    row = other.execute("SELECT pg_try_advisory_lock(%s)", (key_to_int64("month"),)).fetchone()
print(f"the with statement raised {raised}; another connection gets the lock: {row[0]}")
assert (raised, row) == ("InFailedSqlTransaction", (False,))
