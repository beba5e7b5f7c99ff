"""django-pglock 1.8.0: an acquire with a timeout resets the session's own lock_timeout."""

import sys

import pglock
from django.conf import settings
from django.db import connection
from psycopg.conninfo import conninfo_to_dict

options = conninfo_to_dict(sys.argv[1])
database = {"ENGINE": "django.db.backends.postgresql", "NAME": options.pop("dbname"), "OPTIONS": options}
settings.configure(DATABASES={"default": database})
with connection.cursor() as cursor:
    cursor.execute("SET lock_timeout = '7s'")
    with pglock.advisory("month", timeout=1):
        pass
    cursor.execute("SHOW lock_timeout")
    (after,) = cursor.fetchone()
print("lock_timeout was 7s before the with statement, and is afterwards:", after)
assert after == "0"
