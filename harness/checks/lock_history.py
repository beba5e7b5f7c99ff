"""What happened to one month, as operations on a re-entrant lock, each with the time in which it took effect.

This is the vocabulary of `linearizable`: from calls, deaths and closes to what an order has to explain.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec

from harness.checks.view import FOREVER, Call, Owner, View
from harness.model import Month

Kind = Literal["acquire", "release", "ask", "end"]
Who = tuple[Owner, int]  # a session that the server ended may be followed by another one of the same owner
KINDS: dict[str, Kind] = {"acquire": "acquire", "release": "release", "is_locked": "ask"}


class Op(msgspec.Struct, frozen=True, eq=False, gc=False):
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

    __hash__ = object.__hash__


def lock_history(view: View) -> dict[Month, list[Op]]:
    """The operations on each month."""
    months: dict[Month, list[Op]] = {month: [] for month in view.history.months}
    whos: dict[Owner, Who] = {}
    for call in view.calls:
        month, kind = call.month, KINDS.get(call.verb)
        if month is None or (kind is None and call.verb != "hold"):
            continue
        ops = months.setdefault(month, [])
        if kind is None or call.owner in view.cuts:
            ops.extend(_of_call(view, call, kind))
            continue
        who = whos.setdefault(call.owner, (call.owner, 0))
        if call.answer is not None and call.returned_ns is not None and call.error is None:
            ops.append(Op(who, kind, call.answer, call.invoked_ns, call.returned_ns, call.number))
        elif kind != "ask":
            ops.append(Op(who, kind, None, call.invoked_ns, FOREVER, call.number))
    ends = dict(_ends(view))
    for ops in months.values():
        present = {op.who: None for op in ops}  # in their order
        ops += [ends[who] for who in present if who in ends]
    return months


def _ends(view: View) -> Iterator[tuple[Who, Op]]:
    """When sessions ended: by a death, by their own close, or because the server was told to end them."""
    bound_ns = view.bounds.release_ms * 1_000_000
    for owner, cut in view.cuts.items():
        until = min(FOREVER, cut.healed_ns + bound_ns)
        yield (owner, 0), Op((owner, 0), "end", True, cut.told_ns, until, cut.number)
    closes = [call for call in view.calls if call.verb == "reopen"]
    for call in closes:
        who = call.owner, int(call.owner in view.cuts)
        kill = view.kills.get(call.owner)
        returned = call.returned_ns if call.returned_ns is not None else kill.at_ns if kill else None
        until = FOREVER if returned is None else returned + bound_ns
        yield who, Op(who, "end", True, call.invoked_ns, until, call.number)
    closed = {call.owner for call in closes}
    for owner, kill in view.kills.items():
        if owner not in closed:
            who = owner, int(owner in view.cuts)
            yield who, Op(who, "end", True, kill.at_ns, kill.at_ns + bound_ns, kill.number)


def _of_call(view: View, call: Call, kind: Kind | None) -> Iterator[Op]:
    """Those of any call; `kind` None: of a hold."""
    cut = view.cuts.get(call.owner)
    who = call.owner, int(cut is not None and call.invoked_ns >= cut.done_ns)
    unsure = call.unsure or (
        cut is not None and cut.told_ns < call.until_ns and call.invoked_ns < cut.done_ns
    )
    if kind is None:
        yield from _of_hold(call, who, unsure)
    elif kind != "ask" or not unsure:
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
