"""Greedy linearization: each operation takes effect at its return, and earlier only if a later answer requires it.

An acquire that was granted takes effect when it returns, and a release as well.  They take effect earlier only if another
session has acquired the month by then, or has seen it free.  So each hold is as long as possible.  A refusal or a
question is explained if its answer was right at one moment of the call.  Indeterminate operations do not take effect.
"""

from dataclasses import dataclass, field

from lock_harness.linearizability.lock_history import Op, ServerSession
from lock_harness.linearizability.timeline import Timeline


@dataclass(slots=True)
class GreedyLinearization:
    """The holder of the month, while no choice has to be made.  Then no other state explains more answers.

    holder, times        the session that holds the month, and how often
    held_since_ns        when the holder acquired it
    last_held_ns         when it was last released
    pending_release      the release or end that has begun, by which the holder can give the month up now
    placed_early         the operations that have taken effect and have not returned
    used_up              the sessions whose indeterminate acquire cannot explain a refusal any more
    """

    holder: ServerSession | None = None
    times: int = 0
    held_since_ns: int = -1
    last_held_ns: int = -1
    pending_release: Op | None = None
    placed_early: set[Op] = field(default_factory=set)
    used_up: set[ServerSession] = field(default_factory=set)

    def advance(self, line: Timeline, at: int, watched_before: int) -> tuple[int, int]:
        """Place the operations in the order of their returns, from the return `at` to the first that needs a choice.

        `watched_before` of the timeline's watched operations had begun before.  Returns the place of the first return
        that needs a choice, and how many of the watched operations have begun by then.
        """
        returns, watched, placed_early = line.returns, line.watched, self.placed_early
        begun = watched_before
        upcoming = watched[begun]
        for place in range(at, len(returns)):
            op = returns[place]
            while upcoming.from_ns <= op.to_ns:
                if upcoming.session in line.non_sequential:
                    return place, begun
                if upcoming.session == self.holder:
                    self.pending_release = upcoming
                begun += 1
                upcoming = watched[begun]
            if placed_early and op in placed_early:
                placed_early.remove(op)
            elif not self._place(op, line):
                return place, begun
        return len(returns), begun

    def was_true(self, op: Op, line: Timeline) -> bool:
        """Whether the answer of `op`, which is open and changes nothing, has been right since it began."""
        if op.kind == "is_locked":
            return (
                self._seen_held(op) if op.answer else self.holder is None or op.from_ns <= self.held_since_ns
            )
        if op.answer is not False:
            return False
        if op.kind == "acquire" and self.holder == op.session:
            return line.refuses_holder
        return self.holder != op.session and (op.kind == "release" or self._seen_held(op))

    # One operation at its return

    def _place(self, op: Op, line: Timeline) -> bool:
        """Let `op` take effect; return False if that takes a choice."""
        kind = op.kind
        if kind == "acquire":
            return self._place_acquire(op, line) if op.answer else self._place_refusal(op, line)
        if kind == "release":
            return self._place_release(op) if op.answer else self.holder != op.session
        if kind == "is_locked":
            return self._seen_held(op) or self._grant_early(op, line) if op.answer else self._seen_free(op)
        return self._place_end(op, line.may_have_acquired)

    def _place_acquire(self, op: Op, line: Timeline) -> bool:
        if self.holder == op.session:
            times = line.times_after(self.times)
            self.times = times or self.times
            return times is not None
        if self.holder is not None and not self._release_early(op.to_ns):
            return False
        self.holder, self.times, self.held_since_ns, self.pending_release = op.session, 1, op.to_ns, None
        return True

    def _place_refusal(self, op: Op, line: Timeline) -> bool:
        if self.holder == op.session:
            return line.refuses_holder
        return self._seen_held(op) or self._grant_early(op, line)

    def _place_release(self, op: Op) -> bool:
        if self.holder != op.session:
            return False
        self.times -= 1
        self.pending_release = None
        if not self.times:
            self.holder, self.last_held_ns = None, op.to_ns
        return True

    def _place_end(self, op: Op, may_have_acquired: set[ServerSession]) -> bool:
        """End the session's hold, or the hold of its indeterminate acquire, which can be up to now at no cost."""
        unused = op.session in may_have_acquired and op.session not in self.used_up
        if self.holder == op.session or (self.holder is None and unused):
            self.holder, self.times, self.last_held_ns, self.pending_release = None, 0, op.to_ns, None
        return True

    def _seen_held(self, op: Op) -> bool:
        return self.holder is not None or op.from_ns <= self.last_held_ns

    def _seen_free(self, op: Op) -> bool:
        return self.holder is None or op.from_ns <= self.held_since_ns or self._release_early(op.to_ns)

    # Before its return, because another operation requires it

    def _release_early(self, now_ns: int) -> bool:
        """Release the month by the pending release of the holder; return False if it has none."""
        pending = self.pending_release
        if pending is None or (self.times > 1 and pending.kind != "end"):
            return False
        if pending.kind == "end":
            self.used_up.add(pending.session)
        elif pending.answer:
            self.placed_early.add(pending)
        self.holder, self.times, self.last_held_ns, self.pending_release = None, 0, now_ns, None
        return True

    def _grant_early(self, op: Op, line: Timeline) -> bool:
        """Let the next acquire to be granted take effect by now, as `op` requires a holder; return False if none can.

        Any other session would exclude that acquire.  No answer becomes wrong by it, unless a question that begins
        later sees the month free.
        """
        now_ns = op.to_ns
        granted = line.next_granted(now_ns)
        if granted is None or granted.from_ns > now_ns or line.non_sequential:
            return False
        if line.seen_free(now_ns, granted.to_ns):
            return False
        self.holder, self.times, self.held_since_ns, self.pending_release = granted.session, 1, now_ns, None
        self.placed_early.add(granted)
        return True
