"""Draws for lockstep: the steps depend on a model of which actor holds and awaits which month.

With the model most steps are meaningful.  A release is mostly of a month that the actor holds, and a wait mostly for a month
that another actor holds and can release.  The model may be wrong, for example about which of several waiting actors gets
a month.  Then some steps mean less; no check uses the model.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lock_harness.core.contract import DEFAULT, Contract
from lock_harness.core.fault import FAULTS, Fault, FaultKind
from lock_harness.core.program import Month, Operation, Program, Step
from lock_harness.programs.draw import FAULTS_BY_STEP_KIND, Draw
from lock_harness.programs.draws.digits import Digits

FREE_TIMEOUTS_MS = (0, 50, 200)
"""For a month that is free."""
SHORT_WAITS_MS = (20, 30, 50)
"""For a wait that ends at its timeout, while others continue."""
LONG_WAIT_MS = 2000
"""For a wait that is ended by a release or a crash of the holder."""


@dataclass
class _HoldModel:
    """Which actor holds and awaits which month, if the lock is correct.

    A method that ends a wait generates the `join` step of the actor that waited, so that the others continue only when
    that actor has its month.

    Attributes:
        held: For each month that is held, the actor and how many times it acquired the month.
        waiting: For each actor with a pending acquire, the month.
        lost: Holds that ended with their session.  The actor may not have noticed, and may still release the month.
    """

    actors: int
    months: tuple[Month, ...]
    taken_ms: tuple[int, ...]
    contract: Contract = DEFAULT
    held: dict[Month, tuple[int, int]] = field(default_factory=dict)
    waiting: dict[int, Month] = field(default_factory=dict)
    lost: list[tuple[int, Month]] = field(default_factory=list)
    faults: int = 0

    def idle_actors(self) -> list[int]:
        """Return the actors that can take a step."""
        return [actor for actor in range(self.actors) if actor not in self.waiting]

    def actors_without_hold(self) -> list[int]:
        """Return the actors that can take a step and hold nothing; if there is none, all that can take a step."""
        holders = {actor for actor, _ in self.held.values()}
        idle = self.idle_actors()
        return [actor for actor in idle if actor not in holders] or idle

    def releasable(self) -> list[tuple[int, Month]]:
        """Return the holds of actors that can take a step."""
        return [(actor, month) for month, (actor, _) in self.held.items() if actor not in self.waiting]

    def acquire(self, actor: int, month: Month) -> None:
        """Give `month` to `actor`, unless another actor holds it."""
        holder, count = self.held.get(month, (actor, 0))
        if holder == actor:
            self.held[month] = (actor, count + 1 if self.contract.counts_holds else 1)

    def release(self, actor: int, month: Month) -> Iterator[Step]:
        """Release `month` once, if `actor` holds it."""
        holder, count = self.held.get(month, (actor, 0))
        if holder == actor and count > 1:
            self.held[month] = (actor, count - 1)
        elif holder == actor and count == 1:
            yield from self._free(month)

    def end_session(self, actor: int) -> Iterator[Step]:
        """End the session of `actor`, with its wait and its holds."""
        self.waiting.pop(actor, None)
        for month in [month for month, (holder, _) in self.held.items() if holder == actor]:
            yield from self._free(month)

    def remember_lost(self, actor: int) -> None:
        """Note that the holds of `actor` are about to end without its doing."""
        self.lost += [(actor, month) for month, (holder, _) in self.held.items() if holder == actor]

    def end_all_sessions(self) -> None:
        """End the sessions of all actors."""
        for actor in range(self.actors):
            self.remember_lost(actor)
        self.waiting.clear()
        self.held.clear()

    def _free(self, month: Month) -> Iterator[Step]:
        """Free `month` and let the waiting actors have it, one after another."""
        del self.held[month]
        for actor in [actor for actor, awaited in self.waiting.items() if awaited == month]:
            del self.waiting[actor]
            self.held.setdefault(month, (actor, 1))
            yield Operation(actor, "join")


def decode(
    draw: Draw,
    *,
    weights: Mapping[str, int],
    actors: int,
    months: tuple[Month, ...],
    numbers: Sequence[int],
    contract: Contract = DEFAULT,
) -> Program:
    """Return the program that these drawn numbers stand for."""
    model = _HoldModel(actors=actors, months=months, taken_ms=draw.taken_ms, contract=contract)
    steps: list[Step] = []
    for number in numbers:
        digits = Digits(number)
        kind = digits.weighted(weights)
        if kind not in FAULTS_BY_STEP_KIND:
            steps.extend(_OPERATIONS[kind](model, digits))
        elif model.faults < draw.faults:
            steps.extend(_fault(model, digits, FAULTS_BY_STEP_KIND[kind]))
    return Program(actors=actors, months=months, steps=tuple(steps), pooler=draw.pooler)


# Each of these functions generates the steps of one kind, and updates the model.


def _acquire(model: _HoldModel, digits: Digits) -> Iterator[Step]:
    actor, month = digits.of(model.idle_actors()), digits.of(model.months)
    holder, count = model.held.get(month, (actor, 0))
    taken = holder != actor or (count > 0 and model.contract.refuses_holder)
    model.acquire(actor, month)
    yield Operation(actor, "acquire", month, digits.of(model.taken_ms if taken else FREE_TIMEOUTS_MS))


def _wait(model: _HoldModel, digits: Digits) -> Iterator[Step]:
    """Wait for a month whose holder can release it.  Without such a month, acquire."""
    idle = model.idle_actors()
    options = [(actor, month) for holder, month in model.releasable() for actor in idle if actor != holder]
    if not options:
        yield from _acquire(model, digits)
        return
    actor, month = digits.of(options)
    alone = month not in model.waiting.values()
    timeout_ms = LONG_WAIT_MS if alone and not digits.once_in(4) else digits.of(SHORT_WAITS_MS)
    model.waiting[actor] = month
    yield Operation(actor, "acquire", month, timeout_ms, pending=True)


def _release(model: _HoldModel, digits: Digits) -> Iterator[Step]:
    """Release a month that is held or was lost, sometimes any month.  If there is none to release, acquire."""
    options = model.releasable() + [one for one in model.lost if one[0] not in model.waiting]
    if digits.once_in(8):
        actor, month = digits.of(model.idle_actors()), digits.of(model.months)
    elif options:
        actor, month = digits.of(options)
        model.lost = [one for one in model.lost if one != (actor, month)]
    else:
        yield from _acquire(model, digits)
        return
    yield Operation(actor, "release", month)
    yield from model.release(actor, month)


def _hold(model: _HoldModel, digits: Digits) -> Iterator[Step]:
    actor, month = digits.of(model.idle_actors()), digits.of(model.months)
    raises = digits.once_in(2)
    yield Operation(actor, "hold", month, digits.of(model.taken_ms), raises=raises)
    if model.held.get(month, (-1, 0))[0] == actor and model.contract.reentrant == "once":
        # the release at the end of the body frees the month
        yield from model.release(actor, month)


def _sql_error(model: _HoldModel, digits: Digits) -> Iterator[Step]:
    actor, month = digits.of(model.actors_without_hold()), digits.of(model.months)
    yield Operation(actor, "hold", month, digits.of(model.taken_ms), raises=True, sql_error=True)


def _inspect(model: _HoldModel, digits: Digits) -> Iterator[Step]:
    yield Operation(digits.of(model.actors_without_hold()), "inspect")


def _believes(model: _HoldModel, digits: Digits) -> Iterator[Step]:
    """Ask the client about a month that it holds or has lost, sometimes about any month."""
    options = model.releasable() + [one for one in model.lost if one[0] not in model.waiting]
    if options and not digits.once_in(4):
        actor, month = digits.of(options)
    else:
        actor, month = digits.of(model.idle_actors()), digits.of(model.months)
    yield Operation(actor, "believes", month)


def _is_locked(model: _HoldModel, digits: Digits) -> Iterator[Step]:
    yield Operation(digits.of(model.idle_actors()), "is_locked", digits.of(model.months))


def _list(model: _HoldModel, digits: Digits) -> Iterator[Step]:
    yield Operation(digits.of(model.idle_actors()), "list")


def _spawn(model: _HoldModel, digits: Digits) -> Iterator[Step]:
    """Spawn a program from a holder if there is one: a program that inherits its connection keeps its session alive."""
    holders = [actor for actor, _ in model.releasable()]
    yield Operation(digits.of(holders or model.idle_actors()), "spawn")


def _reopen(model: _HoldModel, digits: Digits) -> Iterator[Step]:
    holders = [actor for actor, _ in model.releasable()]
    actor = digits.of(holders or model.idle_actors())
    yield Operation(actor, "reopen")
    yield from model.end_session(actor)


def _fault(model: _HoldModel, digits: Digits, kind: FaultKind) -> Iterator[Step]:
    """Inject a fault, mostly into a holder, sometimes into any actor."""
    holders = [actor for actor, _ in model.held.values()]
    actor = digits.of(holders) if holders and not digits.once_in(4) else digits.below(model.actors)
    model.faults += 1
    yield Fault(actor, kind)
    if FAULTS[kind].whole_server:
        model.end_all_sessions()
    elif kind != "cancel":
        # A new process knows nothing of the holds of the old one.
        if not FAULTS[kind].ends_process:
            model.remember_lost(actor)
        yield from model.end_session(actor)


_OPERATIONS = {
    "acquire": _acquire,
    "wait": _wait,
    "release": _release,
    "hold": _hold,
    "sql_error": _sql_error,
    "believes": _believes,
    "is_locked": _is_locked,
    "list": _list,
    "inspect": _inspect,
    "reopen": _reopen,
    "spawn": _spawn,
}
