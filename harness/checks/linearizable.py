"""Is there any order in which these operations on a re-entrant session lock could have taken effect?

Operations overlap, those of unknown outcome may have happened or not, a session that ends frees what it holds
at some time within the bound.  The search keeps every state that the lock can be in, and gives an operation
its place in the order only when it returns: "just-in-time linearization" (G. Lowe, Testing for
linearizability, 2017).  For a lock the states stay few: only its holder can let anybody else in, and what
changes nothing (a refusal, a question) is put in its place as soon as any state allows it; and of two states
that differ only in what has had its place, the one with more left to happen is enough.
"""

from bisect import bisect_right
from collections.abc import Iterable

from harness.checks.lock_history import Op, lock_history
from harness.checks.obvious_order import Obvious
from harness.checks.order_search import Economy, Search
from harness.checks.timeline import Timeline, beginning
from harness.checks.verdicts import Finding, verdict
from harness.checks.view import View
from harness.model import Verdict


def linearizable(view: View) -> Verdict:
    found: list[Finding] = []
    for month, ops in lock_history(view).items():
        if (stuck := unexplained(ops)) is not None:
            why = (
                f"no order of the calls on {month} explains the {stuck.kind} of actor {stuck.who.owner[0]} "
                f"that answered {stuck.answer}"
            )
            timed = any(op.kind == "end" for op in ops)
            found.append(Finding("violated", why, (stuck.number,), timed))
    return verdict("linearizable", found)


def unexplained(ops: Iterable[Op]) -> Op | None:
    """The first operation, by the time of its return, that no order explains; None if there is an order."""
    line = Timeline(ops)
    stuck, sure = _stuck(line, "thrift")
    if stuck is None or sure:
        return stuck
    return _stuck(line, "plenty")[0] or _stuck(line, "exact")[0]


def _stuck(line: Timeline, economy: Economy) -> tuple[Op | None, bool]:
    """The first operation that is not explained, and whether no state was dropped on the way to it."""
    search, obvious = Search(line, economy), Obvious()
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
