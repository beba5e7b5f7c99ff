"""The answers that a correct lock gives to calls that are made one after another.

Where time or the server decides, the answer is not determined: what follows from it is not determined either.
"""

from typing import NamedTuple

from lock_harness.core.contract import Contract
from lock_harness.core.history import Event
from lock_harness.core.program import Month


class Expectation(NamedTuple):
    """The expected answer to one call and the reason for it; the answer is None if it is not determined."""

    answer: bool | tuple[Month, ...] | None = None
    why: str = ""


UNDETERMINED = Expectation()
ANY_ACTOR = -1


class SequentialLock:
    """A correct lock with the given contract, which is told of each call and each end of a session.

    Args:
        handover_ms: How long a waiting call may take to get a month that became free.
    """

    def __init__(self, months: tuple[Month, ...], contract: Contract, handover_ms: int) -> None:
        self._months = months
        self._contract = contract
        self._handover_ns = handover_ms * 1_000_000
        # the actor that holds a month, and how often
        self._owners: dict[Month, tuple[int, int]] = {}
        # an actor that may hold a month
        self._unsure: dict[Month, int] = {}
        # the only waiting actor of a month that became free, and when that was
        self._next: dict[Month, tuple[int, int]] = {}
        self._waiting: dict[int, Month] = {}
        # actors whose clients continue without their session
        self._lost: set[int] = set()

    def call(self, invoke: Event, *, pending: bool = False) -> Expectation:
        """Make a call, and return the answer to expect.  That of a call that waits is returned by `join`."""
        actor, month = invoke.actor, invoke.month
        if invoke.verb == "reopen":
            self.end_session(actor, invoke.at_ns)
            return UNDETERMINED
        if invoke.verb == "list":
            return self._list(actor)
        assert month is not None
        if actor in self._lost or month in self._unsure or month in self._next:
            return self._call_unsure(invoke, month)
        holder = self._owners.get(month)
        mine = holder is not None and holder[0] == actor
        why = "no actor holds it" if holder is None else f"actor {holder[0]} holds it"
        match invoke.verb:
            case "believes":
                return Expectation(mine, why)
            case "is_locked":
                return Expectation(holder is not None, why)
            case "release":
                self._release(actor, month, invoke.at_ns)
                return Expectation(mine, why)
        granted = holder is None or (mine and not self._contract.refuses_holder)
        if pending and not granted and not mine:
            self._waiting[actor] = month
            return UNDETERMINED
        if granted and invoke.verb == "acquire":
            times = holder[1] if holder and self._contract.counts_holds else 0
            self._owners[month] = (actor, times + 1)
        elif granted and mine and self._contract.reentrant == "once":
            self._free(month, invoke.at_ns)
        return Expectation(granted, why)

    def join(self, invoke: Event, returned: Event | None) -> Expectation:
        """Return the answer to expect of a pending call that had to wait."""
        actor = invoke.actor
        month = self._waiting.pop(actor, None)
        if month is None or month in self._unsure:
            return UNDETERMINED
        if month not in self._next:
            return Expectation(False, f"actor {self._owners[month][0]} holds it")
        _, freed_ns = self._next.pop(month)
        deadline_ns = invoke.at_ns + invoke.timeout_ms * 1_000_000
        if (returned is not None and returned.answer) or deadline_ns - freed_ns > self._handover_ns:
            self._owners[month] = (actor, 1)
            return Expectation(True, "it became free during the wait")
        self._unsure[month] = actor
        return UNDETERMINED

    def end_session(self, actor: int, at_ns: int) -> None:
        """End the session of an actor, which frees its months."""
        self._lost.discard(actor)
        self._waiting.pop(actor, None)
        self._next = {month: after for month, after in self._next.items() if after[0] != actor}
        self._unsure = {month: other for month, other in self._unsure.items() if other != actor}
        for month in [month for month, holder in self._owners.items() if holder[0] == actor]:
            self._free(month, at_ns)

    def lose_session(self, actor: int, at_ns: int) -> None:
        """End the session of an actor whose client continues: its next call raises, or it connects again."""
        waited = self._waiting.get(actor)
        self.end_session(actor, at_ns)
        self._lost.add(actor)
        if waited is not None:
            self._unsure[waited] = actor

    def _list(self, actor: int) -> Expectation:
        if actor in self._lost or self._unsure or self._next:
            return UNDETERMINED
        held = tuple(month for month in self._months if month in self._owners)
        return Expectation(held, "these months are held")

    def _call_unsure(self, invoke: Event, month: Month) -> Expectation:
        if invoke.verb == "believes" and invoke.actor in self._lost and month not in self._unsure:
            return Expectation(False, "its session has ended")
        if invoke.verb not in ("believes", "is_locked"):
            before = self._unsure.get(month, invoke.actor)
            known = before == invoke.actor and month not in self._next and month not in self._owners
            self._unsure[month] = before if known else ANY_ACTOR
            self._next.pop(month, None)
        return UNDETERMINED

    def _release(self, actor: int, month: Month, at_ns: int) -> None:
        holder, times = self._owners.get(month, (ANY_ACTOR, 0))
        if holder != actor:
            return
        if times > 1:
            self._owners[month] = (actor, times - 1)
        else:
            self._free(month, at_ns)

    def _free(self, month: Month, at_ns: int) -> None:
        del self._owners[month]
        waiting = [actor for actor, waited in self._waiting.items() if waited == month]
        if len(waiting) == 1:
            self._next[month] = (waiting[0], at_ns)
        elif waiting:
            # the server decides which of them is the next one
            self._unsure[month] = ANY_ACTOR
