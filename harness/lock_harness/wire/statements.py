"""The statements and portals of one client, and from them the text of each batch: its SQL with its values."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from lock_harness.core.errors import one_line
from lock_harness.wire.cache import SHORT, BoundedCache
from lock_harness.wire.messages import Fields, Message
from lock_harness.wire.sql_text import Statement, bound_sql, shorten

LONGEST_SQL = 2_000  # characters of a statement that are kept
CACHED_BATCHES = 200

# The text of a batch has the statements that it runs; if it runs none, those that it prepares; otherwise the rest.
BY_IMPORTANCE = (("Query", "Execute", "FunctionCall"), ("Parse",), ("Bind", "Describe", "Close"))


class BatchDescription(NamedTuple):
    """The text of a batch, given the prepared statements, and the texts of the portals that it binds."""

    messages: tuple[Message, ...]
    names: tuple[str, ...]
    text: str
    bound: dict[str, str]


class PreparedStatements:
    """The statements that one client has prepared and the portals that it has bound, by name.

    The empty name is a name like any other.
    """

    def __init__(self) -> None:
        self._statements: dict[str, Statement] = {}
        self._portals: dict[str, str] = {}
        # the portals that the current batch has bound
        self._bound: dict[str, str] = {}
        # whether the current batch would have the same text if the client sent it again
        self._repeatable = True
        self._cache: BoundedCache[bytes, BatchDescription] = BoundedCache(CACHED_BATCHES)
        self._texts = {
            "Query": self._query,
            "Parse": self._parse,
            "Bind": self._bind,
            "Describe": self._describe,
            "Execute": self._execute,
            "Close": self._close,
            "FunctionCall": self._call,
        }

    def repeat(self, raw: bytes) -> BatchDescription | None:
        """If the client has sent the batch `raw` before, record that it sent it again and return its description."""
        known = self._cache.get(raw)
        if known:
            self._portals.update(known.bound)
        return known

    def describe(self, messages: tuple[Message, ...], raw: bytes) -> BatchDescription:
        """Record that the client sent a batch of `messages`, whose bytes are `raw`, and return its description."""
        text, names = self.text(messages), tuple([message.name for message in messages])
        description = BatchDescription(messages, names, text, self._bound)
        if self._repeatable and len(raw) <= SHORT:
            self._cache.put(raw, description)
        return description

    def text(self, messages: Sequence[Message]) -> str:
        """Record that the client sent `messages`, and return their text on one line."""
        self._bound, self._repeatable = {}, True
        texts = [(message.name, self._text(message)) for message in messages]
        for names in BY_IMPORTANCE:
            if chosen := [text for name, text in texts if name in names]:
                return shorten("; ".join(chosen))
        return messages[-1].name

    def set_types(self, name: str, types: tuple[int, ...]) -> None:
        """Set the types of a statement's parameters, which the server has sent."""
        if name in self._statements:
            self._statements[name] = replace(self._statements[name], types=types)
            self._clear_cache()

    def _clear_cache(self) -> None:
        """Clear the cache: a statement has changed, so the same bytes may now have another text."""
        self._cache.clear()
        self._repeatable = False

    def _text(self, message: Message) -> str:
        text_of = self._texts.get(message.name)
        return (text_of(message.fields) if text_of else "") or message.name

    def _query(self, fields: Fields) -> str:
        return shorten(fields.string())

    def _call(self, fields: Fields) -> str:
        return f"FunctionCall {fields.number(4)}"

    def _parse(self, fields: Fields) -> str:
        name, sql = fields.string(), fields.string()
        types = tuple(fields.number(4) for _ in range(fields.count()))
        self._clear_cache()
        self._statements[name] = Statement(one_line(sql)[:LONGEST_SQL], types)
        return f"Parse {shorten(sql)}"

    def _bind(self, fields: Fields) -> str:
        portal, name = fields.string(), fields.string()
        text = bound_sql(self._statements.get(name), name, fields)
        self._portals[portal] = self._bound[portal] = text
        return f"Bind {text}"

    def _execute(self, fields: Fields) -> str:
        portal = fields.string()
        return self._portal_text(portal, f"Execute {portal}")

    def _describe(self, fields: Fields) -> str:
        kind, name = fields.char(), fields.string()
        return f"Describe {self._named(kind, name)}"

    def _close(self, fields: Fields) -> str:
        kind, name = fields.char(), fields.string()
        text = f"Close {self._named(kind, name)}"
        self._clear_cache()
        if kind == "S":
            self._statements.pop(name, None)
        else:
            self._portals.pop(name, None)
        return text

    def _named(self, kind: str, name: str) -> str:
        """Return the text of a statement (`kind` S) or of a portal; its name if it is not known."""
        if kind == "S":
            return shorten(self._statements[name].sql) if name in self._statements else name
        return self._portal_text(name, name)

    def _portal_text(self, name: str, default: str) -> str:
        self._repeatable = self._repeatable and name in self._bound
        return self._portals.get(name, default)
