"""Shared by the adapters of Django libraries: a session is the default connection of Django."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from django.conf import settings
from django.db import connection, transaction
from psycopg.conninfo import conninfo_to_dict

settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "NAME": ""}})


class Session:
    """Opens and closes the connection, and runs statements in it.  `block` is the `with` block of the library."""

    def __init__(self, dsn: str) -> None:
        options = conninfo_to_dict(dsn)
        connection.settings_dict.update(NAME=options.pop("dbname"), OPTIONS=options)
        connection.connect()

    def close(self) -> None:
        connection.close()

    def execute(self, sql: str) -> object:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone()[0] if cursor.description else None

    def block(self, year: int, month: int, timeout_ms: int) -> AbstractContextManager[bool]:
        raise NotImplementedError

    @contextmanager
    def hold(self, year: int, month: int, timeout_ms: int) -> Iterator[bool]:
        """Enter the block in a transaction, as a view with ATOMIC_REQUESTS does."""
        with transaction.atomic(), self.block(year, month, timeout_ms) as acquired:
            yield acquired
