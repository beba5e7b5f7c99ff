"""Every program of a few steps, on a live server: it accepts the reference lock, and finds planted ones."""

from dataclasses import replace
from importlib import import_module

import pytest

from lock_harness.core.fault import Fault
from lock_harness.core.program import Step
from lock_harness.core.run import Run, ScopeCoverage
from lock_harness.exploration.plan import Plan
from lock_harness.frontends.jobs import Job, run_job
from lock_harness.locks.loading import LockSpec
from lock_harness.programs.scenario import Scenario
from lock_harness.programs.workload import AllPrograms
from lock_harness.scenarios import small_scope
from lock_harness.scenarios.planted import check_then_act
from lock_harness.servers.server import Server

# programs of up to 2 steps, and some of 3
EXAMPLES = 250


def explored(server: Server, lock: LockSpec | None = None) -> Run:
    return run_job(Job(small_scope.SCENARIO, Plan(EXAMPLES, seed=1), lock), server, lambda _: None)


def text(step: Step) -> str:
    kind = step.kind if isinstance(step, Fault) else "wait" if step.pending else step.verb
    return f"{kind} {step.actor}"


def test_the_reference_lock_passes_all_programs_of_up_to_2_steps(our_server: Server) -> None:
    """After a stall of the machine only verdicts on upper bounds of time may be unknown."""
    run = explored(our_server)
    not_holding = [verdict for verdict in run.verdicts if verdict.status != "holds"]
    assert all(one.status == "unknown" and one.timed for one in not_holding), not_holding
    assert run.coverage.scope is not None
    assert run.coverage.scope.complete_steps == 2
    assert sum(run.coverage.scope.runs) == run.figures.examples == EXAMPLES


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("release_forgets", "acquire 0"),
        ("shared_mode", "acquire 0, acquire 1"),
        ("timeout_raises", "acquire 0, acquire 1"),
        ("reconnects_silently", "terminate 0, release 0"),
        ("believes_on", "acquire 0, terminate 0, release 0"),
    ],
)
def test_the_smallest_program_of_a_planted_lock_is_found(our_server: Server, name: str, steps: str) -> None:
    planted = import_module(f"lock_harness.scenarios.planted.{name}").SCENARIO
    run = explored(our_server, planted.lock)
    assert run.status == "violated"
    assert ", ".join(text(step) for step in run.program.steps) == steps
    assert run.repeats is not None
    assert run.repeats[0] > 0
    assert run.coverage.scope is not None
    assert run.coverage.scope.complete_steps == len(run.program.steps) - 1


def test_at_the_gate_a_mistake_within_one_operation_is_found(our_server: Server) -> None:
    what = AllPrograms({"acquire", "release"}, steps=2, mode="gate")
    job = Job(Scenario(what, name="orders"), Plan(seed=1), check_then_act.SCENARIO.lock)
    run = run_job(job, our_server, lambda _: None)
    assert run.status == "violated"
    assert [text(step) for step in run.program.steps] == ["acquire 0", "acquire 1"]
    right = run_job(replace(job, lock=None), our_server, lambda _: None)
    assert right.status == "holds"
    assert right.coverage.scope == ScopeCoverage((2, 7), (2, 7))
    assert right.coverage.orders is not None
    assert right.coverage.orders.complete
    assert right.coverage.orders.runs > 9
