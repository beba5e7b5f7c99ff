"""The draw of a scenario: the kinds of steps of each mode, and a request for random programs."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import Literal

from lock_harness.core.fault import FaultKind, FaultTraits, fault_kinds
from lock_harness.core.program import THREAD_VERBS, Mode, Pooler, Settings
from lock_harness.core.values import check_fields

Weights = Mapping[str, int]

OPTIONAL_VERBS = frozenset({"hold", "sql_error", "believes", "is_locked", "list", "inspect", "spawn"})
"""The kinds of steps that a lock may lack.  Steps of these kinds are not drawn for a lock that lacks them."""

MAX_MONTHS = 24
"""A run uses the months of two years."""

FAULTS_BY_STEP_KIND: dict[str, FaultKind] = {
    "crash" if kind == "kill" else kind: kind for kind in fault_kinds(lambda _: True)
}
"""The fault of each kind of step that is one.  All but `crash` have the name of their fault."""


def _fault_steps(having: Callable[[FaultTraits], bool]) -> Iterator[str]:
    kinds = fault_kinds(having)
    return (name for name, kind in FAULTS_BY_STEP_KIND.items() if kind in kinds)


GATE_OPERATIONS = ("acquire", "release", "hold", "sql_error", "believes", "is_locked", "list", "reopen")
OPERATIONS = (*GATE_OPERATIONS, "inspect", "spawn")

VERB_OF_STEP_KIND = {"long_body": "hold"}
"""The optional verb that a kind of step with another name needs."""

PLANNED = ("deadline", "long", "long_body")
"""The kinds whose operations have planned times, and for which an actor waits for another one."""

THREAD_KINDS = THREAD_VERBS - {"count"} | {"round"}
"""The kinds of steps that can be drawn for actors that share a session."""

STEP_KINDS: dict[Mode, tuple[str, ...]] = {
    "lockstep": (*OPERATIONS, "wait", *_fault_steps(lambda one: not (one.lasting or one.needs_gate))),
    "race": (*OPERATIONS, "round", *PLANNED, *_fault_steps(lambda one: not one.needs_gate)),
    "gate": (*GATE_OPERATIONS, "round", *_fault_steps(lambda one: bool(one.gate_points))),
}
"""The kinds of steps that can be drawn in each mode.

Most are an operation or a fault.  A `wait` is an acquire that stays pending while the others continue.  A `round` is
an acquire, a count and a release.  A `deadline` frees a month at the moment when the timeout of an actor that waits for it
ends.  A `long` is a hold that outlasts every bound while another actor waits; a `long_body` is the same with `hold`.
"""


def check_kinds(given: Collection[str], mode: Mode) -> None:
    """Raise `ValueError` if one of the given kinds of steps cannot be drawn in this mode."""
    kinds = STEP_KINDS[mode]
    for kind in given:
        if kind not in kinds:
            close = get_close_matches(kind, kinds, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"use one of {', '.join(kinds)}"
            raise ValueError(f"{kind!r} is not a kind of step in mode {mode!r}: {hint}")


@dataclass(frozen=True)
class Draw:
    """A request for random programs.  All ranges are inclusive.

    Attributes:
        weights: How often each kind of step is drawn, relative to the others.  The kinds are in `STEP_KINDS`.
        actors: How many actors a program has.
        months: How many months they use.
        steps: How many steps are drawn; a step may become more than one operation.
        faults: The most faults in one program.
        taken_ms: In lockstep, the timeouts of an acquire that the others wait for, if the month is probably taken.
        mode: How the steps are ordered.
        pooler: The mode of a PgBouncer between the actors and the server.
        settings: Settings of the database, by name, such as `{"statement_timeout": "1s"}`.
        rounds: In a race, how many times every actor takes its steps.
        scheduler: At the gate, the scheduler that decides which actor moves next.  `choices` draws each decision, mostly that the same
            actor continues.  `random` and `pct` are described in `lock_harness.core.schedule`.
        threads: In a race, how many actors at a time are threads of one process and share one session.
        depth: The depth of the faults that `pct` looks for.

    Raises:
        ValueError: A value has the wrong type or is out of range.
    """

    weights: Weights
    actors: tuple[int, int] = (2, 5)
    months: tuple[int, int] = (1, 4)
    steps: tuple[int, int] = (1, 16)
    faults: int = 2
    taken_ms: tuple[int, ...] = (0, 0, 1, 20)
    mode: Mode = "lockstep"
    pooler: Pooler | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    rounds: tuple[int, int] = (1, 1)
    scheduler: Literal["choices", "random", "pct"] = "choices"
    depth: int = 3
    threads: int = 1

    @property
    def program_settings(self) -> Settings:
        """The settings, as a program has them."""
        return tuple(self.settings.items())

    def __post_init__(self) -> None:
        check_fields(self, *(one.name for one in fields(self)))
        self._check_mode()
        self._check_weights()
        self._check_numbers()

    def _check_mode(self) -> None:
        if self.mode == "gate" and self.pooler:
            raise ValueError(f"the gate cannot have the pooler {self.pooler!r}: leave out one of them")
        if self.scheduler != "choices" and self.mode != "gate":
            raise ValueError(f"only the gate can have the scheduler {self.scheduler!r}, not {self.mode}")
        if self.depth != Draw.depth and self.scheduler != "pct":
            raise ValueError(f"only scheduler 'pct' can have a depth of {self.depth}, not {self.scheduler!r}")
        if self.threads != 1:
            self._check_threads()
        if self.rounds != (1, 1) and self.mode != "race":
            raise ValueError(f"only a race can have rounds {self.rounds}, not {self.mode}")

    def _check_threads(self) -> None:
        if self.threads < 1 or self.mode != "race":
            raise ValueError(f"threads must be 1 (in a race 1 or more), not {self.threads}")
        if wrong := [kind for kind in self.weights if kind not in THREAD_KINDS]:
            raise ValueError(
                f"actors that share a session cannot run {wrong[0]!r}: use {', '.join(sorted(THREAD_KINDS))}"
            )

    def _check_weights(self) -> None:
        check_kinds(self.weights, self.mode)
        if not self.weights or min(self.weights.values()) < 1:
            raise ValueError(
                f"weights must have kinds of steps with 1 or more each, not {dict(self.weights)}"
            )

    def _check_numbers(self) -> None:
        if self.actors[0] < 2 and (planned := [kind for kind in PLANNED if kind in self.weights]):
            raise ValueError(f"{planned[0]!r} needs 2 actors or more, not {self.actors[0]}")
        if self.depth < 1:
            raise ValueError(f"depth must be 1 or more, not {self.depth}")
        if self.faults < 0:
            raise ValueError(f"faults must be 0 or more, not {self.faults}")
        if min(self.taken_ms, default=-1) < 0:
            raise ValueError(f"taken_ms must have timeouts of 0 or more, not {self.taken_ms}")
        ranges = {"actors": self.actors, "months": self.months, "steps": self.steps, "rounds": self.rounds}
        for name, (least, most) in ranges.items():
            if not 1 <= least <= most:
                raise ValueError(f"{name} must be a range (least, most) from 1 on, not {(least, most)}")
        if self.months[1] > MAX_MONTHS:
            raise ValueError(f"months must be at most {MAX_MONTHS}, not {self.months[1]}")


def supported_weights(draw: Draw, verbs: frozenset[str]) -> Weights:
    """Return the weights of the kinds of steps that a lock with these verbs supports."""
    return {
        kind: weight
        for kind, weight in draw.weights.items()
        if (verb := VERB_OF_STEP_KIND.get(kind, kind)) in verbs or verb not in OPTIONAL_VERBS
    }
