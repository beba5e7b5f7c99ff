"""A search through all orders that can explain a part of a month's history, as the set of states they lead to.

This is the search of J. Wing and C. Gong (Testing and verifying concurrent objects, 1993) with the just-in-time
linearization of G. Lowe (Testing for linearizability, 2017): an operation is placed in the order only when it returns,
after as many others as it requires.  An operation that changes nothing (a refusal, a question) is placed as soon as its
answer is right.  The states stay few for two reasons.  Only the holder of the month can release it.  And a state is
dropped if all that can follow it can also follow another state, which has placed at least the same operations of known
outcome and at most the same indeterminate ones.

The indeterminate acquire of a session that has ended can explain one refusal of another session; after that the session
is *used up*.  If there are several such sessions, the one with the earliest deadline is used first.  The number of
states that differ only in the used-up sessions has no bound, so there are three searches:

exact  keeps all of these states
under  keeps the state with the fewest used-up sessions.  This under-approximates the orders: if it finds one, there
       is one.
over   never uses a session up.  This over-approximates the orders: if it finds none, there is none.
"""

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from lock_harness.linearizability.greedy import GreedyLinearization
from lock_harness.linearizability.lock_history import Op, ServerSession
from lock_harness.linearizability.open_ops import OpenOps
from lock_harness.linearizability.timeline import Timeline

Approximation = Literal["under", "over", "exact"]
# the search gives up with more states than this at one moment
MAX_STATES = 200


class TooManyStates(Exception):
    """The search reached more states than it can follow."""


class LockState(NamedTuple):
    """The holder of the month, how often it holds it, the open operations that are placed, and the used-up sessions."""

    holder: ServerSession | None
    times: int
    placed: frozenset[Op]
    used_up: frozenset[ServerSession]


class OrderSearch:
    """Continues where the greedy linearization needs a choice, until one state is left.

    `dropped`: whether a state was dropped that might have explained more.
    """

    def __init__(self, line: Timeline, approximation: Approximation) -> None:
        self.dropped = False
        self._line = line
        self._approximation = approximation
        self._open = OpenOps(line)
        # the sessions that were used up before this part of the history
        self._used_up: set[ServerSession] = set()

    def search(self, at: int, known: GreedyLinearization) -> tuple[int, GreedyLinearization | None]:
        """Place the operations from the return `at` on, until one state is left.

        Returns the place of the next return and that state.  If no order explains a return, returns its place and None.
        """
        returns = self._line.returns
        self._open.advance_to(returns[at].to_ns)
        self._open.close_before(at)
        states = {self._from_greedy(known)}
        for place in range(at, len(returns)):
            op = returns[place]
            if fresh := self._open.advance_to(op.to_ns):
                states = {self._with_true_answers(state, fresh) for state in states}
            after = [after for state in states for after in self._states_with(op, state)]
            states = self._undominated([*states, *after] if op.answer is None else after)
            if not states:
                return place, None
            self._open.close(op)
            states = {_without(state, op) for state in states}
            if len(states) == 1 and not self._open.any_non_sequential():
                return place + 1, self._to_greedy(*states)
        return len(returns), known

    # From the greedy linearization to states, and back

    def _from_greedy(self, known: GreedyLinearization) -> LockState:
        self._used_up = known.used_up
        placed = frozenset(
            op for op in self._open.ops if op in known.placed_early or known.was_true(op, self._line)
        )
        return LockState(known.holder, known.times, placed, frozenset())

    def _to_greedy(self, state: LockState) -> GreedyLinearization:
        self._used_up |= state.used_up
        self._open.possible_ends = [op for op in self._open.possible_ends if op.session not in state.used_up]
        self._open.keep(lambda op: op.answer is not None or not _is_used(op, state))
        return GreedyLinearization(
            holder=state.holder,
            times=state.times,
            pending_release=self._open.end_of(state.holder) or self._pending_release(state),
            placed_early={op for op in state.placed if op.answer is not None},
            used_up=self._used_up,
        )

    def _pending_release(self, state: LockState) -> Op | None:
        for op in self._open.ops:
            releases = op.kind == "release" and op.answer is not False
            if releases and op.session == state.holder and op not in state.placed:
                return op
        return None

    # The states that can follow

    def _states_with(self, op: Op, start: LockState) -> Iterator[LockState]:
        """Return the states that can follow `start` and in which `op`, which returns, is placed."""
        if op in start.placed:
            yield start
            return
        seen, frontier = [start], [start]
        while frontier:
            state = frontier.pop()
            after = self._after_end(state, op) if op.kind == "end" else self._after(state, op)
            if after is not None:
                yield self._with_true_answers(after)
                if not self._line.non_sequential:
                    # an operation that can be placed before `op` can as well be placed later
                    continue
            for after in map(self._with_true_answers, self._successors(state)):
                if op in after.placed:
                    yield after
                elif not any(self._dominates(better, after) for better in seen):
                    seen.append(after)
                    frontier.append(after)

    def _successors(self, state: LockState) -> Iterator[LockState]:
        """Return the states after one more operation."""
        end = self._open.end_of(state.holder)
        if end is not None:
            yield self._released_by_end(state, end)
            return
        granted: Op | None = None
        for op in self._open.ops:
            if op in state.placed or (after := self._after(state, op)) is None:
                continue
            if state.holder is None and op.answer and not self._line.non_sequential:
                granted = op if granted is None or op.to_ns < granted.to_ns else granted
            else:
                yield after
        if granted is not None:
            # of all acquires that were granted, the first to return: it could not follow another one in time
            yield LockState(granted.session, 1, state.placed | {granted}, state.used_up)
        if state.holder is None:
            for end in self._open.possible_ends:
                if end.session not in state.used_up and end.session not in self._used_up:
                    yield self._acquired_indeterminately(state, end.session)
                    return

    def _after(self, state: LockState, op: Op) -> LockState | None:
        """Return the state after `op`, which changes something; None if it cannot be next."""
        if op.answer is False or op.kind == "is_locked" or self._session_ended(state, op):
            return None
        mine, non_sequential = state.holder == op.session, op.session in self._line.non_sequential
        placed = state.placed | {op}
        if op.kind == "end":
            return LockState(None, 0, placed, state.used_up) if mine else state._replace(placed=placed)
        if op.kind == "release":
            if state.times > 1:
                return LockState(op.session, state.times - 1, placed, state.used_up) if mine else None
            placed = placed if non_sequential or op.answer else state.placed
            return LockState(None, 0, placed, state.used_up) if mine else None
        if op.answer or non_sequential:
            times = 1 if state.holder is None else self._line.times_after(state.times) if mine else None
            return LockState(op.session, times, placed, state.used_up) if times else None
        if state.holder is not None or op.session in state.used_up:
            return None
        return self._acquired_indeterminately(state, op.session)

    def _after_end(self, state: LockState, end: Op) -> LockState | None:
        """Return the state after `end`, which returns: the session's hold ends.

        The hold of an indeterminate acquire can last until now, so it explains open refusals without being used up.
        """
        session, mine = end.session, state.holder == end.session
        if session in self._line.non_sequential:
            return self._after(state, end)
        after = LockState(None, 0, state.placed, state.used_up - {session}) if mine else state
        used_up = session in state.used_up or session in self._used_up
        if state.holder is None and session in self._line.may_have_acquired and not used_up:
            held = self._with_true_answers(state._replace(holder=session))
            return after._replace(placed=held.placed)
        return after

    def _released_by_end(self, state: LockState, end: Op) -> LockState:
        counts = end.session in self._line.may_have_acquired and self._approximation != "over"
        return LockState(None, 0, state.placed, state.used_up | {end.session} if counts else state.used_up)

    def _acquired_indeterminately(self, state: LockState, session: ServerSession) -> LockState:
        used_up = state.used_up if self._approximation == "over" else state.used_up | {session}
        return LockState(session, 1, state.placed, used_up)

    def _with_true_answers(self, state: LockState, among: Iterable[Op] | None = None) -> LockState:
        """Return `state` with all operations placed that change nothing and whose answer is right now."""
        refuses_holder = self._line.refuses_holder
        true_now = [
            op
            for op in (self._open.ops if among is None else among)
            if op not in state.placed
            and changes_nothing(state.holder, op, refuses_holder)
            and not self._session_ended(state, op)
        ]
        if not true_now:
            return state
        return LockState(state.holder, state.times, state.placed.union(true_now), state.used_up)

    def _session_ended(self, state: LockState, op: Op) -> bool:
        return op.session in self._line.non_sequential and self._line.ends.get(op.session) in state.placed

    # The states that matter

    def _undominated(self, states: Iterable[LockState]) -> set[LockState]:
        """Return the states that no other one dominates.  `TooManyStates` if there are too many."""
        kept: list[LockState] = []
        for state in states:
            if not any(self._dominates(one, state) for one in kept):
                kept = [one for one in kept if not self._dominates(state, one)]
                kept.append(state)
        if len(kept) > MAX_STATES:
            raise TooManyStates
        return (
            self._with_fewest_used_up(kept) if self._approximation == "under" and len(kept) > 1 else set(kept)
        )

    def _with_fewest_used_up(self, states: list[LockState]) -> set[LockState]:
        """Return one of the states that differ only in the used-up sessions."""
        fewest: dict[tuple[ServerSession | None, int, frozenset[Op]], LockState] = {}
        for state in sorted(states, key=lambda one: len(one.used_up)):
            fewest.setdefault(state[:3], state)
        self.dropped |= len(fewest) < len(states)
        return set(fewest.values())

    def _dominates(self, one: LockState, other: LockState) -> bool:
        """Whether all that can follow `other` can follow `one`."""
        if one.holder != other.holder or one.times != other.times:
            return False
        for op in other.placed - one.placed:
            if op.answer is not None and op.kind != "end":
                return False
        for op in one.placed - other.placed:
            if op.answer is not False and op.kind != "is_locked":
                return False
        return one.used_up <= other.used_up or self._end_earlier(
            one.used_up - other.used_up, other.used_up - one.used_up
        )

    def _end_earlier(self, ones: frozenset[ServerSession], others: frozenset[ServerSession]) -> bool:
        """Whether for each of `ones` there is one of `others` with a later deadline, all of their ends having begun."""
        ends = [[self._open.end_of(session) for session in sessions] for sessions in (ones, others)]
        due = [sorted((end.to_ns for end in some if end is not None), reverse=True) for some in ends]
        return len(ones) == len(due[0]) <= len(due[1]) == len(others) and all(
            mine <= theirs for mine, theirs in zip(*due, strict=False)
        )


def changes_nothing(holder: ServerSession | None, op: Op, refuses_holder: bool) -> bool:
    """Whether the answer of `op` is right while `holder` holds the month, and `op` leaves it so.

    `refuses_holder`: the holder does not get the month again.
    """
    if op.kind == "is_locked":
        return op.answer == (holder is not None)
    if op.kind == "acquire":
        return op.answer is False and holder is not None and (refuses_holder or holder != op.session)
    return op.kind == "release" and op.answer is False and holder != op.session


def _is_used(op: Op, state: LockState) -> bool:
    """Whether `op`, which is indeterminate, has taken effect, or cannot any more."""
    return op in state.placed or (op.kind == "acquire" and op.session in state.used_up)


def _without(state: LockState, op: Op) -> LockState:
    """Return `state` without `op`, which has returned: it is placed in every state."""
    used_up = state.used_up - {op.session} if op.kind == "end" else state.used_up
    return LockState(state.holder, state.times, state.placed - {op}, used_up)
