"""Functions that read, change and redact connection strings."""

import os
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Conninfo

from lock_harness.core.errors import UserError, one_line
from lock_harness.servers.environment import EXAMPLE

HIDDEN = "***"
CONNECT_TIMEOUT_S = 5

URL = re.compile("postgres(ql)?://")
_HOSTS = re.compile(r"((\[[^\]]*\]|[^:,\[\]]*)(:\d*)?(,|$))*")

# the password of a URL up to its last @, which may be an unescaped part of it, and that of a key=value string
_SECRETS = (
    (re.compile(r"(//[^:/\s]*):\S*@"), rf"\1:{HIDDEN}@"),
    (re.compile(r"(?<=:)[^:@\s]+(?=@)"), HIDDEN),
    (re.compile(r"(password\s*=\s*)('[^']*'|.*?(?=\s+\w+\s*=|&|$))", re.IGNORECASE), rf"\1{HIDDEN}"),
)

_OPTIONS = Conninfo.parse(b"")
# an empty option is as good as none, except of these
_NEVER_EMPTY = {
    "connect_timeout": str(CONNECT_TIMEOUT_S),
    "max_protocol_version": "3.0",
    "min_protocol_version": "3.0",
    "require_auth": "!sspi",
    "sslcertmode": "allow",
}
DEFAULTS = {
    name: _NEVER_EMPTY.get(name, (option.compiled or b"").decode())
    for option in _OPTIONS
    if (name := option.keyword.decode()) != "service"
}
"""The options of a connection, with the values that they have if neither the user nor the environment sets them."""

# the settings that may end a statement or an idle session, with the first server version that has them
_TIMEOUTS = {
    "statement_timeout": 0,
    "lock_timeout": 0,
    "idle_in_transaction_session_timeout": 0,
    "idle_session_timeout": 140000,
    "transaction_timeout": 170000,
}

_LOGIN_HINT = "put it into the connection string, into PGPASSWORD or into a password file"
_SERVER_HINT = "is it a running PostgreSQL?"
# errors of a server that answers, and of a connection string that cannot be used
_NEED_NO_HINT = re.compile("FATAL|definition of service|invalid |bad value|could not (match|translate)")

# a session has these settings whatever its address is, so they are left to the environment
_SESSION_VARIABLES = frozenset({"PGOPTIONS", "PGCLIENTENCODING"})
_VARIABLES = {option.keyword.decode(): option.envvar.decode() for option in _OPTIONS if option.envvar}
_ADDRESS_VARIABLES = {"PGSERVICEFILE", "PGREQUIRESSL", *_VARIABLES.values()} - _SESSION_VARIABLES


def validate(dsn: str) -> str:
    """Return `dsn` if libpq can parse it as the user meant it; raise `UserError` otherwise."""
    if URL.match(dsn) and _ends_password_early(URL.sub("", dsn, count=1)):
        raise UserError(
            f"{_hide_secrets(dsn)!r} has a password with special characters: percent-encode them, "
            "such as %40 for @ and %2F for /"
        )
    try:
        usable = bool(conninfo_to_dict(dsn) or URL.match(dsn))
    except psycopg.ProgrammingError:
        # the text of this error quotes the string with its password, so it is not shown
        usable = False
    if not usable:
        raise UserError(f"{_hide_secrets(dsn)!r} is not a connection string: write it as {EXAMPLE}")
    return dsn


def _ends_password_early(rest: str) -> bool:
    """Return whether libpq takes a part of the password for the host, the port or the database.

    Args:
        rest: A URL without its scheme.  Its password ends at the first `@`, unless a `/` comes before it.
    """
    login, at, place = rest.partition("@")
    hosts, *more = re.split("[/?]", place if at and "/" not in login else rest, maxsplit=1)
    return "@" in hosts or ("@" in "".join(more) and not _HOSTS.fullmatch(hosts))


def _hide_secrets(text: str) -> str:
    """Return `text` without the parts that look like passwords."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


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
    return _hide_secrets(text)


def display_name(dsn: str) -> str:
    """Return host, port and database, to be shown to the user."""
    options = conninfo_to_dict(dsn)
    if "service" in options:
        return f"service {options['service']}"
    host = options.get("host") or options.get("hostaddr") or os.environ.get("PGHOST", "localhost")
    port = options.get("port") or os.environ.get("PGPORT", "5432")
    return f"{host}:{port}/{options.get('dbname') or os.environ.get('PGDATABASE', '')}"


def address_before_connecting(dsn: str) -> str:
    """Return a URL with the host and the encryption that libpq takes from `dsn` or from the environment.

    It says what can be known without a connection; a service or a server may decide otherwise.
    """
    options = {key: str(value) for key, value in conninfo_to_dict(validate(dsn)).items() if value}
    for option in ("host", "port", "sslmode", "gssencmode"):
        if value := os.environ.get(_VARIABLES.get(option, "")):
            options.setdefault(option, value)
    return url_of(options)


def forget_environment() -> None:
    """Remove the variables by which libpq chooses a server and logs in, so that a connection string decides alone."""
    for name in _ADDRESS_VARIABLES:
        os.environ.pop(name, None)


def named(dsn: str, application_name: str) -> str:
    """Return `dsn` in its own form with this application_name."""
    return with_options(dsn, application_name=application_name)


def with_options(dsn: str, **changes: str) -> str:
    """Return `dsn` in its own form, URL or key=value, with some options changed."""
    if not URL.match(dsn):
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
    elsewhere = options | plain | {"host": host, "port": str(port)}
    return url_of(elsewhere) if URL.match(dsn) else make_conninfo("", **elsewhere)


def is_unix(host: str) -> bool:
    """Return whether `host` is the directory of a Unix socket, or a socket in the abstract namespace."""
    return host.startswith(("/", "@"))


def as_url(dsn: str) -> str:
    """Return `dsn` as a URL."""
    return (
        dsn if URL.match(dsn) else url_of({key: str(value) for key, value in conninfo_to_dict(dsn).items()})
    )


def url_of(options: Mapping[str, str]) -> str:
    """Return these options as a URL, which clients in all languages can parse.

    A URL has no place for the directory of a Unix socket, so that becomes the parameter `host`.
    """
    rest = dict(options)
    user, password = rest.pop("user", ""), rest.pop("password", "")
    login = quote(user, safe="") + (":" + quote(password, safe="") if password else "")
    host, port = rest.get("host", "localhost"), rest.get("port", "")
    place = ""
    if not is_unix(host):
        rest.pop("host", None)
        rest.pop("port", None)
        place = (f"[{quote(host, safe=':')}]" if ":" in host else host) + (f":{port}" if port else "")
    path = "/" + quote(rest.pop("dbname", ""), safe="")
    netloc = (login + "@" if login else "") + place
    return f"postgresql://{netloc}{path}" + (f"?{urlencode(rest, quote_via=quote)}" if rest else "")


def endpoint(dsn: str) -> tuple[str, int] | str:
    """Return the host and port of a server, or the path of its Unix socket.  `dsn` must name the host and the port."""
    options = conninfo_to_dict(dsn)
    host, port = str(options.get("hostaddr") or options["host"]), int(str(options["port"]))
    return f"{host}/.s.PGSQL.{port}" if is_unix(host) else (host, port)


def why_not_tcp(url: str) -> str | None:
    """Return why a connection to this address has no packets that could be lost; None if it has."""
    if is_unix(str(conninfo_to_dict(url).get("host", ""))):
        return "the address is a Unix socket, but network faults need TCP: name the server by host and port"
    return None


def why_unreadable(url: str) -> str | None:
    """Return why a proxy could not read the messages of a connection to this address; None if it can."""
    options = conninfo_to_dict(url)
    if options.get("sslmode") in ("require", "verify-ca", "verify-full"):
        return f"sslmode={options['sslmode']} encrypts the messages that the proxy must read: name the server without TLS"
    if options.get("gssencmode") == "require":
        return "gssencmode=require encrypts the messages that the proxy must read: name the server without it"
    return None


def connect(dsn: str, application_name: str) -> psycopg.Connection[Any]:
    """Open an autocommit connection to the server that `dsn` names, whatever the environment says.

    Raises:
        UserError: That fails; the message shows no password.
    """
    given = conninfo_to_dict(validate(dsn))
    hidden = {
        name: DEFAULTS[name]
        for name, variable in _VARIABLES.items()
        if variable in os.environ and name in DEFAULTS
    }
    return _connect(dsn, hidden | given, application_name)


def connect_as_libpq(dsn: str, application_name: str) -> psycopg.Connection[Any]:
    """Open an autocommit connection as libpq does: with the variables of the environment, services and password files.

    Raises:
        UserError: That fails; the message shows no password.
    """
    options = conninfo_to_dict(validate(dsn))
    if timeout := os.environ.get("PGCONNECT_TIMEOUT"):
        options.setdefault("connect_timeout", timeout)
    return _connect(dsn, options, application_name)


def connect_without_timeouts(dsn: str, application_name: str) -> psycopg.Connection[Any]:
    """Open a connection whose statements and idle times no setting of the server, role or database limits.

    Not for an unknown pooler, which may give its session, with these settings, to another client.
    """
    conn = connect(dsn, application_name)
    since = conn.info.server_version
    conn.execute("; ".join(f"SET {name} = 0" for name, first in _TIMEOUTS.items() if first <= since))
    return conn


def _connect(dsn: str, options: dict[str, Any], application_name: str) -> psycopg.Connection[Any]:
    options.setdefault("connect_timeout", CONNECT_TIMEOUT_S)
    options["application_name"] = application_name
    try:
        return psycopg.connect(autocommit=True, **options)
    except psycopg.Error as error:
        why = redact(one_line(error), dsn)
        hint = _LOGIN_HINT if "no password supplied" in why else _SERVER_HINT
        if not _NEED_NO_HINT.search(why):
            why = f"{why.rstrip('?.')}; {hint}"
        raise UserError(f"cannot connect to {display_name(dsn)}: {why}") from None
