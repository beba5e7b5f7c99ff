"""The order that suggests itself: nothing takes effect before its time is over, unless it has to.

An acquire that was granted is the holder's from its return on, and a release lets go at its return; earlier only
if somebody else is in the month by then, or has seen it free.  So a hold is as long as it can be, a refusal or a
question is explained if it meets a moment that fits, and what may or may not have happened did not.
"""

from dataclasses import dataclass, field

from lock_harness.linearizability.lock_history import Op, Who
from lock_harness.linearizability.timeline import Timeline


@dataclass(slots=True)
class Obvious:
    """Who holds the month how often; as long as no choice had to be made, this is as good as any other state.

    `since_ns` is when the holder got the month, `until_ns` when it was last let go, `leaving` what the holder
    can let go with by now.  `early`: what has had its place, but has not returned.  `spent`: sessions of which
    nothing more can happen that may or may not have happened.
    """

    holder: Who | None = None
    times: int = 0
    since_ns: int = -1
    until_ns: int = -1
    leaving: Op | None = None
    early: set[Op] = field(default_factory=set)
    spent: set[Who] = field(default_factory=set)

    def go(self, line: Timeline, at: int, noticed: int) -> tuple[int, int]:
        """Past all that is explained, from the return `at` on; `noticed` of the notices were seen before.

        The first return that needs a choice, and the number of notices seen.
        """
        returns, notices, early = line.returns, line.notices, self.early
        notice = notices[noticed]
        for place in range(at, len(returns)):
            op = returns[place]
            while notice.from_ns <= op.to_ns:
                if notice.who in line.odd:
                    return place, noticed
                if notice.who == self.holder:
                    self.leaving = notice
                noticed += 1
                notice = notices[noticed]
            if early and op in early:
                early.remove(op)
            elif not self._explains(op, line):
                return place, noticed
        return len(returns), noticed

    def _explains(self, op: Op, line: Timeline) -> bool:
        """Whether `op`, which returns, has its place now or had it before."""
        kind = op.kind
        if kind == "acquire":
            return self._granted(op) if op.answer else self._refused(op, line)
        if kind == "release":
            return self._released(op) if op.answer else self.holder != op.who
        if kind == "ask":
            return self._seen_held(op) or self._let_in(op, line) if op.answer else self._seen_free(op)
        return self._ended(op, line.maybe)

    def _granted(self, op: Op) -> bool:
        if self.holder == op.who:
            self.times += 1
            return True
        if self.holder is not None and not self._let_go(op.to_ns):
            return False
        self.holder, self.times, self.since_ns, self.leaving = op.who, 1, op.to_ns, None
        return True

    def _refused(self, op: Op, line: Timeline) -> bool:
        return self.holder != op.who and (self._seen_held(op) or self._let_in(op, line))

    def _released(self, op: Op) -> bool:
        if self.holder != op.who:
            return False
        self.times -= 1
        self.leaving = None
        if not self.times:
            self.holder, self.until_ns = None, op.to_ns
        return True

    def _seen_held(self, op: Op) -> bool:
        return self.holder is not None or op.from_ns <= self.until_ns

    def _seen_free(self, op: Op) -> bool:
        return self.holder is None or op.from_ns <= self.since_ns or self._let_go(op.to_ns)

    def _ended(self, op: Op, maybe: set[Who]) -> bool:
        """The last moment for what the session held; and for what it may have taken, which now costs nothing."""
        if self.holder == op.who or (self.holder is None and op.who in maybe and op.who not in self.spent):
            self.holder, self.times, self.until_ns, self.leaving = None, 0, op.to_ns, None
        return True

    def _let_go(self, now_ns: int) -> bool:
        """Before its time is over, as somebody else needs it: whether the holder can."""
        leaving = self.leaving
        if leaving is None or (self.times > 1 and leaving.kind != "end"):
            return False
        if leaving.kind == "end":
            self.spent.add(leaving.who)
        elif leaving.answer:
            self.early.add(leaving)
        self.holder, self.times, self.until_ns, self.leaving = None, 0, now_ns, None
        return True

    def _let_in(self, op: Op, line: Timeline) -> bool:
        """Before its time is over, as `op` needs somebody in: whether the next to be granted has asked by then.

        Nobody else could do so at no cost.  And nobody loses by it, unless somebody still asks and sees it free.
        """
        now_ns = op.to_ns
        granted = line.next_granted(now_ns)
        if granted is None or granted.from_ns > now_ns or line.odd or line.seen_free(now_ns, granted.to_ns):
            return False
        self.holder, self.times, self.since_ns, self.leaving = granted.who, 1, now_ns, None
        self.early.add(granted)
        return True

    def was_true(self, op: Op) -> bool:
        """Whether `op`, which is open and changes nothing, has been true since it began."""
        if op.kind == "ask":
            return self._seen_held(op) if op.answer else self.holder is None or op.from_ns <= self.since_ns
        if op.answer is not False:
            return False
        return self.holder != op.who and (op.kind == "release" or self._seen_held(op))
