"""What happened to one month, as operations on a re-entrant lock, each with the time in which it took effect.

This is the vocabulary of `linearizable`: from calls, deaths and closes to what an order has to explain.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from harness.checks.view import FOREVER, Call, Owner, View
from harness.model import Month

Kind = Literal["acquire", "release", "ask", "end"]
Who = tuple[Owner, int]  # a session that the server ended may be followed by another one of the same owner


class Op(NamedTuple):
    """It took effect at one moment between `from_ns` and `to_ns`.

    `answer` None: whether it took effect at all is not known (and then `to_ns` is FOREVER).  An `end` frees all
    that `who` holds, and nothing of `who` takes effect after it.
    """

    who: Who
    kind: Kind
    answer: bool | None
    from_ns: int
    to_ns: int
    number: int


def lock_history(view: View) -> dict[Month, list[Op]]:
    """The operations on each month."""
    months: dict[Month, list[Op]] = {month: [] for month in view.history.months}
    ends = dict(_ends(view))
    for call in view.calls:
        if call.month is None or call.verb not in ("acquire", "release", "hold", "is_locked"):
            continue
        months.setdefault(call.month, []).extend(_of_call(view, call))
    for ops in months.values():
        present = {op.who for op in ops}
        ops += [end for who, end in ends.items() if who in present]
    return months


def _ends(view: View) -> Iterator[tuple[Who, Op]]:
    """When sessions ended: by a death, by their own close, or because the server was told to end them."""
    bound_ns = view.bounds.release_ms * 1_000_000
    for owner, cut in view.cuts.items():
        yield (
            (owner, 0),
            Op((owner, 0), "end", True, cut.told_ns, min(FOREVER, cut.healed_ns + bound_ns), cut.number),
        )
    for call in view.calls:
        if call.verb == "reopen":
            who = call.owner, int(call.owner in view.cuts)
            kill = view.kills.get(call.owner)
            returned = call.returned_ns if call.returned_ns is not None else kill.at_ns if kill else None
            until = FOREVER if returned is None else returned + bound_ns
            yield who, Op(who, "end", True, call.invoked_ns, until, call.number)
    for owner, kill in view.kills.items():
        who = owner, int(owner in view.cuts)
        if not any(call.verb == "reopen" and call.owner == owner for call in view.calls):
            yield who, Op(who, "end", True, kill.at_ns, kill.at_ns + bound_ns, kill.number)


def _of_call(view: View, call: Call) -> Iterator[Op]:
    cut = view.cuts.get(call.owner)
    who = call.owner, int(cut is not None and call.invoked_ns >= cut.done_ns)
    unsure = call.unsure or (
        cut is not None and cut.told_ns < call.until_ns and call.invoked_ns < cut.done_ns
    )
    if call.verb == "hold":
        yield from _of_hold(call, who, unsure)
    elif call.verb == "is_locked":
        if not unsure:
            yield Op(who, "ask", call.answer, call.invoked_ns, call.until_ns, call.number)
    else:
        kind: Kind = "acquire" if call.verb == "acquire" else "release"
        until = FOREVER if unsure else call.until_ns
        yield Op(who, kind, None if unsure else call.answer, call.invoked_ns, until, call.number)


def _of_hold(call: Call, who: Who, unsure: bool) -> Iterator[Op]:
    """An acquire before the body and a release after it.

    Of a body that was not seen, as a lock command's is not, both may have happened or not.
    """
    if call.entered_ns is not None and not unsure:
        yield Op(who, "acquire", True, call.invoked_ns, call.entered_ns, call.number)
        left = call.entered_ns if call.left_ns is None else call.left_ns
        yield Op(who, "release", True, left, call.until_ns, call.number)
    elif call.answer is False and not unsure:
        yield Op(who, "acquire", False, call.invoked_ns, call.until_ns, call.number)
    else:
        yield Op(who, "acquire", None, call.invoked_ns, FOREVER, call.number)
        yield Op(who, "release", None, call.invoked_ns, FOREVER, call.number)
