"""Shared by the adapters of Django libraries: a session is the default connection of Django."""

from django.conf import settings
from django.db import connection
from psycopg.conninfo import conninfo_to_dict

settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "NAME": ""}})


class Session:
    """Opens the connection, closes it, and runs statements in it."""

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
