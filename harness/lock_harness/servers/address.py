"""Connection strings: read, changed, and never shown with a password."""

import os
import re
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lock_harness.core.errors import UserError, one_line

VARIABLE = "HYPERDRIVE_CONNECTION_STRING"
EXAMPLE = "postgresql://user:password@host:5432/database"
HIDDEN = "***"
CONNECT_TIMEOUT_S = 5

_LOOKS_SECRET = re.compile(r"(?<=:)[^:@\s]+(?=@)|(?<=password=)('[^']*'|[^\s&]+)", re.IGNORECASE)


def from_environment() -> str | None:
    """The server that HYPERDRIVE_CONNECTION_STRING names; None if it is unset or empty."""
    return os.environ.get(VARIABLE) or None


def check(dsn: str) -> str:
    """`dsn` itself if libpq can read it; `UserError` otherwise."""
    try:
        options = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:  # its text quotes the string, secrets and all
        options = {}
    if not options:
        shown = _LOOKS_SECRET.sub(HIDDEN, dsn)
        raise UserError(f"{shown!r} is not a connection string: write it as {EXAMPLE}")
    return dsn


def redact(text: str, dsn: str) -> str:
    """`text` without the password of `dsn` or of PGPASSWORD, however it is spelled."""
    try:
        password = conninfo_to_dict(dsn).get("password")
    except psycopg.ProgrammingError:
        password = None
    for secret in (password, os.environ.get("PGPASSWORD")):
        if secret:
            for spelling in sorted({str(secret), quote(str(secret)), quote(str(secret), safe="")}, key=len):
                text = text.replace(spelling, HIDDEN)
    return _LOOKS_SECRET.sub(HIDDEN, text)


def shown(dsn: str) -> str:
    """The server as a user may see it: host, port and database."""
    options = conninfo_to_dict(dsn)
    host = options.get("host") or options.get("hostaddr") or os.environ.get("PGHOST", "localhost")
    port = options.get("port") or os.environ.get("PGPORT", "5432")
    return f"{host}:{port}/{options.get('dbname') or os.environ.get('PGDATABASE', '')}"


def named(dsn: str, application_name: str) -> str:
    """`dsn` in its own form, with this application_name."""
    return with_options(dsn, application_name=application_name)


def with_options(dsn: str, **changes: str) -> str:
    """`dsn` in its own form, URL or key=value, with some options changed."""
    if not dsn.startswith(("postgresql://", "postgres://")):
        return make_conninfo(dsn, **changes)
    parts = urlsplit(dsn)
    options = dict(parse_qsl(parts.query.replace("+", "%2B"), keep_blank_values=True)) | changes
    path = parts.path
    if "dbname" in options:
        path = "/" + quote(options.pop("dbname"), safe="")
    query = urlencode(options, quote_via=quote)
    return urlunsplit((parts.scheme, parts.netloc, path, query, ""))


def redirected(dsn: str, host: str, port: int) -> str:
    """`dsn` in its own form, but leading to another place, which knows no encryption."""
    options = {key: str(value) for key, value in conninfo_to_dict(dsn).items() if key != "hostaddr"}
    # only what was there is switched off: clients in other languages may not know these options
    plain = {key: "disable" for key in ("sslmode", "gssencmode") if key in options}
    elsewhere = make_conninfo("", **(options | plain | {"host": host, "port": str(port)}))
    return as_url(elsewhere) if dsn.startswith(("postgresql://", "postgres://")) else elsewhere


def as_url(dsn: str) -> str:
    """`dsn` as a URL, which clients in other languages can read."""
    if dsn.startswith(("postgresql://", "postgres://")):
        return dsn
    options = {key: str(value) for key, value in conninfo_to_dict(dsn).items()}
    user, password = options.pop("user", ""), options.pop("password", "")
    login = quote(user, safe="") + (":" + quote(password, safe="") if password else "")
    host, port = options.get("host", "localhost"), options.get("port", "")
    place = ""
    if not host.startswith("/"):
        options.pop("host", None)
        options.pop("port", None)
        place = host + (f":{port}" if port else "")
    path = "/" + quote(options.pop("dbname", ""), safe="")
    netloc = (login + "@" if login else "") + place
    return f"postgresql://{netloc}{path}" + (f"?{urlencode(options, quote_via=quote)}" if options else "")


def place(dsn: str) -> tuple[str, int] | str:
    """Where a server listens: its host and port, or the path of its Unix socket."""
    options = conninfo_to_dict(dsn)
    host = str(options.get("host") or options.get("hostaddr") or "localhost")
    port = int(str(options.get("port") or os.environ.get("PGPORT", "5432")))
    return f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host, port)


def why_not_through(url: str) -> str | None:
    """Why a proxy of ours cannot stand before that server; None if it can."""
    options = conninfo_to_dict(url)
    if str(options.get("host", "")).startswith("/"):
        return "the server is named by a Unix socket, and only TCP can fail as networks do: name it by host and port"
    if options.get("sslmode") in ("require", "verify-ca", "verify-full"):
        return f"sslmode={options['sslmode']} hides from a proxy what it must see"
    return None


def connect(dsn: str, application_name: str) -> psycopg.Connection[Any]:
    """An autocommit connection; `UserError`, redacted and on one line, if it cannot be had."""
    options = conninfo_to_dict(check(dsn))
    timeout = int(str(options.get("connect_timeout") or CONNECT_TIMEOUT_S))
    try:
        return psycopg.connect(
            dsn, autocommit=True, connect_timeout=timeout, application_name=application_name
        )
    except psycopg.Error as error:
        why = redact(one_line(error), dsn)
        hint = "" if "FATAL" in why else "; is it a running PostgreSQL?"
        raise UserError(f"cannot connect to {shown(dsn)}: {why.rstrip('?.')}{hint}") from None
