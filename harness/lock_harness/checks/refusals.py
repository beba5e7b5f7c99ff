"""Refusals that were wrong: a session was told False although nobody else can have held the month.

Three checks read them, each those of its own cause.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from lock_harness.analysis.calls import Call
from lock_harness.analysis.holds import Span
from lock_harness.analysis.view import View
from lock_harness.checks.verdicts import STALLED, Finding
from lock_harness.core.clock import format_ms
from lock_harness.core.program import Month

Cause = Literal["ended session", "other month", "none"]


class Refusal(NamedTuple):
    """A wrong one: the month was free for `free_ns`, to the end of the call."""

    call: Call
    month: Month
    before: Span | None
    free_ns: int
    always_free: bool
    other: Span | None

    @property
    def cause(self) -> Cause:
        if self.before and self.before.ending in ("death", "close"):
            return "ended session"
        return "other month" if self.other else "none"


def wrong_refusals(view: View) -> Iterator[Refusal]:
    """All acquires and holds that were refused a month that was free.

    Either during the whole call, or at its end for longer than a waiter may take to notice.
    """
    for call in view.calls:
        if call.answer is False and call.month and call.verb in ("acquire", "hold"):
            returned = call.until_ns
            before = view.possibly_held(call.month, returned, but=call.session)
            free_since = before.to_ns if before else 0
            always = free_since <= call.invoked_ns
            free_ns = returned - max(free_since, call.invoked_ns)
            late = free_ns >= view.bounds.handover_ms * 1_000_000 and not view.delays.slowed(call)
            if always or late:
                other = view.other_month_held(call.month, call.invoked_ns, returned)
                yield Refusal(call, call.month, before, free_ns, always, other)


def findings(view: View, cause: Cause, why: str) -> list[Finding]:
    """Those of one cause; a month that was free only at the end needs the stall meter's word.

    `why` may name {month}, {actor} (who was refused), {before} (who had it) and {other} (the other month).
    """
    found: list[Finding] = []
    for refusal in wrong_refusals(view):
        if refusal.cause == cause:
            call, before, other = refusal.call, refusal.before, refusal.other
            text = why.format(
                month=refusal.month,
                actor=call.session.actor,
                before=before.session.actor if before else "nobody",
                how=before.ending if before else "",
                other=other.month if other else "",
            )
            text += f" (free for {format_ms(refusal.free_ns)} of the call)"
            since = before.to_ns if before else call.invoked_ns
            if cause == "ended session":
                since -= view.bounds.release_ms * 1_000_000  # the bound is part of what may have stalled
            leaned_on_time = not refusal.always_free or cause == "ended session"
            stalled = leaned_on_time and view.delays.stalled(since, call.until_ns, refusal.free_ns)
            text += STALLED if stalled else ""
            numbers = [call.number] + [n for s in (before, other) if s for n in (s.first, s.last)]
            evidence = tuple(number for number in numbers if number is not None)
            found.append(Finding("unknown" if stalled else "violated", text, evidence, leaned_on_time))
    return found
