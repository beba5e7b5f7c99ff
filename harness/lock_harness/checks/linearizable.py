"""Every answer is explained by one order in which the operations on a session lock took effect.

Operations overlap, indeterminate ones may have happened or not, and a session that ends releases its months at some
time within the bound.  For most histories the greedy linearization (`linearizability.greedy`) explains every answer: one
pass in the order of the returns, which makes no choice, so no other state could explain more.  Where it does not explain
an answer, all orders are tried from there on (`linearizability.order_search`) until one state is left, which dominates
all others.  There the greedy pass continues.
"""

from bisect import bisect_right
from collections.abc import Iterable

from lock_harness.analysis.view import View
from lock_harness.checks.verdicts import Finding, verdict
from lock_harness.core.contract import Reentrancy
from lock_harness.core.program import Month
from lock_harness.core.verdict import Verdict
from lock_harness.linearizability.greedy import GreedyLinearization
from lock_harness.linearizability.lock_history import Op, lock_history
from lock_harness.linearizability.order_search import Approximation, OrderSearch, TooManyStates
from lock_harness.linearizability.timeline import Timeline, beginning


def linearizable(view: View) -> Verdict:
    """Every answer about a month is explained by one order of the operations on it."""
    found: list[Finding] = []
    for month, ops in lock_history(view).items():
        try:
            op = first_unexplained(ops, view.contract.reentrant)
        except TooManyStates:
            why = f"the calls on {month} could have taken effect in more orders than can be tried"
            found.append(Finding("unknown", why, ()))
            continue
        if op is not None:
            found.append(_violation(month, op, timed=any(op.kind == "end" for op in ops)))
    return verdict("linearizable", found)


def _violation(month: Month, op: Op, timed: bool) -> Finding:
    why = (
        f"no order of the calls on {month} explains that the {op.kind} by actor {op.session.id.actor} "
        f"answered {op.answer}"
    )
    return Finding("violated", why, (op.number,), timed)


def first_unexplained(ops: Iterable[Op], reentrant: Reentrancy = "counted") -> Op | None:
    """Return the first operation, by the time of its return, that no order explains; None if an order explains all.

    `TooManyStates` if that takes too long, which requires very many indeterminate calls at once.
    """
    line = Timeline(ops, reentrant)
    op, certain = search_orders(line, "under")
    if op is None or certain:
        return op
    return search_orders(line, "over")[0] or search_orders(line, "exact")[0]


def search_orders(line: Timeline, approximation: Approximation) -> tuple[Op | None, bool]:
    """Return the first operation that no order of this search explains, and whether that is certain."""
    search, greedy = OrderSearch(line, approximation), GreedyLinearization()
    at = watched_begun = 0
    while True:
        at, watched_begun = greedy.advance(line, at, watched_begun)
        if at == len(line.returns):
            return None, True
        at, found = search.search(at, greedy)
        if found is None:
            return line.returns[at], not search.dropped
        greedy = found
        watched_begun = bisect_right(line.watched, line.returns[at - 1].to_ns, key=beginning)
