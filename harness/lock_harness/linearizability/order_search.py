"""Every order that can explain a stretch of what happened to one month, kept as the states that they lead to.

"Just-in-time linearization" (G. Lowe, Testing for linearizability, 2017): an operation gets its place in the
order only when it returns, and before it as many others as it needs.  What changes nothing (a refusal, a
question) gets its place as soon as it is true.  The states stay few, since only its holder can let anybody
else in, and since a state is dropped if all that can follow it can follow another one too: what must have its
place has it there, and no more of what need not happen is used up.

A session that ended, and whose last call may have taken the month, can be the one somebody else was refused
by; each can be so once, and the one whose end is due first is the one to use.  Which of them are *spent* is all
that states may differ in without end, so the search knows three economies.  `exact` keeps all such states.
`thrift` keeps the one that spent least: an order that it finds is an order.  For `plenty` nobody is ever spent:
if it finds no order, there is none.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from lock_harness.linearizability.greedy_order import Obvious
from lock_harness.linearizability.lock_history import Op, Who
from lock_harness.linearizability.timeline import Timeline, returning

Economy = Literal["thrift", "plenty", "exact"]
MOST = 200  # states at one moment, before the search gives up


class TooMany(Exception):
    """There are more states to follow than can be followed."""


class State(NamedTuple):
    """Who holds the month how often, which open operations have had their place, and which sessions are spent."""

    holder: Who | None
    times: int
    placed: frozenset[Op]
    spent: frozenset[Who]


class OrderSearch:
    """Goes on where the obvious order ends, until it is obvious again."""

    def __init__(self, line: Timeline, economy: Economy) -> None:
        self.dropped = False  # whether some state was, that might have come further
        self._line = line
        self._economy = economy
        self._begun = 0
        self._now_ns = -1
        self._open: list[Op] = []
        # the ends of sessions that may have taken the month, when these have begun, by when they are due
        self._ending: list[Op] = []
        self._spent: set[Who] = set()

    def search(self, at: int, known: Obvious) -> tuple[int, Obvious | None]:
        """From the return `at` to the first after which one state is left; None: at this one none is left."""
        returns = self._line.returns
        self._go_to(returns[at].to_ns)
        self._forget_before(at)
        states = {self._start(known)}
        for place in range(at, len(returns)):
            op = returns[place]
            if fresh := self._go_to(op.to_ns):
                states = {self._settled(state, fresh) for state in states}
            after = [after for state in states for after in self._placing(op, state)]
            states = self._best([*states, *after] if op.answer is None else after)
            if not states:
                return place, None
            self._close(op)
            states = {self._without(state, op) for state in states}
            if len(states) == 1 and not self._odd_open():
                return place + 1, self._known(*states)
        return len(returns), known

    # What is open

    def _go_to(self, now_ns: int) -> list[Op]:
        """What has begun since we were here last, and is open."""
        self._now_ns = now_ns
        fresh: list[Op] = []
        begins, begun = self._line.begins, self._begun
        while begun < len(begins) and begins[begun].from_ns <= now_ns:
            op = begins[begun]
            begun += 1
            if op.kind == "end" and op.who not in self._line.odd:
                self._open = [one for one in self._open if one.who != op.who]
                fresh = [one for one in fresh if one.who != op.who]
                if op.who in self._line.maybe:
                    insort(self._ending, op, key=returning)
            elif op.to_ns >= now_ns:
                self._open.append(op)
                fresh.append(op)
        self._begun = begun
        return fresh

    def _odd_open(self) -> bool:
        odd = self._line.odd
        return bool(odd) and any(op.who in odd for op in self._open)

    def _forget_before(self, at: int) -> None:
        """What returned while there was nothing to search."""
        returns, now_ns = self._line.returns, self._now_ns
        over = set(returns[bisect_left(returns, now_ns, hi=at, key=returning) : at])
        ended = {op.who for op in self._open if op.kind == "end" and (op.to_ns < now_ns or op in over)}
        self._open = [
            op for op in self._open if op.to_ns >= now_ns and op not in over and op.who not in ended
        ]
        del self._ending[: bisect_left(self._ending, now_ns, key=returning)]

    def _close(self, op: Op) -> None:
        if op.kind == "end":
            self._open = [one for one in self._open if one.who != op.who]
            self._ending = [one for one in self._ending if one is not op]
        else:
            self._open = [one for one in self._open if one is not op]

    # From what is known to states, and back

    def _start(self, known: Obvious) -> State:
        self._spent = known.spent
        placed = frozenset(op for op in self._open if op in known.early or known.was_true(op))
        return State(known.holder, known.times, placed, frozenset())

    def _known(self, state: State) -> Obvious:
        self._spent |= state.spent
        self._ending = [op for op in self._ending if op.who not in state.spent]
        self._open = [
            op
            for op in self._open
            if op.answer is not None
            or not (op in state.placed or (op.kind == "acquire" and op.who in state.spent))
        ]
        leaving = self._end_of(state.holder) or next(
            (
                op
                for op in self._open
                if op.who == state.holder and op.kind == "release" and op.answer is not False
                if op not in state.placed
            ),
            None,
        )
        early = {op for op in state.placed if op.answer is not None}
        return Obvious(state.holder, state.times, -1, -1, leaving, early, self._spent)

    # What can follow

    def _placing(self, op: Op, start: State) -> Iterator[State]:
        """All states that can follow and in which `op`, which returns, has its place."""
        if op in start.placed:
            yield start
            return
        seen, frontier = [start], [start]
        while frontier:
            state = frontier.pop()
            after = self._end(state, op) if op.kind == "end" else self._step(state, op)
            if after is not None:
                yield self._settled(after)
                if not self._line.odd:
                    continue  # what can be done before it, can as well be done later
            for after in map(self._settled, self._moves(state)):
                if op in after.placed:
                    yield after
                elif not any(self._as_good(better, after) for better in seen):
                    seen.append(after)
                    frontier.append(after)

    def _end(self, state: State, end: Op) -> State | None:
        """The last moment for what a session held; and for what it may have taken, which now costs nothing."""
        who, held = end.who, state.holder == end.who
        if who in self._line.odd:
            return self._step(state, end)
        after = State(None, 0, state.placed, state.spent - {who}) if held else state
        unspent = who in self._line.maybe and who not in state.spent and who not in self._spent
        if state.holder is None and unspent:
            return after._replace(placed=self._settled(state._replace(holder=who)).placed)
        return after

    def _moves(self, state: State) -> Iterator[State]:
        end = self._end_of(state.holder)
        if end is not None:
            yield self._freed(state, end)
            return
        granted: Op | None = None
        for op in self._open:
            if op in state.placed or (after := self._step(state, op)) is None:
                continue
            if state.holder is None and op.answer and not self._line.odd:
                granted = op if granted is None or op.to_ns < granted.to_ns else granted
            else:
                yield after
        if (
            granted is not None
        ):  # of all that were granted: the first to return; it could not get in behind another
            yield State(granted.who, 1, state.placed | {granted}, state.spent)
        if state.holder is None:
            for end in self._ending:
                if end.who not in state.spent and end.who not in self._spent:
                    yield self._taken(state, end.who)
                    return

    def _end_of(self, who: Who | None) -> Op | None:
        """The end of a session, if it has begun and nothing else of it matters any more."""
        end = None if who is None or who in self._line.odd else self._line.ends.get(who)
        return end if end is not None and end.from_ns <= self._now_ns else None

    def _freed(self, state: State, end: Op) -> State:
        counts = end.who in self._line.maybe and self._economy != "plenty"
        return State(None, 0, state.placed, state.spent | {end.who} if counts else state.spent)

    def _step(self, state: State, op: Op) -> State | None:
        """The state after `op`, which changes something; None if it cannot be next."""
        if op.answer is False or op.kind == "ask" or self._ended(state, op):
            return None
        mine, odd = state.holder == op.who, op.who in self._line.odd
        placed = state.placed | {op}
        if op.kind == "end":
            return State(None, 0, placed, state.spent) if mine else state._replace(placed=placed)
        if op.kind == "release":
            if state.times > 1:
                return State(op.who, state.times - 1, placed, state.spent) if mine else None
            placed = placed if odd or op.answer else state.placed
            return State(None, 0, placed, state.spent) if mine else None
        if op.answer or odd:
            free = state.holder is None
            return State(op.who, state.times + 1, placed, state.spent) if mine or free else None
        if state.holder is not None or op.who in state.spent:
            return None
        return self._taken(state, op.who)

    def _taken(self, state: State, who: Who) -> State:
        """By a call of which nobody knows whether it took the month."""
        spent = state.spent if self._economy == "plenty" else state.spent | {who}
        return State(who, 1, state.placed, spent)

    def _settled(self, state: State, fresh: Iterable[Op] | None = None) -> State:
        """With all those in their place that change nothing and are true now; `fresh`: only of these."""
        true_now = [
            op
            for op in (self._open if fresh is None else fresh)
            if op not in state.placed and changes_nothing(state.holder, op) and not self._ended(state, op)
        ]
        if not true_now:
            return state
        return State(state.holder, state.times, state.placed.union(true_now), state.spent)

    def _without(self, state: State, op: Op) -> State:
        """When `op` has returned, and so has its place in every state, that need not be said any more."""
        spent = state.spent - {op.who} if op.kind == "end" else state.spent
        return State(state.holder, state.times, state.placed - {op}, spent)

    def _ended(self, state: State, op: Op) -> bool:
        return op.who in self._line.odd and self._line.ends.get(op.who) in state.placed

    # Which states matter

    def _best(self, states: Iterable[State]) -> set[State]:
        """Without those that another is as good as.  `TooMany` if these are too many."""
        kept: list[State] = []
        for state in states:
            if not any(self._as_good(one, state) for one in kept):
                kept = [one for one in kept if not self._as_good(state, one)]
                kept.append(state)
        if len(kept) > MOST:
            raise TooMany
        return self._cheapest(kept) if self._economy == "thrift" and len(kept) > 1 else set(kept)

    def _cheapest(self, states: list[State]) -> set[State]:
        """Of those that differ in nothing but what is spent, one."""
        cheapest: dict[tuple[Who | None, int, frozenset[Op]], State] = {}
        for state in sorted(states, key=lambda one: len(one.spent)):
            cheapest.setdefault(state[:3], state)
        self.dropped |= len(cheapest) < len(states)
        return set(cheapest.values())

    def _as_good(self, one: State, other: State) -> bool:
        """Whether all that can follow `other` can follow `one`."""
        if one.holder != other.holder or one.times != other.times:
            return False
        for op in other.placed - one.placed:
            if op.answer is not None and op.kind != "end":
                return False
        for op in one.placed - other.placed:
            if op.answer is not False and op.kind != "ask":
                return False
        return one.spent <= other.spent or self._cheaper(one.spent - other.spent, other.spent - one.spent)

    def _cheaper(self, ones: frozenset[Who], others: frozenset[Who]) -> bool:
        """Whether for each of `ones` there is one of `others` that can end later, all of them ending by now."""
        ends = [[self._end_of(who) for who in whos] for whos in (ones, others)]
        due = [sorted((end.to_ns for end in some if end is not None), reverse=True) for some in ends]
        return len(ones) == len(due[0]) <= len(due[1]) == len(others) and all(
            mine <= theirs for mine, theirs in zip(*due, strict=False)
        )


def changes_nothing(holder: Who | None, op: Op) -> bool:
    """Whether `op` is true while `holder` has the month, and leaves it so."""
    if op.kind == "ask":
        return op.answer == (holder is not None)
    if op.kind == "acquire":
        return op.answer is False and holder not in (None, op.who)
    return op.kind == "release" and op.answer is False and holder != op.who
