"""The steps of which all programs are enumerated."""

from collections.abc import Collection, Iterator
from typing import Literal, NamedTuple

from lock_harness.core.fault import FAULTS, Fault
from lock_harness.core.program import VERBS_WITH_MONTH, Month, Operation, Step, Verb
from lock_harness.programs.draw import FAULTS_BY_STEP_KIND, OPTIONAL_VERBS

WAIT_MS = 100
"""The timeout of a `wait`.  It passes only if its actor takes another step, or cannot get the month in the end."""


class Choice(NamedTuple):
    """One step of a program: its kind, its actor, and its month if the kind has one, as numbers."""

    kind: str
    actor: int
    month: int | None


class Scope(NamedTuple):
    """The programs that are enumerated: the kinds of their steps, how many actors and months they have, and their mode."""

    kinds: tuple[str, ...]
    actors: int
    months: int
    mode: Literal["lockstep", "gate"] = "lockstep"


def scope_of(
    kinds: Collection[str],
    verbs: Collection[str],
    *,
    actors: int,
    months: int,
    mode: Literal["lockstep", "gate"] = "lockstep",
) -> Scope:
    """Return the scope for a lock with these verbs: kinds of steps that it does not have are left out."""
    supported = (kind for kind in kinds if kind in verbs or kind not in OPTIONAL_VERBS)
    return Scope(tuple(sorted(supported)), actors, months, mode)


def step(choice: Choice, months: tuple[Month, ...]) -> Step:
    """Return the step that a choice stands for.  At the gate a fault hits the next message of its actor."""
    kind, actor, number = choice
    month = None if number is None else months[number]
    if fault := FAULTS_BY_STEP_KIND.get(kind):
        return Fault(actor, fault, point="after" if FAULTS[fault].needs_gate else "before")
    if kind == "wait":
        return Operation(actor, "acquire", month, WAIT_MS, pending=True)
    if kind == "sql_error":
        return Operation(actor, "hold", month, raises=True, sql_error=True)
    return Operation(actor, _VERBS[kind], month)


_VERBS: dict[str, Verb] = {
    "acquire": "acquire",
    "release": "release",
    "hold": "hold",
    "believes": "believes",
    "is_locked": "is_locked",
    "list": "list",
    "inspect": "inspect",
    "reopen": "reopen",
    "spawn": "spawn",
}
_WITH_MONTH = {*VERBS_WITH_MONTH, "wait", "sql_error"}


def all_choices(scope: Scope, actors: int, months: int) -> Iterator[Choice]:
    """Generate the steps of these many actors and months."""
    for kind in scope.kinds:
        for actor in range(actors):
            for month in range(months) if kind in _WITH_MONTH else (None,):
                yield Choice(kind, actor, month)
