"""django-pglock 1.8.0: an acquire with a timeout answers False if its connection is lost, or its statement cancelled."""

import sys
import threading

import pglock
import psycopg
from django.conf import settings
from django.db import connection
from psycopg.conninfo import conninfo_to_dict

options = conninfo_to_dict(sys.argv[1])
database = {"ENGINE": "django.db.backends.postgresql", "NAME": options.pop("dbname"), "OPTIONS": options}
settings.configure(DATABASES={"default": database})
admin = psycopg.connect(sys.argv[1], autocommit=True)
connection.connect()
admin.execute("SELECT pg_terminate_backend(%s, 2000)", (connection.connection.info.backend_pid,))
lost = pglock.advisory("month", timeout=5).acquire()
connection.close()
connection.connect()
pid = connection.connection.info.backend_pid
admin.execute("SELECT pg_advisory_lock(%s)", (pglock.advisory("month").int_lock_id,))
threading.Timer(0.2, admin.execute, ("SELECT pg_cancel_backend(%s)", (pid,))).start()
cancelled = pglock.advisory("month", timeout=5).acquire()
print(
    f"the lock is free, but the connection is lost: {lost}; the statement is cancelled after 0.2 s of 5: {cancelled}"
)
assert (lost, cancelled) == (False, False)
