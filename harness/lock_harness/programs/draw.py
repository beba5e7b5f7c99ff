"""What to draw: the kinds of steps of each mode, and how a scenario asks for them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Literal

from lock_harness.core.fault import FaultKind, FaultTraits, fault_kinds
from lock_harness.core.program import Mode, Pooler
from lock_harness.core.values import check_fields

Weights = Mapping[str, int]


OPTIONAL_VERBS = frozenset({"hold", "is_locked", "list", "spawn"})  # verbs that a lock need not have


MAX_MONTHS = 24


FAULTS_BY_STEP_KIND: dict[str, FaultKind] = {
    "crash" if kind == "kill" else kind: kind for kind in fault_kinds(lambda _: True)
}
COMMON_KINDS = ("acquire", "release", "hold", "is_locked", "list", "reopen", "spawn")


def _named(having: Callable[[FaultTraits], bool]) -> Iterator[str]:
    kinds = fault_kinds(having)
    return (name for name, kind in FAULTS_BY_STEP_KIND.items() if kind in kinds)


STEP_KINDS: dict[Mode, tuple[str, ...]] = {
    "lockstep": (*COMMON_KINDS, "wait", *_named(lambda fault: not (fault.lasting or fault.needs_gate))),
    "race": (*COMMON_KINDS, "round", *_named(lambda fault: not fault.needs_gate)),
    "gate": (
        *(kind for kind in COMMON_KINDS if kind != "spawn"),
        "round",
        *_named(lambda fault: bool(fault.gate_points)),
    ),
}


@dataclass(frozen=True)
class Draw:
    """What to draw: inclusive ranges, and how often each kind of step is wanted beside the others.

    The kinds are in `STEP_KINDS`.  In lockstep a wait is an acquire that stays pending while the others go on; in a
    race, and at the gate, a round is acquire, count, release.  A crash is SIGKILL; the other faults have the names of their kinds,
    see `lock_harness.core.fault.Fault`; at the gate they strike at a message.  `faults`: how many at most.
    `rounds`: in a race, how often every actor takes its steps.
    `pooler`: the mode of a PgBouncer between the actors and the server.
    `scheduler`: at the gate, who says who moves next: choices that are drawn, mostly that the same actor goes on;
    `random`; or `pct` with a `depth`, see `lock_harness.core.schedule.Pct`.
    `taken_ms`: in lockstep, timeouts for a month that somebody else holds, when everybody waits for the answer.
    """

    weights: Weights
    actors: tuple[int, int] = (2, 5)
    months: tuple[int, int] = (1, 4)
    steps: tuple[int, int] = (1, 16)
    faults: int = 2
    taken_ms: tuple[int, ...] = (0, 0, 1, 20)
    mode: Mode = "lockstep"
    pooler: Pooler | None = None
    rounds: tuple[int, int] = (1, 1)
    scheduler: Literal["choices", "random", "pct"] = "choices"
    depth: int = 3

    def __post_init__(self) -> None:
        check_fields(self, *(one.name for one in fields(self)))
        if self.mode == "gate" and self.pooler:
            raise ValueError("there is no pooler at the gate")
        if self.scheduler != "choices" and self.mode != "gate":
            raise ValueError(f"scheduler {self.scheduler!r}: only the gate has a choice, not {self.mode}")
        self._check_weights()
        self._check_numbers()

    def _check_numbers(self) -> None:
        if self.depth < 1:
            raise ValueError(f"depth must be 1 or more, not {self.depth}")
        if self.depth != Draw.depth and self.scheduler != "pct":
            raise ValueError(f"depth {self.depth}: only scheduler 'pct' has one, not {self.scheduler!r}")
        if self.faults < 0 or min(self.taken_ms, default=-1) < 0:
            raise ValueError(f"faults {self.faults}, taken_ms {self.taken_ms}: they must be 0 or more")
        for name, (least, most) in {
            "actors": self.actors,
            "months": self.months,
            "steps": self.steps,
            "rounds": self.rounds,
        }.items():
            if not 1 <= least <= most:
                raise ValueError(f"{name} must be a range of 1 or more, not {(least, most)}")
        if self.rounds != (1, 1) and self.mode != "race":
            raise ValueError(f"rounds {self.rounds}: only a race can have more than one")
        if self.months[1] > MAX_MONTHS:
            raise ValueError(f"months {self.months}: there are {MAX_MONTHS} in the two years of a run")

    def _check_weights(self) -> None:
        for kind in self.weights:
            kinds = STEP_KINDS[self.mode]
            if kind not in kinds:
                close = get_close_matches(kind, kinds, 1)
                hint = f"did you mean {close[0]!r}?" if close else f"they are {', '.join(kinds)}"
                raise ValueError(f"{kind!r} is no kind of step in {self.mode}: {hint}")
        if not self.weights or min(self.weights.values()) < 1:
            raise ValueError(f"each kind of step needs a weight of 1 or more, not {dict(self.weights)}")
