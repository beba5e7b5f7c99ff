"""Choose where a violation is shrunk: a race at the gate, if it fails there too.

The race is run once more through the gate, which records the order of its messages.  If the program fails when that
order is enforced, it is deterministic, and is shrunk at the gate.  Otherwise it is shrunk as a race.
"""

import contextlib
import time
from collections.abc import Iterator
from typing import NamedTuple

from lock_harness.core.errors import HarnessError
from lock_harness.core.program import Program
from lock_harness.exploration.example import Example
from lock_harness.exploration.executor import Executor, OpenExecutor
from lock_harness.exploration.progress import ReportPhase
from lock_harness.exploration.retries import run_until_conclusive
from lock_harness.gate.schedulers.replay import divergence
from lock_harness.programs.race_to_gate import earliest_evidence, gate_program, recordable

RECORDINGS = 10
RECORD_S = 3.0
# the order of a longer race is not recorded, since a replay of it would help no reader
MAX_RECORDED_STEPS = 3000
# checks that depend on a clock, which the gate does not control
CLOCK_CHECKS = frozenset({"timeout_not_early", "timeout_not_late"})


class ShrinkSite(NamedTuple):
    """The example to shrink, and the executor that runs it.  `why_as_race`: why a race is not shrunk at the gate."""

    example: Example
    executor: Executor
    why_as_race: str | None = None


@contextlib.contextmanager
def open_shrink_site(
    violation: Example,
    check: str,
    executor: Executor,
    open_gate: OpenExecutor | None,
    report_phase: ReportPhase,
) -> Iterator[ShrinkSite]:
    """Yield the gate with a recorded violation of `check` if there is one, and otherwise `violation` in its `executor`."""
    checks = frozenset({check}) - CLOCK_CHECKS
    is_race = (
        violation.program.mode == "race" and not violation.program.pooler and violation.program.threads == 1
    )
    with contextlib.ExitStack() as stack:
        site = ShrinkSite(violation, executor)
        if open_gate and is_race and checks and not executor.leaked_locks:
            site = _open_at_gate(site, checks, open_gate, report_phase, stack)
        yield site


def _open_at_gate(
    race: ShrinkSite,
    checks: frozenset[str],
    open_gate: OpenExecutor,
    report_phase: ReportPhase,
    stack: contextlib.ExitStack,
) -> ShrinkSite:
    """Return the site at the gate, or the race with the reason why not.

    An error at the gate says nothing about the race, so it is a reason, too.
    """
    program = recordable(race.example.program, earliest_evidence(race.example.verdicts, checks))
    if program.total_steps > MAX_RECORDED_STEPS:
        return race._replace(
            why_as_race=f"the gate records up to {MAX_RECORDED_STEPS} steps, and this race has {program.total_steps}"
        )
    try:
        with contextlib.ExitStack() as opened:
            gate = opened.enter_context(open_gate())
            opened.callback(_pass_on_leak, gate, race.executor)
            outcome = _record_until_reproduced(program, checks, gate, report_phase)
            if isinstance(outcome, Example):
                stack.enter_context(opened.pop_all())
                return ShrinkSite(outcome, gate)
    except HarnessError as error:
        outcome = str(error)
    return race._replace(why_as_race=outcome)


def _pass_on_leak(gate: Executor, executor: Executor) -> None:
    executor.leaked_locks = executor.leaked_locks or gate.leaked_locks


def _record_until_reproduced(
    race: Program, checks: frozenset[str], gate: Executor, report_phase: ReportPhase
) -> Example | str:
    """Record runs of the race until one fails again in its recorded order; return that, or why there is none."""
    deadline = time.monotonic() + RECORD_S
    recorded = failed = 0
    while recorded < RECORDINGS and not gate.leaked_locks and (time.monotonic() < deadline or not recorded):
        example = run_until_conclusive(gate, race, checks)
        report_phase("shrink")
        recorded += 1
        if example.violated_checks & checks:
            failed += 1
            if reproduced := _reproduce(example, checks, gate):
                return reproduced
    none_enforced = ", and none failed when their order was enforced" if failed else ""
    return f"{failed} of {recorded} recorded runs failed{none_enforced}"


def _reproduce(recorded: Example, checks: frozenset[str], gate: Executor) -> Example | None:
    """Enforce the recorded order, first for the evidence alone, then for all steps up to it."""
    evidence = earliest_evidence(recorded.verdicts, checks)
    for evidence_only in (True, False):
        program = gate_program(recorded.program, recorded.history, evidence, evidence_only=evidence_only)
        if program and not gate.leaked_locks and (example := _fail_twice(program, checks, gate)):
            return example
    return None


def _fail_twice(program: Program, checks: frozenset[str], gate: Executor) -> Example | None:
    """Return an example that fails, and whose replay takes the same moves and does not hold; None if there is none."""
    example = run_until_conclusive(gate, program, checks)
    if not example.violated_checks & checks or gate.leaked_locks:
        return None
    again = run_until_conclusive(gate, example.program, checks)
    diverged = divergence(example.history.moves, again.history.moves)
    return None if diverged or again.status == "holds" else example
