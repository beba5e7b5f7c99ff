"""Programs that differ only by the names of their actors and months: one form for all of them, and its identity."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import permutations

import msgspec

from lock_harness.core.fault import Fault
from lock_harness.core.program import Month, Operation, Program, Step

# With more actors, one order of them is tried instead of all.
MOST_PERMUTED = 6
# `contains` gives up, and answers False, when it would have to compare more steps than this.
MOST_COMPARED = 2_000_000

Row = tuple[int | str | bool, ...]


def canonical(program: Program) -> Program:
    """Return the form that is equal for all programs that differ from this one only by renaming.

    Actors and months are numbered in the order in which they appear.  Left out is what can change from run to run while the
    defect stays the same: choices, pauses, times, and how long an operation waits, but not whether it waits.  The
    order of the steps of different actors counts in lockstep only.  Real distances of months are lost, so a replay
    needs the original program.
    """
    steps = _ordered(program)
    used = list(dict.fromkeys(step.actor for step in steps))
    orders = permutations(used) if len(used) <= MOST_PERMUTED else iter([tuple(used)])
    forms = (_renamed(steps, order, lockstep=program.mode == "lockstep") for order in orders)
    best = min(forms, key=lambda form: [_row(step) for step in form])
    return Program(
        actors=max(1, len(used)),
        months=tuple(
            dict.fromkeys(step.month for step in best if isinstance(step, Operation) and step.month)
        ),
        steps=tuple(best),
        mode=program.mode,
        pooler=program.pooler,
        threads=program.threads,
        settings=program.settings,
    )


def finding_id(checks: Collection[str], program: Program) -> str:
    """Return the identity of a defect: 8 hex digits that depend on the violated checks and the canonical program."""
    form = canonical(program)
    parts = (
        sorted(checks),
        form.mode,
        form.pooler,
        form.threads,
        form.settings,
        [_row(step) for step in form.steps],
    )
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:8]


def contains(program: Program, smaller: Program) -> bool:
    """Return whether the steps of `smaller` occur in `program`, each actor's in order, under some renaming.

    False if it would take too long to know.
    """
    whole, parts = _by_actor(program), _by_actor(smaller)
    months = list(dict.fromkeys(month for steps in parts.values() for _, month in steps if month))
    others = list(dict.fromkeys(month for steps in whole.values() for _, month in steps if month))
    compared = 0
    for actors in permutations(whole, len(parts)):
        for chosen in permutations(others, len(months)):
            compared += sum(len(whole[actor]) for actor in actors)
            if compared > MOST_COMPARED:
                return False
            names = dict(zip(months, chosen, strict=True))
            if all(
                _is_subsequence(steps, whole[actor], names)
                for actor, steps in zip(actors, parts.values(), strict=True)
            ):
                return True
    return False


def _ordered(program: Program) -> Sequence[Step]:
    """Return the steps in an order that means something: in a race and at the gate, actor by actor."""
    if program.mode == "lockstep":
        return program.steps
    return sorted(program.steps, key=lambda step: step.actor)


def _renamed(steps: Iterable[Step], order: Sequence[int], *, lockstep: bool) -> list[Step]:
    """Return the steps with each actor as its place in `order`, and the months in the order of their appearance."""
    places = {actor: place for place, actor in enumerate(order)}
    if not lockstep:
        steps = sorted(steps, key=lambda step: places[step.actor])
    months: dict[Month, Month] = {}
    renamed: list[Step] = []
    for step in steps:
        if isinstance(step, Fault):
            renamed.append(Fault(places[step.actor], step.kind, point=step.point))
            continue
        month = step.month
        if month is not None and month not in months:
            months[month] = Month(2090 + len(months) // 12, 1 + len(months) % 12)
        renamed.append(
            msgspec.structs.replace(
                step,
                actor=places[step.actor],
                month=months[month] if month else None,
                timeout_ms=int(step.timeout_ms > 0),
                pause_us=0,
                at_us=0,
            )
        )
    return renamed


def _row(step: Step) -> Row:
    """Return a step as plain values, to be compared and encoded."""
    if isinstance(step, Fault):
        return step.actor, f"fault {step.kind}", step.point
    month = str(step.month or "")
    return step.actor, step.verb, month, step.timeout_ms, step.raises, step.pending, step.sql_error


def _by_actor(program: Program) -> dict[int, list[tuple[str, Month | None]]]:
    """Return what each actor does, and to which month, in order."""
    steps: dict[int, list[tuple[str, Month | None]]] = {}
    for step in program.steps:
        kind = f"fault {step.kind}" if isinstance(step, Fault) else f"{step.verb} {step.raises}"
        month = step.month if isinstance(step, Operation) else None
        steps.setdefault(step.actor, []).append((kind, month))
    return steps


def _is_subsequence(
    smaller: Iterable[tuple[str, Month | None]],
    whole: Iterable[tuple[str, Month | None]],
    names: Mapping[Month, Month],
) -> bool:
    remaining: Iterator[tuple[str, Month | None]] = iter(whole)
    return all(
        any(kind == found and (names[month] if month else None) == other for found, other in remaining)
        for kind, month in smaller
    )
