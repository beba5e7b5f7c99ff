"""Connection strings are changed without damage and shown without passwords."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lock_harness.core.errors import UserError
from lock_harness.servers import address

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
    assert address.EXAMPLE in str(caught.value)


def test_the_display_name_is_host_port_and_database() -> None:
    assert address.display_name(DSN) == "db.example:6543/app"


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
