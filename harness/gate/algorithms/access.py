"""What a move touches, read from its statement: two moves commute if they touch different things, or only read.

Whoever is in doubt says that it touches anything.
"""

import re

from harness.model import Statement
from harness.orders import Access

_LITERAL = re.compile(r"(?<![\w$])\d+(?:\.\d+)?|'(?:[^']|'')*'")
_CALL = re.compile(r"([A-Za-z_][\w.]*)\s*\(")
_WRITES = re.compile(r"\bfor\s+(no\s+key\s+)?(update|key\s+share|share)\b|\binto\b|;", re.IGNORECASE)
_ONLY_READS = {
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
    *("current_database", "count", "min", "max", "host", "pg_backend_pid", "pg_blocking_pids"),
}  # words that may stand before a parenthesis in what only reads
TRUNCATED = "…"


def access(move: Statement) -> Access:
    """The values in the statement, and the month of its step.

    A move without a statement is one of the actor alone, in the body that the lock protects.
    """
    text = move.text
    month = {str(move.month)} if move.month else set()
    if not text:
        return Access(frozenset(month) or None)
    literals = set(_LITERAL.findall(text))
    if text.endswith(TRUNCATED):
        return Access(None)
    about = frozenset(literals | month) if literals else None
    return Access(about, _only_reads(text))


def commute(one: Access, other: Access) -> bool:
    """Whether the order of the two makes no difference."""
    if one.reads and other.reads:
        return True
    return one.about is not None and other.about is not None and one.about.isdisjoint(other.about)


def _only_reads(text: str) -> bool:
    calls = {name.lower().removeprefix("pg_catalog.") for name in _CALL.findall(text)}
    return text[:6].upper() == "SELECT" and calls <= _ONLY_READS and not _WRITES.search(text)
