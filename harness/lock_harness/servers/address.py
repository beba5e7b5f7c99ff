"""Functions that read, change and redact connection strings."""

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
    """Return the value of HYPERDRIVE_CONNECTION_STRING; None if it is unset or empty."""
    return os.environ.get(VARIABLE) or None


def validate(dsn: str) -> str:
    """Return `dsn` if libpq can parse it; raise `UserError` otherwise."""
    try:
        options = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        # the text of this error quotes the string with its password, so it is not shown
        options = {}
    if not options:
        redacted = _LOOKS_SECRET.sub(HIDDEN, dsn)
        raise UserError(f"{redacted!r} is not a connection string: write it as {EXAMPLE}")
    return dsn


def redact(text: str, dsn: str) -> str:
    """Return `text` without the passwords of `dsn` and PGPASSWORD, URL-encoded or not."""
    try:
        password = conninfo_to_dict(dsn).get("password")
    except psycopg.ProgrammingError:
        password = None
    for secret in (password, os.environ.get("PGPASSWORD")):
        if secret:
            for spelling in sorted({str(secret), quote(str(secret)), quote(str(secret), safe="")}, key=len):
                text = text.replace(spelling, HIDDEN)
    return _LOOKS_SECRET.sub(HIDDEN, text)


def display_name(dsn: str) -> str:
    """Return host, port and database, to be shown to the user."""
    options = conninfo_to_dict(dsn)
    host = options.get("host") or options.get("hostaddr") or os.environ.get("PGHOST", "localhost")
    port = options.get("port") or os.environ.get("PGPORT", "5432")
    return f"{host}:{port}/{options.get('dbname') or os.environ.get('PGDATABASE', '')}"


def named(dsn: str, application_name: str) -> str:
    """Return `dsn` in its own form with this application_name."""
    return with_options(dsn, application_name=application_name)


def with_options(dsn: str, **changes: str) -> str:
    """Return `dsn` in its own form, URL or key=value, with some options changed."""
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
    """Return `dsn` in its own form with another host and port, where encryption is not available."""
    options = {key: str(value) for key, value in conninfo_to_dict(dsn).items() if key != "hostaddr"}
    # no option is added: clients in other languages may not know it
    plain = {key: "disable" for key in ("sslmode", "gssencmode") if key in options}
    elsewhere = make_conninfo("", **(options | plain | {"host": host, "port": str(port)}))
    return as_url(elsewhere) if dsn.startswith(("postgresql://", "postgres://")) else elsewhere


def as_url(dsn: str) -> str:
    """Return `dsn` as a URL, which clients in all languages can parse."""
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


def endpoint(dsn: str) -> tuple[str, int] | str:
    """Return the host and port of a server, or the path of its Unix socket."""
    options = conninfo_to_dict(dsn)
    host = str(options.get("host") or options.get("hostaddr") or "localhost")
    port = int(str(options.get("port") or os.environ.get("PGPORT", "5432")))
    return f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host, port)


def why_not_proxied(url: str) -> str | None:
    """Return why the proxy cannot be used in front of that server; None if it can."""
    options = conninfo_to_dict(url)
    if str(options.get("host", "")).startswith("/"):
        return "the address is a Unix socket, but network faults need TCP: name the server by host and port"
    if options.get("sslmode") in ("require", "verify-ca", "verify-full"):
        return f"sslmode={options['sslmode']} encrypts the messages that the proxy must read: name the server without TLS"
    return None


def connect(dsn: str, application_name: str) -> psycopg.Connection[Any]:
    """Open an autocommit connection; raise `UserError` without any password if that fails."""
    options = conninfo_to_dict(validate(dsn))
    timeout = int(str(options.get("connect_timeout") or CONNECT_TIMEOUT_S))
    try:
        return psycopg.connect(
            dsn, autocommit=True, connect_timeout=timeout, application_name=application_name
        )
    except psycopg.Error as error:
        why = redact(one_line(error), dsn)
        hint = "" if "FATAL" in why else "; is it a running PostgreSQL?"
        raise UserError(f"cannot connect to {display_name(dsn)}: {why.rstrip('?.')}{hint}") from None
