"""Is there any order in which these operations on a re-entrant session lock could have taken effect?

Operations overlap, those of unknown outcome may have happened or not, a session that ends frees what it holds
at some time within the bound.  The search keeps every state that the lock can be in, and gives an operation
its place in the order only when it returns: "just-in-time linearization" (G. Lowe, Testing for
linearizability, 2017).  For a lock the states stay few: only its holder can let anybody else in, and what
changes nothing (a refusal, a question) is put in its place as soon as any state allows it; and of two states
that differ only in what has had its place, the one with more left to happen is enough.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from harness.checks.lock_history import Op, Who, lock_history
from harness.checks.verdicts import Finding, verdict
from harness.checks.view import FOREVER, View
from harness.model import Verdict


def linearizable(view: View) -> Verdict:
    found: list[Finding] = []
    for month, ops in lock_history(view).items():
        if (stuck := unexplained(ops)) is not None:
            why = (
                f"no order of the calls on {month} explains the {stuck.kind} of actor {stuck.who[0][0]} "
                f"that answered {stuck.answer}"
            )
            timed = any(op.kind == "end" for op in ops)
            found.append(Finding("violated", why, (stuck.number,), timed))
    return verdict("linearizable", found)


class State(NamedTuple):
    """Who holds the lock how often, and which of the open operations have had their place in the order."""

    holder: Who | None
    times: int
    placed: frozenset[Op]


FREE = State(None, 0, frozenset())


def unexplained(ops: Iterable[Op]) -> Op | None:
    """The first operation, by the time of its return, that no order explains; None if there is an order."""
    states, still_open = {FREE}, set[Op]()
    for op, returns in _boundaries(ops):
        if not returns:
            still_open.add(op)
            states = {_settled(state, still_open) for state in states}
            continue
        states = _best(state for start in states for state in _placing(op, start, still_open))
        if not states:
            return op
        still_open -= {one for one in still_open if one == op or (op.kind == "end" and one.who == op.who)}
        states = {State(state.holder, state.times, state.placed & still_open) for state in states}
    return None


def _boundaries(ops: Iterable[Op]) -> Iterator[tuple[Op, bool]]:
    """All beginnings and, with True, all returns, in the order of time; at one moment beginnings come first."""
    bounds = [(op.from_ns, 0, number, op) for number, op in enumerate(ops)]
    bounds += [(op.to_ns, 1, number, op) for _, _, number, op in bounds if op.to_ns != FOREVER]
    for _, returns, _, op in sorted(bounds):
        yield op, bool(returns)


def _placing(op: Op, start: State, still_open: set[Op]) -> Iterator[State]:
    """All states that can follow `start` and in which `op` has its place."""
    if op in start.placed:
        yield start
        return
    seen, frontier = [start], [start]
    while frontier:
        state = frontier.pop()
        for one in still_open - state.placed:
            after = _step(state, one)
            if after is None:
                continue
            after = _settled(after, still_open)
            if op in after.placed:
                yield after
            elif not any(_as_good(better, after) for better in seen):
                seen.append(after)
                frontier.append(after)


def _as_good(one: State, other: State) -> bool:
    """Whether all that can follow `other` can follow `one`.

    What must have its place has it in `one` too; what need not have one, or can have it at any time, has it
    in `one` only if it has it in `other`.
    """
    return (
        (one.holder, one.times) == (other.holder, other.times)
        and all(op in one.placed for op in other.placed if op.answer is not None and op.kind != "end")
        and all(op in other.placed for op in one.placed if op.answer is not False and op.kind != "ask")
    )


def _best(states: Iterable[State]) -> set[State]:
    """Without those that another is as good as."""
    kept: list[State] = []
    for state in states:
        if not any(_as_good(one, state) for one in kept):
            kept = [one for one in kept if not _as_good(state, one)]
            kept.append(state)
    return set(kept)


def _step(state: State, op: Op) -> State | None:
    """The state after `op`, which changes something; None if it cannot be next."""
    if any(one.kind == "end" and one.who == op.who for one in state.placed):
        return None
    placed = state.placed | {op}
    mine = state.holder == op.who
    if op.kind == "acquire" and op.answer is not False and (mine or state.holder is None):
        return State(op.who, state.times + 1, placed)
    if op.kind == "release" and op.answer is not False and mine:
        return State(op.who, state.times - 1, placed) if state.times > 1 else State(None, 0, placed)
    if op.kind == "end":
        return State(None, 0, placed) if mine else State(state.holder, state.times, placed)
    return None


def _settled(state: State, still_open: set[Op]) -> State:
    """With all those in their place that change nothing and are true now."""
    ended = {one.who for one in state.placed if one.kind == "end"}
    true_now = {op for op in still_open if op.who not in ended and _changes_nothing(state, op)}
    return State(state.holder, state.times, state.placed | true_now) if true_now else state


def _changes_nothing(state: State, op: Op) -> bool:
    if op.kind == "ask":
        return op.answer == (state.holder is not None)
    if op.kind == "acquire":
        return op.answer is False and state.holder not in (None, op.who)
    return op.kind == "release" and op.answer is False and state.holder != op.who
