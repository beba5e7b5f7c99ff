"""A scenario: what to draw, how to schedule it, what to expect.  And how scenario files are found."""

import importlib.util
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import msgspec

from lock_harness.actors.session import Attempt
from lock_harness.checks import CHECKS
from lock_harness.core.errors import UserError, one_line
from lock_harness.core.fault import ANYWHERE, GATE_FAULTS, LASTING_FAULTS, Fault, FaultKind
from lock_harness.core.model import Bounds, Month, Operation, Pooler, Program, Schedule, Step
from lock_harness.core.values import check_fields, check_struct

if TYPE_CHECKING:
    from lock_harness.locks.interface import Lock
    from lock_harness.locks.loading import LockSpec

Weights = Mapping[str, int]
SHIPPED_PACKAGE = "lock_harness.scenarios"
SHIPPED = Path(__file__).parents[1] / "scenarios"
OPTIONAL = frozenset({"hold", "is_locked", "list", "spawn"})  # verbs that a lock need not have
MOST_MONTHS = 24
FAULTS: dict[str, FaultKind] = {"crash" if kind == "kill" else kind: kind for kind in get_args(FaultKind)}
EITHER = ("acquire", "release", "hold", "is_locked", "list", "reopen", "spawn")


def _named(kinds: Collection[FaultKind]) -> Iterator[str]:
    return (name for name, kind in FAULTS.items() if kind in kinds)


KINDS: dict[Schedule, tuple[str, ...]] = {
    "lockstep": (*EITHER, "wait", *_named(ANYWHERE - LASTING_FAULTS)),
    "race": (*EITHER, "round", *_named(ANYWHERE)),
    "gate": (*(kind for kind in EITHER if kind != "spawn"), "round", *_named(GATE_FAULTS)),
}


@dataclass(frozen=True)
class Draw:
    """What to draw: inclusive ranges, and how often each kind of step is wanted beside the others.

    The kinds are in `KINDS`.  In lockstep a wait is an acquire that stays pending while the others go on; in a
    race, and at the gate, a round is acquire, count, release.  A crash is SIGKILL; the other faults have the names of their kinds,
    see `lock_harness.core.fault.Fault`; at the gate they strike at a message.  `faults`: how many at most.
    `rounds`: in a race, how often every actor takes its steps.
    `pooler`: the mode of a PgBouncer between the actors and the server.
    `algorithm`: at the gate, who says who moves next: choices that are drawn, mostly that the same actor goes on;
    `random`; or `pct` with a `depth`, see `lock_harness.core.schedule.Pct`.
    `taken_ms`: in lockstep, timeouts for a month that somebody else holds, when everybody waits for the answer.
    """

    weights: Weights
    actors: tuple[int, int] = (2, 5)
    months: tuple[int, int] = (1, 4)
    steps: tuple[int, int] = (1, 16)
    faults: int = 2
    taken_ms: tuple[int, ...] = (0, 0, 1, 20)
    schedule: Schedule = "lockstep"
    pooler: Pooler | None = None
    rounds: tuple[int, int] = (1, 1)
    algorithm: Literal["choices", "random", "pct"] = "choices"
    depth: int = 3

    def __post_init__(self) -> None:
        check_fields(self, *(one.name for one in fields(self)))
        if self.schedule == "gate" and self.pooler:
            raise ValueError("there is no pooler at the gate")
        if self.algorithm != "choices" and self.schedule != "gate":
            raise ValueError(f"algorithm {self.algorithm!r}: only the gate has a choice, not {self.schedule}")
        self._check_weights()
        self._check_numbers()

    def _check_numbers(self) -> None:
        if self.depth < 1:
            raise ValueError(f"depth must be 1 or more, not {self.depth}")
        if self.depth != Draw.depth and self.algorithm != "pct":
            raise ValueError(f"depth {self.depth}: only algorithm 'pct' has one, not {self.algorithm!r}")
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
        if self.rounds != (1, 1) and self.schedule != "race":
            raise ValueError(f"rounds {self.rounds}: only a race can have more than one")
        if self.months[1] > MOST_MONTHS:
            raise ValueError(f"months {self.months}: there are {MOST_MONTHS} in the two years of a run")

    def _check_weights(self) -> None:
        for kind in self.weights:
            kinds = KINDS[self.schedule]
            if kind not in kinds:
                close = get_close_matches(kind, kinds, 1)
                hint = f"did you mean {close[0]!r}?" if close else f"they are {', '.join(kinds)}"
                raise ValueError(f"{kind!r} is no kind of step in {self.schedule}: {hint}")
        if not self.weights or min(self.weights.values()) < 1:
            raise ValueError(f"each kind of step needs a weight of 1 or more, not {dict(self.weights)}")


@dataclass(frozen=True)
class Every:
    """Every order in which the messages of one program can reach the server.

    `switches`: no more than so many from an actor who could go on to another; None: without a bound, and then orders
    that differ only in what commutes are run once, see `lock_harness.gate.schedulers.exhaustive`.  Not with faults, which
    reach further than the statement that they strike at.
    """

    program: Program
    switches: int | None = None

    @property
    def reduces(self) -> bool:
        """Whether some orders may stand for others."""
        return not any(isinstance(step, Fault) for step in self.program.steps)

    def __post_init__(self) -> None:
        check_fields(self, "program", "switches")
        if self.switches is not None and self.switches < 0:
            raise ValueError(f"switches must be 0 or more, not {self.switches}")
        if self.program.schedule != "gate":
            raise ValueError(
                f"only the gate can try every order, not {self.program.schedule}: use at_gate(...)"
            )


@dataclass(frozen=True)
class CrashPoints:
    """One program, and every fault at every message of its actor 0: one run for each, and none is left out.

    Each is run twice: then the one who was struck goes on, or another actor moves first.  What the lock cannot do is left
    out of the program.  See `lock_harness.programs.crash_points`.
    """

    program: Program

    def __post_init__(self) -> None:
        check_fields(self, "program")
        if self.program.schedule != "gate":
            raise ValueError(
                f"only the gate can strike at a message, not {self.program.schedule}: use at_gate(...)"
            )
        if any(isinstance(step, Fault) for step in self.program.steps):
            raise ValueError(
                "a program whose crash points are tried has no faults of its own: leave them out"
            )
        if all(step.actor != 0 for step in self.program.steps):
            raise ValueError("actor 0 is the one who is struck: give it a step")


What = Draw | Program | Every | CrashPoints


class Equipment(NamedTuple):
    """What the world of a program must have besides actors and a server."""

    faults: frozenset[FaultKind] = frozenset()
    pooler: Pooler | None = None
    gate: bool = False


NO_EQUIPMENT = Equipment()


def equipment(what: What) -> Equipment:
    """What it takes to carry out a program, or whatever may be drawn."""
    if isinstance(what, CrashPoints):
        return Equipment(frozenset(GATE_FAULTS) - {"late"}, gate=True)
    if isinstance(what, Every):
        return equipment(what.program)
    more = what.pooler, what.schedule == "gate"
    if isinstance(what, Draw):
        return Equipment(frozenset(FAULTS[kind] for kind in what.weights if kind in FAULTS), *more)
    return Equipment(frozenset(step.kind for step in what.steps if isinstance(step, Fault)), *more)


@dataclass(frozen=True)
class Scenario:
    """`what` is drawn anew for each example, or one fixed program, or that program in every order, or with every fault.

    `lock` and `expects` belong to planted locks: a broken lock, and the check that must catch it.
    `on_request`: run only when it is named, as planted locks are, since it takes long.
    `name` and `about` come from the scenario's file.
    """

    what: What
    examples: int = 200
    bounds: Bounds = field(default_factory=Bounds)
    lock: "LockSpec | Lock | None" = None
    expects: str | None = None
    on_request: bool = False
    name: str = ""
    about: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.what, What):
            kind = type(self.what).__name__  # type: ignore[unreachable]
            raise ValueError(
                f"what must be a Program, Draw, Every or CrashPoints, not a {kind}: see program(...)"
            )
        if not isinstance(self.what, Draw):
            check_struct(self.what if isinstance(self.what, Program) else self.what.program)
        if not isinstance(self.examples, int) or self.examples < 1:
            raise ValueError(f"examples must be 1 or more, not {self.examples!r}")
        if not isinstance(self.bounds, Bounds):
            raise ValueError(f"bounds must be Bounds(...), not {self.bounds!r}")
        check_struct(self.bounds)
        if min(msgspec.structs.astuple(self.bounds)) < 0:
            raise ValueError(f"bounds must be 0 or more, not {self.bounds}")
        if isinstance(self.lock, str):
            raise ValueError(f"lock must be a callable or LockSpec({self.lock!r}), not a str")
        names = [check.__name__ for check in CHECKS]
        if self.expects is not None and self.expects not in names:
            raise ValueError(f"{self.expects!r} is no check: they are {', '.join(names)}")

    @property
    def planted(self) -> bool:
        return self.expects is not None

    def needs(self) -> frozenset[str]:
        """The verbs that a lock must have for this scenario to mean anything."""
        if isinstance(self.what, Draw):
            kinds = frozenset(self.what.weights)
            return kinds if kinds <= OPTIONAL else frozenset()  # of several kinds, those that it has will do
        if isinstance(self.what, CrashPoints):
            return frozenset()
        fixed = self.what.program if isinstance(self.what, Every) else self.what
        steps = (step.verb for step in fixed.steps if isinstance(step, Operation))
        return frozenset(steps) & OPTIONAL


def program(*steps: Step) -> Program:
    """A fixed program from its steps; actors and months are counted from them."""
    return _program(steps, "lockstep")


def at_gate(*steps: Step) -> Program:
    """The same at the gate, where actors take their own steps, each when it is let through."""
    return _program(steps, "gate")


def _program(steps: tuple[Step, ...], schedule: Schedule) -> Program:
    if not steps:
        raise ValueError("a program needs a step")
    actors = 1 + max(step.actor for step in steps)
    months = {step.month: None for step in steps if isinstance(step, Operation) and step.month}
    if wrong := [month for month in months if not isinstance(month, Month)]:
        raise ValueError(f"{wrong[0]!r} is no month: write Month(2090, 1)")
    return Program(actors, tuple(months), steps, schedule)


def acquire(actor: int, month: Month, timeout_ms: int, *, pending: bool = False) -> Step:
    return Operation(actor, "acquire", month, timeout_ms, pending=pending)


def release(actor: int, month: Month) -> Step:
    return Operation(actor, "release", month)


def hold(actor: int, month: Month, timeout_ms: int, *, raises: bool = False) -> Step:
    return Operation(actor, "hold", month, timeout_ms, raises=raises)


def is_locked(actor: int, month: Month) -> Step:
    return Operation(actor, "is_locked", month)


def list_locks(actor: int) -> Step:
    return Operation(actor, "list")


def reopen(actor: int) -> Step:
    return Operation(actor, "reopen")


def join(actor: int) -> Step:
    return Operation(actor, "join")


def crash(actor: int) -> Step:
    return Fault(actor)


def discover(folders: Iterable[Path]) -> dict[str, Scenario]:
    """All scenarios in these folders: each `*.py` with a `SCENARIO`, named after its file.

    A scenario in a sub-folder is called `folder/file`.  `UserError` for a file that does not import.
    """
    found: dict[str, Scenario] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            name = path.relative_to(folder).with_suffix("").as_posix()
            if not path.name.startswith("_"):
                found[name] = _load(path, name, folder)
    return found


def pick(scenarios: Mapping[str, Scenario], wanted: Iterable[str]) -> list[Scenario]:
    """The scenarios called `wanted`; a folder's name stands for all in it; none wanted: all that need no request."""
    picked: dict[str, Scenario] = {}
    for name in wanted:
        inside = {key: one for key, one in scenarios.items() if key.startswith(f"{name}/")}
        if name in scenarios:
            inside[name] = scenarios[name]
        if not inside:
            close = get_close_matches(name, scenarios, 1)
            hint = f"did you mean {close[0]!r}?" if close else "'lock-harness list' shows them all"
            raise UserError(f"there is no scenario {name!r}: {hint}")
        picked |= inside
    return list(
        (
            picked or {key: one for key, one in scenarios.items() if not (one.planted or one.on_request)}
        ).values()
    )


def _load(path: Path, name: str, folder: Path) -> Scenario:
    package = SHIPPED_PACKAGE if folder.resolve() == SHIPPED.resolve() else folder.name
    module_name = ".".join((package, *name.split("/")))
    spec = importlib.util.spec_from_file_location(module_name, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules.get(module_name)
    if module is None or getattr(module, "__file__", None) != str(path):
        module = importlib.util.module_from_spec(spec)
        _execute(spec.loader.exec_module, module, path)
        sys.modules[module_name] = module
    scenario = getattr(module, "SCENARIO", None)
    if not isinstance(scenario, Scenario):
        raise UserError(f"the scenario file {path} does not define SCENARIO = Scenario(...)")
    about = (module.__doc__ or "").strip().split("\n\n")[0]
    return replace(scenario, name=name, about=one_line(about))


def _execute(run: Callable[..., object], module: object, path: Path) -> None:
    """A file may raise whatever it likes."""
    try:
        with Attempt() as attempt:
            run(module)
    except SystemExit as error:
        raise UserError(f"the scenario file {path} exits with {error.code}: it must only define") from None
    if raised := attempt.error:
        lines = [frame.lineno for frame in extract_tb(raised.__traceback__) if frame.filename == str(path)]
        where = f" in line {lines[-1]}" if lines else ""
        kind = type(raised).__name__
        raise UserError(f"the scenario file {path} does not import: {kind}{where}: {one_line(raised)}")
