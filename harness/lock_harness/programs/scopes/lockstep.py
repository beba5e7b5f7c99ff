"""All programs of one size in lockstep, each once up to names and steps that do not interact.

A program is left out if it cannot show more than another one that is run.  The rules, and why they are sound:

Names
    Actors and months are interchangeable, so they are numbered as they first appear.

Looks
    `is_locked`, `believes`, `list` and `inspect` ask, and change nothing that another answer depends on.  So looks that
    follow each other commute, and are taken in one order.  The same look twice in a row gives the same answer, so it
    is taken once.  A look of an actor whose session was ended is none: the actor notices it and opens another session.  Nor is
    the look of an actor that waits: it begins when the wait is over.

New sessions
    A session in which nothing was done holds nothing.  To close it and to open another, by `reopen` or by a fault that ends the
    process, leads to the same state.  A fault that ends the session affects no other actor, so it commutes with the steps
    of the others, and is injected directly before the next step of its own actor.  If its actor takes no further step,
    it shows no more than alone, so it is a program of one step.

Ended sessions
    A client acts only during its calls.  Until the next call another fault changes nothing, and the end of the process is
    the same as its end in place of the fault.

Statements
    A fault that cancels a statement has no effect on an actor that does not wait.

Server
    A fault of the whole server hits all actors alike, so it is injected once, through actor 0.

A lock that breaks an assumption, such as an `is_locked` that frees the month, also fails in a program that is run, since that
look is left out only beside another one.  A client that acts between its calls, in a thread of its own, may fail in
programs that are left out; the drawn scenarios have them.
"""

from collections.abc import Iterator
from functools import cache
from typing import Literal, NamedTuple

from lock_harness.core.fault import FAULTS, FaultTraits
from lock_harness.programs.draw import FAULTS_BY_STEP_KIND
from lock_harness.programs.scopes.choice import Choice, Scope, all_choices

LOOKS = ("believes", "inspect", "is_locked", "list")


class _ActorState(NamedTuple):
    """What an actor has done.

    Attributes:
        session: `new`: nothing was done in it.  `ended`: a fault has ended it, and the actor has not noticed.
        asked: The months that it may hold, or wait for.
        waits: Its last step was a `wait` for a month that another actor may hold.
    """

    session: Literal["new", "used", "ended"] = "new"
    asked: frozenset[int] = frozenset()
    waits: bool = False


class _State(NamedTuple):
    """All that decides which steps may follow.

    Attributes:
        actors: The actors that have taken a step.
        months: How many months were used.
        last_look: The last step, if it was a look.
        next_actor: The only actor that may take the next step; None if all may.
    """

    actors: tuple[_ActorState, ...] = ()
    months: int = 0
    last_look: Choice | None = None
    next_actor: int | None = None

    def actor(self, number: int) -> _ActorState:
        return self.actors[number] if number < len(self.actors) else _ActorState()


_START = _State()


@cache
def count(scope: Scope, size: int, state: _State = _START) -> int:
    """Return the number of programs that have `size` further steps after `state`."""
    if size == 0:
        return 1
    return sum(count(scope, size - 1, after) for _, after in _following(scope, state, size))


def choices(scope: Scope, size: int, first: int, state: _State = _START) -> Iterator[tuple[Choice, ...]]:
    """Generate the sequences of `size` further steps after `state`, from number `first` on."""
    if size == 0:
        yield ()
        return
    for choice, after in _following(scope, state, size):
        total = count(scope, size - 1, after)
        if first < total:
            for further in choices(scope, size - 1, first, after):
                yield (choice, *further)
        first = max(0, first - total)


def _following(scope: Scope, state: _State, size: int) -> Iterator[tuple[Choice, _State]]:
    """Generate the steps that may follow, `size` of them with this one, each with the state after it."""
    actors = min(len(state.actors) + 1, scope.actors)
    months = min(state.months + 1, scope.months)
    for choice in all_choices(scope, actors, months):
        if state.next_actor in (None, choice.actor) and not _is_left_out(state, choice, size):
            yield choice, _after(state, choice)


def _is_left_out(state: _State, choice: Choice, size: int) -> bool:
    """Return whether every program with this step here shows no more than another program; see the module."""
    actor = state.actor(choice.actor)
    if choice.kind in FAULTS_BY_STEP_KIND:
        is_alone = size == 1 and state == _START
        return _fault_is_left_out(choice, actor, is_last=size == 1 and not is_alone)
    if choice.kind == "reopen":
        return actor.session == "new"
    if _is_look(actor, choice) and state.last_look:
        return _order(choice) <= _order(state.last_look)
    return False


def _fault_is_left_out(choice: Choice, actor: _ActorState, *, is_last: bool) -> bool:
    traits = FAULTS[FAULTS_BY_STEP_KIND[choice.kind]]
    if traits.whole_server:
        return choice.actor > 0
    if traits.ends_process:
        return actor.session != "used"
    if traits.ends_session:
        return actor.session == "ended" or (actor.session == "new" and is_last)
    return not actor.waits


def _is_look(actor: _ActorState, choice: Choice) -> bool:
    return choice.kind in LOOKS and actor.session != "ended" and not actor.waits


def _order(look: Choice) -> tuple[str, int, int]:
    return (look.kind, -1 if look.month is None else look.month, look.actor)


def _after(state: _State, choice: Choice) -> _State:
    """Return the state after a step."""
    before = state.actor(choice.actor)
    traits = FAULTS[FAULTS_BY_STEP_KIND[choice.kind]] if choice.kind in FAULTS_BY_STEP_KIND else None
    if traits and traits.whole_server:
        hit = tuple(one._replace(session="used") for one in state.actors)
        return state._replace(actors=hit, last_look=None)
    if traits:
        after = _after_fault(before, traits)
    elif choice.kind == "reopen":
        after = _ActorState()
    else:
        after = _after_operation(state, before, choice)
    ends_new = after.session == "ended" and before.session == "new"
    return _State(
        actors=(*state.actors[: choice.actor], after, *state.actors[choice.actor + 1 :]),
        months=max(state.months, -1 if choice.month is None else choice.month + 1),
        last_look=choice if _is_look(before, choice) else None,
        next_actor=choice.actor if ends_new else None,
    )


def _after_fault(before: _ActorState, traits: FaultTraits) -> _ActorState:
    if traits.ends_process:
        return _ActorState()
    if not traits.ends_session:
        return before
    # the call of an actor that waits fails, so the actor notices, and may have opened another session
    return _ActorState("used" if before.waits else "ended")


def _after_operation(state: _State, before: _ActorState, choice: Choice) -> _ActorState:
    others = (one for number, one in enumerate(state.actors) if number != choice.actor)
    waits = choice.kind == "wait" and any(choice.month in one.asked for one in others)
    asks = choice.kind in ("acquire", "wait", "hold", "sql_error")
    asked = before.asked | {choice.month} if asks and choice.month is not None else before.asked
    return _ActorState("used", asked, waits)
