"""What a client's messages ask for, in a few words for people: SQL, with the values of its parameters."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from lock_harness.core.errors import one_line
from lock_harness.wire.cache import SHORT, BoundedCache
from lock_harness.wire.messages import Fields, Message

LONGEST_TEXT = 1_000  # characters that are shown
LONGEST_SQL = 2_000  # characters of a statement that are kept
MOST_KNOWN = 200  # batches that are remembered

# object ids of types, from pg_type.dat
BOOL, BYTEA, NAME, INT8, INT2, INT4, TEXT, OID, UNKNOWN, BPCHAR, VARCHAR = (
    16, 17, 19, 20, 21, 23, 25, 26, 705, 1042, 1043,
)  # fmt: skip
INTEGERS = {INT8, INT4, INT2, OID}
STRINGS = {NAME, TEXT, UNKNOWN, BPCHAR, VARCHAR}

# What tells most about a batch: what it runs; or else what it prepares; or else what it does besides.
TELLING = (("Query", "Execute", "FunctionCall"), ("Parse",), ("Bind", "Describe", "Close"))

_PLACES = re.compile(r"'[^']*'|\"[^\"]*\"|\$(\d+)")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True)
class Statement:
    """SQL that was prepared, and the types of its parameters so far as the client or the server named them."""

    sql: str
    types: tuple[int, ...] = ()


class BatchDescription(NamedTuple):
    """What a batch says, which depends on what was prepared, and the texts of what it binds."""

    messages: tuple[Message, ...]
    names: tuple[str, ...]
    text: str
    bound: dict[str, str]


class Statements:
    """What one client has prepared and bound so far, by name.  The empty name is one, too."""

    def __init__(self) -> None:
        self._statements: dict[str, Statement] = {}
        self._portals: dict[str, str] = {}
        self._bound: dict[str, str] = {}  # by the batch that is looked at
        self._repeats = True  # it would say the same if it came again
        self._known: BoundedCache[bytes, BatchDescription] = BoundedCache(MOST_KNOWN)
        self._texts = {
            "Query": self._query,
            "Parse": self._parse,
            "Bind": self._bind,
            "Describe": self._describe,
            "Execute": self._execute,
            "Close": self._close,
            "FunctionCall": self._call,
        }

    def again(self, raw: bytes) -> BatchDescription | None:
        """What these bytes say, if they are a batch that was said before, and the next that this client has said."""
        known = self._known.get(raw)
        if known:
            self._portals.update(known.bound)
        return known

    def say(self, messages: tuple[Message, ...], raw: bytes) -> BatchDescription:
        """Take these messages, together `raw`, for the next that this client has said."""
        text, names = self.text(messages), tuple([message.name for message in messages])
        said = BatchDescription(messages, names, text, self._bound)
        if self._repeats and len(raw) <= SHORT:
            self._known.put(raw, said)
        return said

    def text(self, messages: Sequence[Message]) -> str:
        """What these messages ask for, on one line for people."""
        self._bound, self._repeats = {}, True
        texts = [(message.name, self._text(message)) for message in messages]
        for names in TELLING:
            if told := [text for name, text in texts if name in names]:
                return _short("; ".join(told))
        return messages[-1].name

    def describe(self, name: str, types: tuple[int, ...]) -> None:
        """The server says which types the parameters of a statement have."""
        if name in self._statements:
            self._statements[name] = replace(self._statements[name], types=types)
            self._forget()

    def _forget(self) -> None:
        """What was prepared is not what it was."""
        self._known.clear()
        self._repeats = False

    def _text(self, message: Message) -> str:
        tell = self._texts.get(message.name)
        return (tell(message.fields) if tell else "") or message.name

    def _query(self, fields: Fields) -> str:
        return _short(fields.string())

    def _call(self, fields: Fields) -> str:
        return f"FunctionCall {fields.number(4)}"

    def _parse(self, fields: Fields) -> str:
        name, sql = fields.string(), fields.string()
        types = tuple(fields.number(4) for _ in range(fields.count()))
        self._forget()
        self._statements[name] = Statement(one_line(sql)[:LONGEST_SQL], types)
        return f"Parse {_short(sql)}"

    def _bind(self, fields: Fields) -> str:
        portal, name = fields.string(), fields.string()
        text = _filled(self._statements.get(name), name, fields)
        self._portals[portal] = self._bound[portal] = text
        return f"Bind {text}"

    def _execute(self, fields: Fields) -> str:
        portal = fields.string()
        return self._portal(portal, f"Execute {portal}")

    def _portal(self, name: str, default: str) -> str:
        self._repeats = self._repeats and name in self._bound
        return self._portals.get(name, default)

    def _describe(self, fields: Fields) -> str:
        what, name = fields.letter(), fields.string()
        return f"Describe {self._named(what, name)}"

    def _close(self, fields: Fields) -> str:
        what, name = fields.letter(), fields.string()
        text = f"Close {self._named(what, name)}"
        self._forget()
        if what == "S":
            self._statements.pop(name, None)
        else:
            self._portals.pop(name, None)
        return text

    def _named(self, what: str, name: str) -> str:
        if what == "S":
            return _short(self._statements[name].sql) if name in self._statements else name
        return self._portal(name, name)


def _octets(fields: Fields) -> bytes | None:
    size = fields.number(4)
    return None if size == -1 else fields.octets(size)


def _filled(statement: Statement | None, name: str, fields: Fields) -> str:
    """The SQL with values in the places of its parameters.

    There is no format if all are text, one if it holds for all, or else one for each value.
    """
    formats = [fields.number(2) for _ in range(fields.count())]
    values = [_octets(fields) for _ in range(fields.count())]
    if len(formats) < 2:
        formats = (formats or [0]) * len(values)
    types = statement.types if statement else ()
    shown = [
        _shown(value, bool(binary), oid)
        for value, binary, oid in zip(values, formats, (*types, *[0] * len(values)), strict=False)
    ]
    if not statement:  # prepared by SQL
        return _short(f"EXECUTE {name}({', '.join(shown)})")

    def fill(place: re.Match[str]) -> str:
        number = int(place[1] or 0)
        return shown[number - 1] if 0 < number <= len(shown) else place[0]

    return _short(_PLACES.sub(fill, statement.sql))


def _shown(value: bytes | None, binary: bool, oid: int) -> str:
    """A value as SQL would have it; one in a binary format that we do not know, in hexadecimal."""
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


def _short(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= LONGEST_TEXT else line[: LONGEST_TEXT - 1] + "…"
