"""The access of a move, read from its statement: two moves commute if they touch different months, or both only read.

A statement that is not certainly understood may touch anything.  Two assumptions are not checked: a statement is about the
month of its step, and no other, if it has year and month among its values and calls only known functions; and it reads
the data that were committed when it began (READ COMMITTED).
"""

import re

from lock_harness.core.history import Move
from lock_harness.core.program import Month
from lock_harness.core.schedule import Access

TRUNCATED = "…"
_STRING = re.compile(r"'(?:[^']|'')*'")
_LITERAL = re.compile(r"(?<![\w$])\d+(?:\.\d+)?|'(?:[^']|'')*'")
_NAME = r"(?:[^\W\d][\w$]*|\"[^\"]*\")"
_CALL = re.compile(rf"({_NAME}(?:\s*\.\s*{_NAME})*)\s*\(")
_KEY = r"\s*-?\d+(?:::\w+)?\s*"
# an advisory lock with a literal key, and the columns of an INSERT: not calls of unknown functions, but they write
_UNDERSTOOD_WRITES = re.compile(
    r"(?<![\w$.\"])(?:pg_catalog\.)?pg_(?:try_)?advisory_(?:xact_)?(?:un)?lock(?:_shared)?"
    rf"\({_KEY}(?:,{_KEY})?\)|^insert\s+into\s+{_NAME}(?:\.{_NAME})?\s*\(",
    re.IGNORECASE,
)
# signs of more than one statement, escapes, parameters without a value, or comments
_UNSUPPORTED = re.compile(r"[;\\$]|--|/\*")
_WRITES = re.compile(r"\bfor\s+(no\s+key\s+)?(update|key\s+share|share)\b|\binto\b", re.IGNORECASE)
# words that may stand before a parenthesis: keywords, and functions that only read
_READ_ONLY_NAMES = {
    *(
        "exists",
        "select",
        "in",
        "any",
        "all",
        "and",
        "or",
        "not",
        "as",
        "from",
        "where",
        "values",
        "coalesce",
    ),
    *("conflict", "set", "returning", "current_database", "count", "min", "max", "host", "now"),
    *("clock_timestamp", "pg_backend_pid", "pg_blocking_pids"),
}


def access(move: Move) -> Access:
    """Return the values in the statement and the month of its step.

    A move without a statement is made by the actor alone, in the body that the lock protects.
    """
    text, month = move.text, move.month
    if not text:
        return Access(frozenset({str(month)}) if month else None)
    if not _is_understood(text):
        return Access(None)
    literals = frozenset(_LITERAL.findall(text))
    about = literals | {str(month)} if month and _mentions_month(month, literals) else None
    verb = text[:6].upper()
    return Access(
        about, verb == "SELECT" and not _WRITES.search(text) and not _UNDERSTOOD_WRITES.search(text)
    )


def commute(one: Access, other: Access) -> bool:
    """Return whether the order of the two makes no difference."""
    if one.reads and other.reads:
        return True
    return one.about is not None and other.about is not None and one.about.isdisjoint(other.about)


def _is_understood(text: str) -> bool:
    """Return whether `text` is one statement that calls only known functions."""
    bare = _STRING.sub("''", text)
    if text.endswith(TRUNCATED) or _UNSUPPORTED.search(text):
        return False
    calls = {
        name.lower().removeprefix("pg_catalog.") for name in _CALL.findall(_UNDERSTOOD_WRITES.sub("", bare))
    }
    return (
        text.split(maxsplit=1)[0].upper() in ("SELECT", "INSERT", "UPDATE", "DELETE")
        and calls <= _READ_ONLY_NAMES
    )


def _mentions_month(month: Month, literals: frozenset[str]) -> bool:
    """Return whether year and month are among the values: as 209001, '2090-01', or 2090 and 1."""
    numbers = [re.findall(r"\d+", one) for one in literals]
    written = any(f"{month.year}{month.month:02d}" in "".join(digits) for digits in numbers)
    return written or {*month} <= {int(one) for digits in numbers for one in digits}
