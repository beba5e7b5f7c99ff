"""Connection strings are changed without damage and shown without passwords."""

import os
from urllib.parse import quote, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lock_harness.core.errors import UserError
from lock_harness.servers import address
from lock_harness.servers.environment import EXAMPLE

SECRETS = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_characters="\x7f"), min_size=6, max_size=20
).filter(lambda text: "***" not in text)
DSN = "postgresql://bob:s%40cret%2Fpw@db.example:6543/app?sslmode=disable"


@given(SECRETS)
def test_no_password_survives_redaction(secret: str) -> None:
    url = f"postgresql://bob:{quote(secret, safe='')}@host/db"
    pairs = make_conninfo(host="host", user="bob", password=secret)
    for dsn in (url, pairs):
        for text in (f"the message {secret} and {dsn}", f"{quote(secret)} or {quote(secret, safe='')}"):
            assert secret not in address.redact(text, dsn).replace("host", "").replace("bob", "")


def test_pgpassword_is_redacted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "hunter2hunter2")
    assert "hunter2" not in address.redact("got hunter2hunter2", "host=x")


@pytest.mark.parametrize("dsn", ["nonsense", "postgresql//bob:secret@host/db", "http://x:secret@y", ""])
def test_an_invalid_connection_string_is_rejected_without_showing_its_password(dsn: str) -> None:
    with pytest.raises(UserError) as caught:
        address.validate(dsn)
    assert "secret" not in str(caught.value)
    assert EXAMPLE in str(caught.value)


@pytest.mark.parametrize(
    "secret", ["s3cr@t", "s3/cret", "s3?cr@t", "s3cr@t:x", "s3/cr@t", "@s3cret@", "s3%cret"]
)
def test_a_password_with_an_unescaped_character_is_never_shown(secret: str) -> None:
    """libpq would take its last part for the host, and every message about the host would show it."""
    for user in ("bob", "bob@server"):
        with pytest.raises(UserError) as caught:
            address.validate(f"postgresql://{user}:{secret}@db.example/app")
        assert not [part for part in ("s3", "cr", "t@") if part in str(caught.value)], caught.value
        assert "percent-encode" in str(caught.value) or "%cret" in secret


def test_the_hint_for_an_unescaped_character_says_how_to_write_it() -> None:
    with pytest.raises(UserError, match=r"percent-encode them, such as %40 for @ and %2F for /"):
        address.validate("postgresql://bob:s3cr@t@db.example/app")


def test_a_password_of_several_words_is_not_shown() -> None:
    with pytest.raises(UserError) as caught:
        address.validate("host=x password=s3 cret dbname=y")
    assert "host=x password=*** dbname=y" in str(caught.value)


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://",
        "postgresql:///app?user=bob@example",
        "postgresql://bob:s3cret@db.example?options=-c%20x.y%3Da@b",
        "postgresql://[::1]:5432/a@b",
        "postgresql://one:5432,[::1]:5433/a@b",
        "postgresql://db.example/a@b",
        "postgresql://bob:s3?cret@db.example/app",
    ],
)
def test_an_at_sign_that_ends_no_password_is_valid(dsn: str) -> None:
    assert address.validate(dsn) == dsn


def test_the_display_name_is_host_port_and_database() -> None:
    assert address.display_name(DSN) == "db.example:6543/app"


def test_the_display_name_of_a_service_is_its_name() -> None:
    assert address.display_name("service=months dbname=app") == "service months"


@pytest.mark.parametrize("dsn", [DSN, "host=db.example port=6543 user=bob password='s@cret/pw' dbname=app"])
def test_changed_options_leave_the_other_options_unchanged(dsn: str) -> None:
    before = conninfo_to_dict(dsn)
    after = conninfo_to_dict(address.with_options(address.named(dsn, "a/b c"), dbname="other"))
    assert after == before | {"application_name": "a/b c", "dbname": "other"}


@pytest.mark.parametrize(
    "dsn",
    [
        DSN,
        "host=db.example port=6543 user=bob password='s@cret/pw' dbname=app sslmode=disable",
        "host=/var/run/postgresql port=5433 user=bob dbname=app",
        "user=bob",
    ],
)
def test_every_form_becomes_an_equivalent_url(dsn: str) -> None:
    url = address.as_url(dsn)
    assert url.startswith("postgresql://")
    ours = {key: value for key, value in conninfo_to_dict(url).items() if value}
    assert ours.pop("host", "localhost") == conninfo_to_dict(dsn).get("host", "localhost")
    assert ours == {key: value for key, value in conninfo_to_dict(dsn).items() if key != "host"}


@pytest.mark.parametrize(
    "dsn",
    [
        DSN,
        "host=db.example hostaddr=10.0.0.7 port=6543 user=bob password='s@cret/pw' dbname=app sslmode=require",
        "postgresql://bob:s%40cret@/app?host=/var/run/postgresql&port=5433",
        "user=bob",
    ],
)
@pytest.mark.parametrize("host", ["127.0.0.1", "/tmp/place"])
def test_a_redirected_address_keeps_its_other_options(dsn: str, host: str) -> None:
    elsewhere = address.redirected(dsn, host, 7777)
    assert elsewhere.startswith("postgresql://") == dsn.startswith("postgresql://")
    before, after = conninfo_to_dict(dsn), conninfo_to_dict(elsewhere)
    before.pop("hostaddr", None)
    changed = {"host": host, "port": "7777"} | ({"sslmode": "disable"} if "sslmode" in before else {})
    assert after == before | changed


@pytest.mark.parametrize("host", ["::1", "2001:db8::7", "fe80::1%eth0"])
def test_an_ipv6_address_stands_in_brackets(host: str) -> None:
    url = address.url_of({"user": "bob", "host": host, "port": "5433", "dbname": "app"})
    assert conninfo_to_dict(url) == {"user": "bob", "host": host, "port": "5433", "dbname": "app"}
    parts = urlsplit(url)
    assert (unquote(parts.hostname or ""), parts.port) == (host, 5433)


@given(SECRETS, SECRETS, SECRETS)
def test_every_client_reads_the_same_login_from_a_url(user: str, password: str, database: str) -> None:
    url = address.url_of({"user": user, "password": password, "host": "h", "port": "1", "dbname": database})
    parts = urlsplit(address.named(url, "lock-harness/1/a0.0"))
    found = (parts.username, parts.password, parts.path.removeprefix("/"))
    assert tuple(unquote(part or "") for part in found) == (user, password, database)
    assert (parts.hostname, parts.port) == ("h", 1)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://u@/d?host=/run/postgresql&port=5432", "name the server by host and port"),
        ("postgresql://u@/d?host=@abstract&port=5432", "name the server by host and port"),
        ("postgresql://u@h:5432/d?sslmode=verify-full", "sslmode=verify-full encrypts"),
        ("postgresql://u@h:5432/d?gssencmode=require", "gssencmode=require encrypts"),
        ("postgresql://u@h:5432/d?sslmode=prefer", None),
        ("postgresql://u@h:5432/d", None),
    ],
)
def test_only_tcp_without_encryption_can_be_proxied(url: str, why: str | None) -> None:
    found = address.why_not_tcp(url) or address.why_unreadable(url)
    assert found is None if why is None else why in (found or "")


def test_the_variables_of_an_address_are_forgotten_and_those_of_a_session_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address_variables = (
        "PGHOST",
        "PGHOSTADDR",
        "PGPORT",
        "PGSERVICE",
        "PGSERVICEFILE",
        "PGPASSFILE",
        "PGSSLMODE",
    )
    session_variables = ("PGOPTIONS", "PGTZ", "PGDATESTYLE", "PGCLIENTENCODING")
    for name in (*address_variables, *session_variables):
        monkeypatch.setenv(name, "x")
    address.forget_environment()
    assert [name for name in address_variables if name in os.environ] == []
    assert [name for name in session_variables if name not in os.environ] == []
