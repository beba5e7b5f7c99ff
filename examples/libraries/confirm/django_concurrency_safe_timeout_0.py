"""django-concurrency-safe 0.0.2: with timeout 0 a free lock is refused, without any attempt."""

import sys

from concurrency_safe import LockAcquireTimeout, lock
from django.conf import settings
from psycopg.conninfo import conninfo_to_dict

options = conninfo_to_dict(sys.argv[1])
database = {"ENGINE": "django.db.backends.postgresql", "NAME": options.pop("dbname"), "OPTIONS": options}
settings.configure(DATABASES={"default": database})
with lock("month", timeout=1):
    print("timeout 1: the body runs")
try:
    with lock("month", timeout=0):
        raise AssertionError("the body runs")
except LockAcquireTimeout as error:
    print("timeout 0:", error)
