"""Wrong refusals: a session got the answer False although no other session can have held the month.

Three checks report them, each with its own cause.
"""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from lock_harness.analysis.calls import Call
from lock_harness.analysis.holds import Span
from lock_harness.analysis.spans import most_at_once
from lock_harness.analysis.view import View
from lock_harness.checks.verdicts import STALLED, Finding
from lock_harness.core.clock import format_ms
from lock_harness.core.program import Month

Cause = Literal["ended session", "other month", "none"]


class WrongRefusal(NamedTuple):
    """A call that was refused a free month.

    free_ns      for how long the month was free, up to the end of the call
    always_free  whether that is the whole call
    before       the possible hold that ended last before
    others       the holds of other months shortly before the end of the call: earlier ones explain no refusal
    """

    call: Call
    month: Month
    before: Span | None
    free_ns: int
    always_free: bool
    others: tuple[Span, ...]

    @property
    def cause(self) -> Cause:
        if self.before and self.before.ending in ("death", "close"):
            return "ended session"
        return "other month" if self.others else "none"


def wrong_refusals(view: View) -> Iterator[WrongRefusal]:
    """Return all acquires and holds that were refused a free month.

    The month was free during the whole call, or at its end for longer than a waiting session may take to get it.  An
    exception that a fault excuses is no refusal, even if the contract of the lock declares exceptions as refusals.
    """
    handover_ns = view.bounds.handover_ms * 1_000_000
    for call in view.calls:
        excused = call.refused_by is not None and view.may_fail(call)
        if call.answer is False and call.month and call.verb in ("acquire", "hold") and not excused:
            returned_ns = call.until_ns
            # a connection that the session had before a fault may hold the month
            own = None if view.session_had_ended(call) else call.session
            before = view.possibly_held(call.month, returned_ns, but=own)
            free_since_ns = before.to_ns if before else 0
            always_free = free_since_ns <= call.invoked_ns
            free_ns = returned_ns - max(free_since_ns, call.invoked_ns)
            late = free_ns >= handover_ns and not view.delays.slowed(call)
            if (always_free or late) and not refused_by_itself(view, call):
                yield WrongRefusal(
                    call=call,
                    month=call.month,
                    before=before,
                    free_ns=free_ns,
                    always_free=always_free,
                    others=view.other_months_held(
                        call.month, max(call.invoked_ns, returned_ns - handover_ns), returned_ns
                    ),
                )


def refused_by_itself(view: View, call: Call) -> bool:
    """Return whether the session that was refused may hold the month, and its contract says that it is refused then."""
    return view.contract.refuses_holder and view.counts.get(call.number) != 0


def refusal_findings(view: View, cause: Cause, why: str) -> list[Finding]:
    """Return a finding for each wrong refusal of one cause.

    It is "unknown" if it depends on an upper bound on time, and the machine stalled.
    `why` may contain {month}, {actor} (of the refused session), {before} (the actor that held the month last), {how} (how
    that hold ended) and {others} (what the other months are, and that they were held).
    """
    refusals = [refusal for refusal in wrong_refusals(view) if refusal.cause == cause]
    most = most_at_once(view.holds) if refusals else 0
    return [_finding(view, refusal, why, most) for refusal in refusals]


def _finding(view: View, refusal: WrongRefusal, why: str, most_months: int) -> Finding:
    call, before, others = refusal.call, refusal.before, refusal.others
    after_session_end = refusal.cause == "ended session"
    since_ns = before.to_ns if before else call.invoked_ns
    if after_session_end:
        # the server may have stalled before the bound was over, too
        since_ns -= view.bounds.release_ms * 1_000_000
    timed = after_session_end or not refusal.always_free
    stalled = timed and view.delays.stalled(since_ns, call.until_ns, refusal.free_ns)
    text = why.format(
        month=refusal.month,
        actor=call.session.actor,
        before=before.session.actor if before else "",
        how=before.ending if before else "",
        others=_name_months(others),
    )
    text += f" (it was free for the last {format_ms(refusal.free_ns)} of the call)"
    text += _describe_limit(refusal, most_months) + (STALLED if stalled else "")
    numbers = [
        call.number,
        *(number for span in (before, *others) if span for number in (span.first, span.last)),
    ]
    evidence = tuple(number for number in numbers if number is not None)
    return Finding(
        "unknown" if stalled else "violated", text, evidence, timed, timed and _by_far(view, refusal)
    )


def _name_months(spans: Sequence[Span]) -> str:
    months = sorted({span.month for span in spans})
    if len(months) == 1:
        return f"another month, {months[0]}, was held"
    return f"other months, {', '.join(map(str, months[:-1]))} and {months[-1]}, were held" if months else ""


def _describe_limit(refusal: WrongRefusal, most_months: int) -> str:
    """Say that no session got as many months at once as the refused call asked for, if that explains the refusal."""
    months = {span.month for span in refusal.others}
    own = all(span.session == refusal.call.session for span in refusal.others)
    if refusal.cause != "other month" or not own or most_months > len(months):
        return ""
    return f"; no session got a {ordinal(len(months) + 1)} month of any kind"


def ordinal(number: int) -> str:
    """Return the number as `first`, `second`, `third` or `4th`."""
    words = {1: "first", 2: "second", 3: "third"}
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10 if number % 100 not in (11, 12, 13) else 0, "th")
    return words.get(number, f"{number}{ending}")


def _by_far(view: View, refusal: WrongRefusal) -> bool:
    """Return whether the month was free for several times as long as a waiting session may take to get it."""
    call, before = refusal.call, refusal.before
    if refusal.cause == "ended session":
        bound_ns, free_since_ns = view.bounds.release_ms * 1_000_000, before.to_ns if before else 0
        from_ns, late_ns = free_since_ns - bound_ns, call.until_ns - free_since_ns
    else:
        bound_ns, late_ns = view.bounds.handover_ms * 1_000_000, refusal.free_ns
        from_ns = call.until_ns - late_ns
    return view.delays.missed_by_far(call, from_ns, call.until_ns, late_ns=late_ns, bound_ns=bound_ns)
