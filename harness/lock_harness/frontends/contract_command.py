"""The command `contract`: show by a few experiments which contract a lock follows."""

from collections.abc import Iterator, Sequence

import msgspec
from rich.console import Console
from rich.text import Text

from lock_harness.core.contract import DEFAULT, FIELDS, Contract, as_options, changes, with_changes
from lock_harness.core.program import Month, Program
from lock_harness.core.verdict import Bounds
from lock_harness.execution.arena import Arena, open_arena
from lock_harness.execution.program_run import ProgramRun
from lock_harness.locks.loading import LockSpec
from lock_harness.programs.experiments import EXPERIMENTS
from lock_harness.programs.experiments.trial import GIVE_UP_MS, Experiment, Observation, Trial
from lock_harness.programs.timeouts import under_contract
from lock_harness.servers.providers import open_server
from lock_harness.servers.server import Server

# how often a program is run again because the machine stalled
MAX_RUNS = 3


def show_contract(lock: LockSpec, pg: str | None, console: Console) -> int:
    """Examine a lock, print its contract with the reasons, and return the exit code."""
    with open_server(pg) as server, console.status("examining the lock"):
        console.print(f"{server}, lock {lock}", soft_wrap=True)
        observations = examine(lock, server)
    contract = contract_of(observations, dict(lock.contract))
    for name, value in as_options(contract).items():
        why = _reason(observations.get(name), given=name in dict(lock.contract))
        shown = value.replace("null", "none")
        console.print(Text.assemble((f"{name:<15}", "bold"), f"{shown:<13} ", (why, "dim")), soft_wrap=True)
    console.print(Text("\n" + declaration(contract)), soft_wrap=True)
    return 0


def declaration(contract: Contract) -> str:
    """Return the contract as a lock declares it: in Python, in the line protocol, and as options of the command line."""
    declared = changes(contract)
    if not declared:
        return "The lock follows the default contract, so it need not declare one."
    options = " ".join(f"--contract {name}={as_options(contract)[name]}" for name in declared)
    fields = ", ".join(
        f'{name}="{value}"' if isinstance(value, str) else f"{name}={value}"
        for name, value in declared.items()
    )
    return "\n".join(
        (
            f"in Python             contract = Contract({fields})",
            f'in the line protocol  "contract":{msgspec.json.encode(declared).decode()}',
            f"as options            {options}",
        )
    )


def contract_of(observations: dict[str, Observation], given: dict[str, str]) -> Contract:
    """Return the contract that follows from the observations, with the fields that the user gave."""
    found = {observation.field: observation.value for observation in observations.values()}
    return with_changes(msgspec.structs.replace(DEFAULT, **found), given)


def _reason(observation: Observation | None, *, given: bool) -> str:
    if given:
        return "given by --contract"
    if observation is None:
        return "not observed: the lock does not offer hold"
    return observation.why if observation.certain else f"not certain: {observation.why}"


def examine(lock: LockSpec, server: Server) -> dict[str, Observation]:
    """Run all experiments on a server, and return the last observation of each field.

    The fields that `lock` gives are not examined.
    """
    given = dict(lock.contract)
    observations: dict[str, Observation] = {}
    for raw in (True, False):
        # every field is given, so that no declaration of the lock changes what is observed; and late calls are awaited
        contract = msgspec.structs.replace(contract_of(observations, given), late_ms=GIVE_UP_MS)
        spec = msgspec.structs.replace(lock, contract=tuple(as_options(contract).items()))
        with open_arena(server, spec, Bounds()) as arena:
            for month, experiment in _experiments(arena, raw=raw):
                if not given.keys() >= set(experiment.fields):
                    trials = [_run(program, arena, experiment) for program in experiment.programs(month)]
                    found = experiment.conclude(trials, contract_of(observations, given))
                    observations = merged(observations, found)
    assert observations.keys() <= set(FIELDS)
    return observations


def merged(before: dict[str, Observation], found: Sequence[Observation]) -> dict[str, Observation]:
    """Return the observations after another experiment: its own replace those before, unless those were uncertain."""
    uncertain = {field: observation for field, observation in before.items() if not observation.certain}
    return before | {observation.field: observation for observation in found} | uncertain


def _experiments(arena: Arena, *, raw: bool) -> Iterator[tuple[Month, Experiment]]:
    """Yield the experiments of one of the two stages that the lock supports, each with a month of its own."""
    for number, experiment in enumerate(EXPERIMENTS, 1):
        if experiment.raw == raw and (experiment.needs is None or experiment.needs in arena.verbs):
            yield Month(arena.years.first, number), experiment


def _run(program: Program, arena: Arena, experiment: Experiment) -> Trial:
    """Run a program; run it again if it measures times and the machine stalled."""
    program = under_contract(program, arena.contract)
    for _ in range(MAX_RUNS):
        history = ProgramRun(program, arena).run()
        stalled = any(stall.overslept_ns > arena.bounds.stall_ms * 1_000_000 for stall in history.stalls)
        if not (experiment.timed and stalled):
            break
    return Trial(program, history)
