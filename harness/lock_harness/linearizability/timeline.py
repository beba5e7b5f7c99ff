"""The operations on one month, arranged for going through them once: what begins when, what returns when."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from operator import attrgetter

from lock_harness.analysis.calls import FOREVER
from lock_harness.core.history import SessionId
from lock_harness.linearizability.lock_history import Op, Who

beginning = attrgetter("from_ns")
returning = attrgetter("to_ns")


NOBODY = Who(SessionId(-1, -1))


class Timeline:
    """`begins` has all operations, `returns` those that do, each in the order of time.

    A call of unknown outcome returns too if it can only have had its effect by then.  `ends` has the end of each session
    that ended.  Of a session that is not `odd`, at most one operation is open at any time; if its outcome is unknown it
    is the last one, and if it may have taken the month, the session is in `maybe`.
    """

    def __init__(self, ops: Iterable[Op]) -> None:
        self.begins = sorted(ops, key=beginning)
        self.returns = sorted([op for op in self.begins if op.to_ns != FOREVER], key=returning)
        special = [op for op in self.begins if op.answer is None or op.kind == "end"]
        self.odd = _odd(self.begins)
        self.ends = {op.who: op for op in special if op.kind == "end"}
        self.maybe = {op.who for op in special if op.kind == "acquire" and op.who not in self.odd}
        self._granted = [op for op in self.returns if op.kind == "acquire" and op.answer]
        self._seen_free = [op for op in self.begins if op.kind == "ask" and not op.answer]
        # what lets go of the month, and what the obvious order does not know of; the last one is never reached
        self.notices = [
            op
            for op in self.begins
            if (op.answer is not False and (op.kind == "release" or op.kind == "end")) or op.who in self.odd
        ]
        self.notices.append(Op(NOBODY, "end", True, FOREVER, FOREVER, -1))

    def next_granted(self, now_ns: int) -> Op | None:
        """The acquire that is the next to return with True; None if there is none, or one returns right now."""
        place = bisect_left(self._granted, now_ns, key=returning)
        if place == len(self._granted) or self._granted[place].to_ns == now_ns:
            return None
        return self._granted[place]

    def seen_free(self, from_ns: int, to_ns: int) -> bool:
        """Whether a question that was answered with "free" began in this stretch, its first moment excepted."""
        place = bisect_right(self._seen_free, from_ns, key=beginning)
        return place < len(self._seen_free) and self._seen_free[place].from_ns <= to_ns


def _odd(begins: list[Op]) -> set[Who]:
    """Sessions that may have done something before it was known that what they did before was over, or void."""
    odd: set[Who] = set()
    wrapped: set[Who] = set()
    last: dict[Who, Op] = {}
    for op in begins:
        who = op.who
        before = last.get(who)
        last[who] = op
        if before is None or (op.from_ns > before.to_ns and before.kind != "end"):
            continue
        if before.answer is None and before.number == op.number:
            wrapped.add(who)  # the two halves of one hold
        elif before.answer is not None or op.kind != "end":
            odd.add(who)
    return odd | _holding(begins, wrapped) if wrapped else odd


def _holding(begins: list[Op], whos: set[Who]) -> set[Who]:
    """Those of `whos` that by their answers took the month more often than they gave it back."""
    taken = dict.fromkeys(whos, 0)
    for op in begins:
        if op.who in whos and op.answer and op.kind in ("acquire", "release"):
            taken[op.who] += 1 if op.kind == "acquire" else -1
    return {who for who, times in taken.items() if times}
