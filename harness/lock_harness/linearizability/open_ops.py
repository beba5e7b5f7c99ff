"""The operations that are open at the current moment of a search: they have begun and not returned."""

from bisect import bisect_left, insort
from collections.abc import Callable

from lock_harness.linearizability.lock_history import Op, ServerSession
from lock_harness.linearizability.timeline import Timeline, returning


class OpenOps:
    """The open operations on one month, while a search advances through its timeline.

    ops             the open operations, without the ends of sequential sessions
    possible_ends   the ends that have begun of sessions whose indeterminate acquire may have taken effect, in the order
                    of their deadlines
    """

    def __init__(self, line: Timeline) -> None:
        self.ops: list[Op] = []
        self.possible_ends: list[Op] = []
        self._line = line
        self._begun = 0
        self._now_ns = -1

    def advance_to(self, now_ns: int) -> list[Op]:
        """Add the operations that have begun by now; return those of them that are open."""
        self._now_ns = now_ns
        fresh: list[Op] = []
        begins, begun = self._line.begins, self._begun
        while begun < len(begins) and begins[begun].from_ns <= now_ns:
            op = begins[begun]
            begun += 1
            if op.kind == "end" and op.session not in self._line.non_sequential:
                self.ops = [one for one in self.ops if one.session != op.session]
                fresh = [one for one in fresh if one.session != op.session]
                if op.session in self._line.may_have_acquired:
                    insort(self.possible_ends, op, key=returning)
            elif op.to_ns >= now_ns:
                self.ops.append(op)
                fresh.append(op)
        self._begun = begun
        return fresh

    def close(self, op: Op) -> None:
        """Remove `op`, which returns; an end takes all operations of its session with it."""
        if op.kind == "end":
            self.ops = [one for one in self.ops if one.session != op.session]
            self.possible_ends = [one for one in self.possible_ends if one is not op]
        else:
            self.ops = [one for one in self.ops if one is not op]

    def close_before(self, at: int) -> None:
        """Remove the operations that returned before the return `at`, while no search was needed."""
        returns, now_ns = self._line.returns, self._now_ns
        over = set(returns[bisect_left(returns, now_ns, hi=at, key=returning) : at])
        ended = {op.session for op in self.ops if op.kind == "end" and (op.to_ns < now_ns or op in over)}
        self.keep(lambda op: op.to_ns >= now_ns and op not in over and op.session not in ended)
        del self.possible_ends[: bisect_left(self.possible_ends, now_ns, key=returning)]

    def keep(self, wanted: Callable[[Op], bool]) -> None:
        """Remove the operations that are not wanted."""
        self.ops = [op for op in self.ops if wanted(op)]

    def end_of(self, session: ServerSession | None) -> Op | None:
        """Return the end of a sequential session, if it has begun: nothing else of the session matters then."""
        end = (
            None if session is None or session in self._line.non_sequential else self._line.ends.get(session)
        )
        return end if end is not None and end.from_ns <= self._now_ns else None

    def any_non_sequential(self) -> bool:
        """Whether an operation of a non-sequential session is open."""
        sessions = self._line.non_sequential
        return bool(sessions) and any(op.session in sessions for op in self.ops)
