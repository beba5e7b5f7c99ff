"""Look up spans by time."""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from itertools import accumulate
from typing import Generic, TypeVar

from lock_harness.analysis.holds import Span
from lock_harness.core.history import SessionId

K = TypeVar("K")
G = TypeVar("G")


def most_at_once(spans: Iterable[Span]) -> int:
    """Return how many of the spans of one session overlap, at most."""
    changes: dict[SessionId, list[tuple[int, int]]] = {}
    for span in spans:
        changes.setdefault(span.session, []).extend([(span.from_ns, 1), (span.to_ns, -1)])
    return max((max(accumulate(step for _, step in sorted(one))) for one in changes.values()), default=0)


class LastEndingSpans(Generic[K]):
    """An index that returns, of the spans that begin before some time, the one that ends last.

    The spans of one `key` can be left out.  For that it is enough to remember, at each beginning, the span that ends last
    and the last-ending span of another key.
    """

    def __init__(self, spans: Iterable[Span], key: Callable[[Span], K]) -> None:
        self._begins: list[int] = []
        self._last: list[tuple[Span, Span | None]] = []
        self._key = key
        last: Span | None = None
        other: Span | None = None
        for span in sorted(spans, key=lambda span: span.from_ns):
            if last is None or key(span) == key(last):
                last = span if last is None or span.to_ns > last.to_ns else last
            elif span.to_ns > last.to_ns:
                last, other = span, last
            elif other is None or span.to_ns > other.to_ns:
                other = span
            self._begins.append(span.from_ns)
            self._last.append((last, other))

    def before(self, at_ns: int, *, but: K | None = None) -> Span | None:
        """Return the last-ending span that begins before `at_ns`, without those of the key `but`."""
        place = bisect_left(self._begins, at_ns) - 1
        if place < 0:
            return None
        last, other = self._last[place]
        return other if but is not None and self._key(last) == but else last

    def overlapping(self, from_ns: int, to_ns: int, *, but: K | None = None) -> Span | None:
        """Return a span that overlaps this time, if there is one: the last-ending one that begins before its end."""
        span = self.before(to_ns, but=but)
        return span if span and from_ns < span.to_ns else None

    def covering(self, from_ns: int, to_ns: int) -> Span | None:
        """Return a span that covers all of this time, if there is one."""
        span = self.before(from_ns + 1)
        return span if span and to_ns <= span.to_ns else None


def spans_by(spans: Iterable[Span], group: Callable[[Span], G]) -> dict[G, LastEndingSpans[SessionId]]:
    """Return the spans of each group."""
    found: dict[G, list[Span]] = {}
    for span in spans:
        found.setdefault(group(span), []).append(span)
    return {key: LastEndingSpans(some, lambda span: span.session) for key, some in found.items()}
