"""What a batch is called: the SQL that runs, with the values that it runs with."""

from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lock_harness.wire.cache import SHORT
from lock_harness.wire.messages import Message, ProtocolError
from lock_harness.wire.sql_text import BOOL, BYTEA, INT2, INT4, INT8, LONGEST_TEXT, OID, TEXT, UNKNOWN
from lock_harness.wire.statements import LONGEST_SQL, PreparedStatements
from tests.wire import message

Value = tuple[bytes | None, int, int]  # as it is sent, whether binary, and its type


def say(name: str, body: bytes | None = None) -> Message:
    return Message(name, message("client", name, body))


def parse(sql: str, *types: int, name: str = "") -> Message:
    return say("Parse", f"{name}\0{sql}\0".encode() + pack(f"!H{len(types)}I", len(types), *types))


def bind(*values: bytes | None, formats: tuple[int, ...] = (), name: str = "", portal: str = "") -> Message:
    body = f"{portal}\0{name}\0".encode() + pack(f"!H{len(formats)}H", len(formats), *formats)
    body += pack("!H", len(values))
    for value in values:
        body += pack("!i", -1) if value is None else pack("!i", len(value)) + value
    return say("Bind", body + pack("!H", 0))


def execute(portal: str = "") -> Message:
    return say("Execute", f"{portal}\0".encode() + bytes(4))


def shown(sql: str, *values: Value) -> str:
    sent, formats, types = zip(*values, strict=True) if values else ((), (), ())
    return PreparedStatements().text(
        [parse(sql, *types), bind(*sent, formats=formats), execute(), say("Sync")]
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
def test_a_value_is_shown_as_sql_has_it(value: Value, text: str) -> None:
    assert shown("SELECT f($1)", value) == f"SELECT f({text})"


def test_each_parameter_finds_its_place() -> None:
    one, two = (b"1", 0, INT4), (pack("!i", 2), 1, INT4)
    assert shown("SELECT $2, $1, $2", one, two) == "SELECT 2, 1, 2"
    assert shown("SELECT $1, $3, $0", one, two) == "SELECT 1, $3, $0"
    assert shown("""SELECT '$1', "$1", 'it''s $1', $1""", one) == """SELECT '$1', "$1", 'it''s $1', 1"""
    many = [(str(number).encode(), 0, INT4) for number in range(1, 13)]
    assert shown("SELECT $12, $1", *many) == "SELECT 12, 1"


def test_one_format_holds_for_all_values() -> None:
    said = [parse("SELECT $1, $2", INT4, INT4), bind(pack("!i", 1), pack("!i", 2), formats=(1,)), execute()]
    assert PreparedStatements().text(said) == "SELECT 1, 2"


def test_a_statement_is_remembered_by_its_name() -> None:
    statements = PreparedStatements()
    assert statements.text([parse("SELECT $1", INT4, name="a"), say("Flush")]) == "Parse SELECT $1"
    assert statements.text([parse("SELECT 2"), say("Sync")]) == "Parse SELECT 2"
    for key in (b"7", b"8"):
        assert statements.text([bind(key, name="a"), execute(), say("Sync")]) == f"SELECT {key.decode()}"
    assert statements.text([bind(b"9", name="a", portal="p"), say("Flush")]) == "Bind SELECT 9"
    assert statements.text([bind(), execute(), execute("p"), say("Sync")]) == "SELECT 2; SELECT 9"
    assert statements.text([say("Describe", b"Sa\0"), say("Sync")]) == "Describe SELECT $1"
    assert statements.text([say("Close", b"Sa\0"), say("Close", b"Pp\0"), say("Sync")]) == (
        "Close SELECT $1; Close SELECT 9"
    )
    assert statements.text([bind(b"9", None, name="a"), execute("p"), execute()]) == (
        "Execute p; EXECUTE a(9, NULL)"  # as after PREPARE a
    )


def test_a_long_statement_is_not_kept_whole() -> None:
    statements = PreparedStatements()
    statements.text([parse("SELECT" + "\n" * LONGEST_SQL + "1" * LONGEST_SQL)])
    assert len(statements._statements[""].sql) == LONGEST_SQL
    assert statements.text([bind(), execute()]).startswith("SELECT 111")


def test_the_server_may_tell_the_types() -> None:
    statements = PreparedStatements()
    statements.text([parse("SELECT $1", name="a")])
    statements.set_types("a", (INT8,))
    statements.set_types("b", (INT8,))
    assert statements.text([bind(pack("!q", 5), formats=(1,), name="a"), execute()]) == "SELECT 5"


# What is said again


def whole(*messages: Message) -> bytes:
    return b"".join(one.raw for one in messages)


def test_what_is_said_again_is_known_until_something_is_prepared() -> None:
    statements, asked = PreparedStatements(), (bind(b"1", name="a"), execute(), say("Sync"))
    statements.text([parse("SELECT $1", name="a")])
    assert statements.repeat(whole(*asked)) is None
    said = statements.describe(asked, whole(*asked))
    assert (said.text, said.names) == ("SELECT 1", ("Bind", "Execute", "Sync"))
    assert statements.repeat(whole(*asked)) == said
    statements.text([parse("SELECT -$1", name="a")])
    assert statements.repeat(whole(*asked)) is None
    assert statements.describe(asked, whole(*asked)).text == "SELECT -1"
    statements.set_types("a", (TEXT,))
    assert statements.describe(asked, whole(*asked)).text == "SELECT -'1'"


def test_what_was_bound_before_makes_the_same_words_mean_something_else() -> None:
    statements, go_on = PreparedStatements(), (execute("p"), say("Sync"))
    statements.text([parse("SELECT $1", name="a")])
    for value in (b"1", b"2", b"1"):
        asked = (bind(value, name="a", portal="p"), say("Sync"))
        if not statements.repeat(whole(*asked)):
            statements.describe(asked, whole(*asked))
        assert statements.repeat(whole(*go_on)) is None
        assert statements.describe(go_on, whole(*go_on)).text == f"SELECT {value.decode()}"


def test_what_is_long_is_not_remembered() -> None:
    statements, asked = PreparedStatements(), (say("Query", b"SELECT 1" + bytes(SHORT)),)
    statements.describe(asked, whole(*asked))
    assert statements.repeat(whole(*asked)) is None


def test_what_tells_most_is_shown() -> None:
    text = PreparedStatements().text
    assert text([say("Query", b"SELECT\n 1\0")]) == "SELECT 1"
    assert text([say("Query", b" \0")]) == "Query"
    assert text([say("Sync")]) == "Sync"
    assert text([say("FunctionCall")]) == "FunctionCall 2880"
    assert text([parse("a"), bind(), execute(), parse("b"), bind(), execute(), say("Sync")]) == "a; b"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=3 * LONGEST_TEXT))
def test_a_text_is_one_line_and_short(sql: str) -> None:
    for text in (
        PreparedStatements().text([say("Query", sql.encode() + b"\0")]),
        PreparedStatements().text([parse(sql, TEXT), bind(sql.encode()), execute(), execute()]),
    ):
        assert 0 < len(text) <= LONGEST_TEXT
        assert text.split() == text.split(" ")


@given(
    st.sampled_from(["Query", "Parse", "Bind", "Describe", "Execute", "Close", "FunctionCall"]), st.binary()
)
def test_garbage_in_a_message_is_refused_in_one_line_that_names_it(name: str, body: bytes) -> None:
    try:
        text = PreparedStatements().text([say(name, body)])
    except ProtocolError as error:
        text = str(error)
        assert name in text
    assert "\n" not in text
