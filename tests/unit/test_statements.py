"""The text of a batch is its SQL with the values of its parameters."""

from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lock_harness.wire.cache import SHORT
from lock_harness.wire.messages import Message, ProtocolError
from lock_harness.wire.sql_text import BOOL, BYTEA, INT2, INT4, INT8, LONGEST_TEXT, OID, TEXT, UNKNOWN
from lock_harness.wire.statements import LONGEST_SQL, PreparedStatements
from tests.wire import message

Value = tuple[bytes | None, int, int]  # its bytes, whether they are binary, and its type


def sent(name: str, body: bytes | None = None) -> Message:
    return Message(name, message("client", name, body))


def parse(sql: str, *types: int, name: str = "") -> Message:
    return sent("Parse", f"{name}\0{sql}\0".encode() + pack(f"!H{len(types)}I", len(types), *types))


def bind(*values: bytes | None, formats: tuple[int, ...] = (), name: str = "", portal: str = "") -> Message:
    body = f"{portal}\0{name}\0".encode() + pack(f"!H{len(formats)}H", len(formats), *formats)
    body += pack("!H", len(values))
    for value in values:
        body += pack("!i", -1) if value is None else pack("!i", len(value)) + value
    return sent("Bind", body + pack("!H", 0))


def execute(portal: str = "") -> Message:
    return sent("Execute", f"{portal}\0".encode() + bytes(4))


def shown(sql: str, *values: Value) -> str:
    raw, formats, types = zip(*values, strict=True) if values else ((), (), ())
    return PreparedStatements().text(
        [parse(sql, *types), bind(*raw, formats=formats), execute(), sent("Sync")]
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ((b"209001", 0, INT4), "209001"),
        ((b"209001", 0, 0), "209001"),
        ((b"-1.5", 0, 0), "-1.5"),
        ((b"209001", 0, TEXT), "'209001'"),
        ((b"it's", 0, 0), "'it''s'"),
        ((b"two\n  lines", 0, TEXT), "'two lines'"),
        ((b"\xff", 0, TEXT), r"'\xff'"),
        ((None, 0, INT4), "NULL"),
        ((pack("!h", -7), 1, INT2), "-7"),
        ((pack("!i", 209001), 1, INT4), "209001"),
        ((pack("!q", -(2**40)), 1, INT8), "-1099511627776"),
        ((pack("!I", 2**32 - 1), 1, OID), "4294967295"),
        ((b"\1", 1, BOOL), "true"),
        ((b"\0", 1, BOOL), "false"),
        ((b"bin", 1, UNKNOWN), "'bin'"),
        ((b"12", 1, TEXT), "'12'"),
        ((b"\1\2", 1, BYTEA), r"'\x0102'"),
        ((pack("!q", 5), 1, 0), r"'\x0000000000000005'"),  # it could be any type of eight bytes
    ],
)
def test_a_value_is_shown_as_an_sql_literal(value: Value, text: str) -> None:
    assert shown("SELECT f($1)", value) == f"SELECT f({text})"


def test_each_placeholder_gets_its_value_except_in_quotes() -> None:
    one, two = (b"1", 0, INT4), (pack("!i", 2), 1, INT4)
    assert shown("SELECT $2, $1, $2", one, two) == "SELECT 2, 1, 2"
    assert shown("SELECT $1, $3, $0", one, two) == "SELECT 1, $3, $0"
    assert shown("""SELECT '$1', "$1", 'it''s $1', $1""", one) == """SELECT '$1', "$1", 'it''s $1', 1"""
    many = [(str(number).encode(), 0, INT4) for number in range(1, 13)]
    assert shown("SELECT $12, $1", *many) == "SELECT 12, 1"


def test_a_single_format_code_holds_for_all_values() -> None:
    batch = [parse("SELECT $1, $2", INT4, INT4), bind(pack("!i", 1), pack("!i", 2), formats=(1,)), execute()]
    assert PreparedStatements().text(batch) == "SELECT 1, 2"


def test_statements_and_portals_are_known_by_their_names() -> None:
    statements = PreparedStatements()
    assert statements.text([parse("SELECT $1", INT4, name="a"), sent("Flush")]) == "Parse SELECT $1"
    assert statements.text([parse("SELECT 2"), sent("Sync")]) == "Parse SELECT 2"
    for key in (b"7", b"8"):
        assert statements.text([bind(key, name="a"), execute(), sent("Sync")]) == f"SELECT {key.decode()}"
    assert statements.text([bind(b"9", name="a", portal="p"), sent("Flush")]) == "Bind SELECT 9"
    assert statements.text([bind(), execute(), execute("p"), sent("Sync")]) == "SELECT 2; SELECT 9"
    assert statements.text([sent("Describe", b"Sa\0"), sent("Sync")]) == "Describe SELECT $1"
    assert statements.text([sent("Close", b"Sa\0"), sent("Close", b"Pp\0"), sent("Sync")]) == (
        "Close SELECT $1; Close SELECT 9"
    )
    # as after PREPARE a
    batch = [bind(b"9", None, name="a"), execute("p"), execute()]
    assert statements.text(batch) == "Execute p; EXECUTE a(9, NULL)"


def test_a_long_statement_is_kept_shortened() -> None:
    statements = PreparedStatements()
    statements.text([parse("SELECT" + "\n" * LONGEST_SQL + "1" * LONGEST_SQL)])
    assert len(statements._statements[""].sql) == LONGEST_SQL
    assert statements.text([bind(), execute()]).startswith("SELECT 111")


def test_types_from_the_server_are_used_to_show_values() -> None:
    statements = PreparedStatements()
    statements.text([parse("SELECT $1", name="a")])
    statements.set_types("a", (INT8,))
    statements.set_types("b", (INT8,))
    assert statements.text([bind(pack("!q", 5), formats=(1,), name="a"), execute()]) == "SELECT 5"


# Repeated batches


def whole(*messages: Message) -> bytes:
    return b"".join(one.raw for one in messages)


def test_a_repeated_batch_is_cached_until_a_statement_changes() -> None:
    statements, asked = PreparedStatements(), (bind(b"1", name="a"), execute(), sent("Sync"))
    statements.text([parse("SELECT $1", name="a")])
    assert statements.repeat(whole(*asked)) is None
    description = statements.describe(asked, whole(*asked))
    assert (description.text, description.names) == ("SELECT 1", ("Bind", "Execute", "Sync"))
    assert statements.repeat(whole(*asked)) == description
    statements.text([parse("SELECT -$1", name="a")])
    assert statements.repeat(whole(*asked)) is None
    assert statements.describe(asked, whole(*asked)).text == "SELECT -1"
    statements.set_types("a", (TEXT,))
    assert statements.describe(asked, whole(*asked)).text == "SELECT -'1'"


def test_a_batch_that_executes_an_earlier_portal_is_not_cached() -> None:
    statements, go_on = PreparedStatements(), (execute("p"), sent("Sync"))
    statements.text([parse("SELECT $1", name="a")])
    for value in (b"1", b"2", b"1"):
        asked = (bind(value, name="a", portal="p"), sent("Sync"))
        if not statements.repeat(whole(*asked)):
            statements.describe(asked, whole(*asked))
        assert statements.repeat(whole(*go_on)) is None
        assert statements.describe(go_on, whole(*go_on)).text == f"SELECT {value.decode()}"


def test_a_long_batch_is_not_cached() -> None:
    statements, asked = PreparedStatements(), (sent("Query", b"SELECT 1" + bytes(SHORT)),)
    statements.describe(asked, whole(*asked))
    assert statements.repeat(whole(*asked)) is None


def test_the_text_of_a_batch_is_its_most_important_message() -> None:
    text = PreparedStatements().text
    assert text([sent("Query", b"SELECT\n 1\0")]) == "SELECT 1"
    assert text([sent("Query", b" \0")]) == "Query"
    assert text([sent("Sync")]) == "Sync"
    assert text([sent("FunctionCall")]) == "FunctionCall 2880"
    assert text([parse("a"), bind(), execute(), parse("b"), bind(), execute(), sent("Sync")]) == "a; b"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=3 * LONGEST_TEXT))
def test_the_text_of_a_batch_is_one_short_line(sql: str) -> None:
    for text in (
        PreparedStatements().text([sent("Query", sql.encode() + b"\0")]),
        PreparedStatements().text([parse(sql, TEXT), bind(sql.encode()), execute(), execute()]),
    ):
        assert 0 < len(text) <= LONGEST_TEXT
        assert text.split() == text.split(" ")


@given(
    st.sampled_from(["Query", "Parse", "Bind", "Describe", "Execute", "Close", "FunctionCall"]), st.binary()
)
def test_garbage_in_a_message_is_rejected_in_one_line_that_names_the_message(name: str, body: bytes) -> None:
    try:
        text = PreparedStatements().text([sent(name, body)])
    except ProtocolError as error:
        text = str(error)
        assert name in text
    assert "\n" not in text
