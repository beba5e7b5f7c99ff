"""SQL as text for people: one line, with the values of its parameters in their places."""

import re
from dataclasses import dataclass

from lock_harness.core.errors import one_line
from lock_harness.wire.messages import Fields

LONGEST_TEXT = 1_000  # characters

# Object ids of types, from pg_type.dat.
BOOL, BYTEA, NAME, INT8, INT2, INT4, TEXT, OID, UNKNOWN, BPCHAR, VARCHAR = (
    16, 17, 19, 20, 21, 23, 25, 26, 705, 1042, 1043,
)  # fmt: skip
INTEGERS = {INT8, INT4, INT2, OID}
STRINGS = {NAME, TEXT, UNKNOWN, BPCHAR, VARCHAR}

_PLACEHOLDERS = re.compile(r"'[^']*'|\"[^\"]*\"|\$(\d+)")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True)
class Statement:
    """Prepared SQL, and the types of its parameters as far as the client or the server has named them."""

    sql: str
    types: tuple[int, ...] = ()


def shorten(text: str) -> str:
    """Return `text` on one line of at most LONGEST_TEXT characters."""
    line = one_line(text)
    return line if len(line) <= LONGEST_TEXT else line[: LONGEST_TEXT - 1] + "…"


def bound_sql(statement: Statement | None, name: str, fields: Fields) -> str:
    """Return the SQL of a statement with the values that the rest of a Bind message, `fields`, gives it.

    A Bind message has no format code if all values are text, one if it holds for all values, or one for each.
    `statement` is None if it was prepared by the SQL command PREPARE.
    """
    formats = [fields.number(2) for _ in range(fields.count())]
    values = [_read_value(fields) for _ in range(fields.count())]
    if len(formats) < 2:
        formats = (formats or [0]) * len(values)
    types = statement.types if statement else ()
    literals = [
        _literal(value, bool(binary), oid)
        for value, binary, oid in zip(values, formats, (*types, *[0] * len(values)), strict=False)
    ]
    if not statement:
        return shorten(f"EXECUTE {name}({', '.join(literals)})")

    def fill(place: re.Match[str]) -> str:
        number = int(place[1] or 0)
        return literals[number - 1] if 0 < number <= len(literals) else place[0]

    return shorten(_PLACEHOLDERS.sub(fill, statement.sql))


def _read_value(fields: Fields) -> bytes | None:
    size = fields.number(4)
    return None if size == -1 else fields.octets(size)


def _literal(value: bytes | None, binary: bool, oid: int) -> str:
    """Return a value as an SQL literal; a binary value of an unknown type in hexadecimal."""
    if value is None:
        return "NULL"
    if binary and oid in INTEGERS:
        return str(int.from_bytes(value, "big", signed=oid != OID))
    if binary and oid == BOOL:
        return str(value != b"\0").lower()
    if binary and oid not in STRINGS:
        return f"'\\x{value[:LONGEST_TEXT].hex()}'"
    text = value[: 4 * LONGEST_TEXT].decode(errors="backslashreplace")
    return text if oid not in STRINGS and _NUMBER.fullmatch(text) else "'" + text.replace("'", "''") + "'"
