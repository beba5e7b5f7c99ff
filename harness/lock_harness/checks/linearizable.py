"""Is there any order in which these operations on a re-entrant session lock could have taken effect?

Operations overlap, those of unknown outcome may have happened or not, a session that ends frees what it holds
at some time within the bound.  Mostly the order is obvious (`obvious_order`): one sweep in the order of the
returns, which makes no choice, so that its state is as good as any other that could be.  Where it does not
explain an answer, all orders are tried from there on (`order_search`), until one state is left that is as good
as any other; there the sweep goes on.
"""

from bisect import bisect_right
from collections.abc import Iterable

from lock_harness.analysis.view import View
from lock_harness.checks.verdicts import Finding, verdict
from lock_harness.core.program import Month
from lock_harness.core.verdict import Verdict
from lock_harness.linearizability.greedy_order import Obvious
from lock_harness.linearizability.lock_history import Op, lock_history
from lock_harness.linearizability.order_search import Economy, OrderSearch, TooMany
from lock_harness.linearizability.timeline import Timeline, beginning


def linearizable(view: View) -> Verdict:
    found: list[Finding] = []
    for month, ops in lock_history(view).items():
        try:
            stuck = unexplained(ops)
        except TooMany:
            why = f"the calls on {month} could have taken effect in more orders than can be tried"
            found.append(Finding("unknown", why, ()))
            continue
        if stuck is not None:
            found.append(_violation(month, stuck, timed=any(op.kind == "end" for op in ops)))
    return verdict("linearizable", found)


def _violation(month: Month, stuck: Op, timed: bool) -> Finding:
    why = (
        f"no order of the calls on {month} explains the {stuck.kind} of actor {stuck.who.session.actor} "
        f"that answered {stuck.answer}"
    )
    return Finding("violated", why, (stuck.number,), timed)


def unexplained(ops: Iterable[Op]) -> Op | None:
    """The first operation, by the time of its return, that no order explains; None if there is an order.

    `TooMany` if it cannot be told in a reasonable time: it takes very many calls of unknown outcome at once.
    """
    line = Timeline(ops)
    stuck, sure = _stuck(line, "thrift")
    if stuck is None or sure:
        return stuck
    return _stuck(line, "plenty")[0] or _stuck(line, "exact")[0]


def _stuck(line: Timeline, economy: Economy) -> tuple[Op | None, bool]:
    """The first operation that is not explained, and whether no state was dropped on the way to it."""
    search, obvious = OrderSearch(line, economy), Obvious()
    at = noticed = 0
    while True:
        at, noticed = obvious.go(line, at, noticed)
        if at == len(line.returns):
            return None, True
        at, found = search.search(at, obvious)
        if found is None:
            return line.returns[at], not search.dropped
        obvious = found
        noticed = bisect_right(line.notices, line.returns[at - 1].to_ns, key=beginning)
