"""Experiments about answers: release, re-entrancy, evidence, and the wrapper `hold`."""

from collections.abc import Sequence

from lock_harness.analysis.calls import Call
from lock_harness.core.contract import Contract
from lock_harness.core.fault import Fault
from lock_harness.core.history import Audit
from lock_harness.core.program import Month, Operation, Program
from lock_harness.programs.experiments.trial import (
    FREE_MS,
    TAKEN_MS,
    Experiment,
    Observation,
    Trial,
    describe,
    duration_ms,
    error_class,
    outcome,
    returned_nothing,
    uncertain,
)
from lock_harness.programs.steps import acquire, hold, program, release

# Release


def _release_programs(month: Month) -> tuple[Program, ...]:
    return (program(release(0, month)), program(acquire(0, month, FREE_MS), release(0, month)))


def _conclude_release(trials: Sequence[Trial], _: Contract) -> list[Observation]:
    unheld, held = trials[0].call(0), trials[1].call(1)
    why = f"{describe('a release of a month that is not held', unheld)}; of a held month, it {outcome(held)}"
    kind = _release_kind(unheld, held)
    return [Observation("release", kind, why) if kind else uncertain("release", why)]


def _release_kind(unheld: Call, held: Call) -> str | None:
    if (unheld.answer, held.answer) == (False, True):
        return "bool"
    nothing = returned_nothing(held) or held.answer is True
    if nothing and returned_nothing(unheld):
        return "silent"
    if nothing and error_class(unheld) not in (None, "TypeError"):
        return "raises"
    return None


# Re-entrancy and evidence


def _holder_programs(month: Month) -> tuple[Program, ...]:
    return (
        program(
            acquire(0, month, FREE_MS),
            acquire(0, month, TAKEN_MS),
            release(0, month),
            acquire(1, month, TAKEN_MS),
            release(0, month),
            acquire(1, month, TAKEN_MS),
        ),
    )


def _conclude_reentrancy(trials: Sequence[Trial], _: Contract) -> list[Observation]:
    (trial,) = trials
    again = trial.call(1)
    why = describe("a second acquire by the holder", again)
    if again.answer is not True:
        return [Observation("reentrant", "refused" if again.error is None else "raises", why)]
    for number, kind, releases in ((3, "once", "first"), (5, "counted", "second")):
        if trial.call(number).answer:
            return [Observation("reentrant", kind, f"{why}; the month was free after the {releases} release")]
    return [uncertain("reentrant", f"{why}, but the month was not free after two releases")]


def _evidence_programs(month: Month) -> tuple[Program, ...]:
    return (program(acquire(0, month, FREE_MS)),)


def _conclude_evidence(trials: Sequence[Trial], _: Contract) -> list[Observation]:
    audits = {audit.where: audit for audit in trials[0].history.audits}
    held, free = audits.get("after the steps"), audits.get("at the end")
    if held is None or free is None or not held.held:
        return [uncertain("evidence", "the server's locks could not be read while the month was held")]
    if _granted(held) > _granted(free):
        return [Observation("evidence", "advisory", "pg_locks showed an advisory lock of the holder")]
    return [
        Observation("evidence", "none", "pg_locks showed no advisory lock for the month while it was held")
    ]


def _granted(audit: Audit) -> int:
    return sum(lock.granted for lock in audit.locks)


# Hold


def _hold_programs(month: Month) -> tuple[Program, ...]:
    return (program(acquire(0, month, FREE_MS), hold(1, month, 2 * TAKEN_MS)),)


def _conclude_hold(trials: Sequence[Trial], _: Contract) -> list[Observation]:
    tried = trials[0].call(1)
    if tried.answer is True or tried.returned_ns is None:
        return [uncertain("hold_timeout", describe("a hold of a held month", tried))]
    waited_ms = duration_ms(tried)
    why = f"a hold of a held month with timeout {tried.timeout_ms} ms returned after {waited_ms:.0f} ms"
    return [Observation("hold_timeout", waited_ms >= TAKEN_MS, why)]


def _loss_programs(month: Month) -> tuple[Program, ...]:
    body = Operation(0, "hold", month, FREE_MS, pause_us=800_000)
    return (Program(1, (month,), (body, Fault(0, "terminate", at_ms=300)), mode="race"),)


def _conclude_loss(trials: Sequence[Trial], _: Contract) -> list[Observation]:
    held, lost_ns = trials[0].call(0), trials[0].fault_ns
    if lost_ns is None or held.entered_ns is None or not held.entered_ns < lost_ns < held.until_ns:
        return [uncertain("reports_loss", "the session could not be ended while the body of a hold ran")]
    why = describe("a hold whose session was ended during its body", held)
    return [Observation("reports_loss", held.error is not None, why)]


RELEASE = Experiment(("release",), _release_programs, _conclude_release, raw=True)

HOLDER = Experiment(("reentrant",), _holder_programs, _conclude_reentrancy)

EVIDENCE = Experiment(("evidence",), _evidence_programs, _conclude_evidence)

HOLD = Experiment(("hold_timeout",), _hold_programs, _conclude_hold, needs="hold")

LOSS = Experiment(("reports_loss",), _loss_programs, _conclude_loss, needs="hold")
