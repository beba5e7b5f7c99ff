"""The operations on one month, sorted for one pass over them."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from operator import attrgetter

from lock_harness.analysis.calls import FOREVER
from lock_harness.core.contract import Reentrancy
from lock_harness.core.history import SessionId
from lock_harness.linearizability.lock_history import Op, ServerSession

beginning = attrgetter("from_ns")
returning = attrgetter("to_ns")

# an operation that never begins
NEVER = Op(
    session=ServerSession(SessionId(-1, -1)),
    kind="end",
    answer=True,
    from_ns=FOREVER,
    to_ns=FOREVER,
    number=-1,
)


class Timeline:
    """The operations on one month by their beginnings and by their returns.

    begins             all operations, in the order of `from_ns`
    returns            those that return, in the order of `to_ns`.  An indeterminate operation returns if it took effect
                       by that time or never.
    ends               the end of each session that ended
    non_sequential     the sessions with a call that began before the previous one was over.  In any other session at
                       most one operation is open at any time, and an indeterminate one is the last.
    may_have_acquired  the sequential sessions whose last call is an indeterminate acquire
    watched            the operations whose beginnings the greedy linearization must know: those that release the month,
                       and those of non-sequential sessions
    reentrant          the outcome of an acquire by the session that holds the month
    """

    def __init__(self, ops: Iterable[Op], reentrant: Reentrancy = "counted") -> None:
        self.reentrant = reentrant
        self.begins = sorted(ops, key=beginning)
        self.returns = sorted([op for op in self.begins if op.to_ns != FOREVER], key=returning)
        special = [op for op in self.begins if op.answer is None or op.kind == "end"]
        self.non_sequential = _non_sequential_sessions(self.begins)
        self.ends = {op.session: op for op in special if op.kind == "end"}
        self.may_have_acquired = {
            op.session for op in special if op.kind == "acquire" and op.session not in self.non_sequential
        }
        self._granted = [op for op in self.returns if op.kind == "acquire" and op.answer]
        self._seen_free = [op for op in self.begins if op.kind == "is_locked" and not op.answer]
        self.watched = [op for op in self.begins if _releases(op) or op.session in self.non_sequential]
        # a sentinel, so that there is always a next one
        self.watched.append(NEVER)

    @property
    def refuses_holder(self) -> bool:
        """Whether the session that holds the month does not get it again."""
        return self.reentrant in ("refused", "raises")

    def times_after(self, times: int) -> int | None:
        """Return how often the holder, which holds the month `times` times, holds it after another acquire.

        None: it does not get the month again.
        """
        if self.refuses_holder:
            return None
        return times + 1 if self.reentrant == "counted" else 1

    def next_granted(self, now_ns: int) -> Op | None:
        """Return the next acquire to return with True; None if there is none, or if one returns at this moment."""
        place = bisect_left(self._granted, now_ns, key=returning)
        if place == len(self._granted) or self._granted[place].to_ns == now_ns:
            return None
        return self._granted[place]

    def seen_free(self, from_ns: int, to_ns: int) -> bool:
        """Whether a question that was answered with "free" began after `from_ns`, and by `to_ns`."""
        place = bisect_right(self._seen_free, from_ns, key=beginning)
        return place < len(self._seen_free) and self._seen_free[place].from_ns <= to_ns


def _releases(op: Op) -> bool:
    return op.answer is not False and (op.kind == "release" or op.kind == "end")


def _non_sequential_sessions(begins: list[Op]) -> set[ServerSession]:
    """Return the sessions with an operation that may have begun before the previous one was over or void.

    They include those with an indeterminate operation that took effect by some time or never, before the next one began.
    """
    non_sequential: set[ServerSession] = set()
    with_open_hold: set[ServerSession] = set()
    last: dict[ServerSession, Op] = {}
    for op in begins:
        session = op.session
        before = last.get(session)
        last[session] = op
        is_over = before is not None and op.from_ns > before.to_ns and before.kind != "end"
        if before is None or (is_over and before.answer is not None):
            continue
        if before.answer is None and before.number == op.number:
            # the acquire and the release of one `hold`
            with_open_hold.add(session)
        elif is_over or before.answer is not None or op.kind != "end":
            non_sequential.add(session)
    return non_sequential | _still_holding(begins, with_open_hold) if with_open_hold else non_sequential


def _still_holding(begins: list[Op], sessions: set[ServerSession]) -> set[ServerSession]:
    """Return those of `sessions` whose answers say that they did not release as often as they acquired."""
    times_held = dict.fromkeys(sessions, 0)
    for op in begins:
        if op.session in sessions and op.answer and op.kind in ("acquire", "release"):
            times_held[op.session] += 1 if op.kind == "acquire" else -1
    return {session for session, times in times_held.items() if times}
