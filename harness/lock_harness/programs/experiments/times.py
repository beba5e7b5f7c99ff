"""Experiments about times: timeouts, the time until a waiter gets a month, leases."""

from collections.abc import Sequence

from lock_harness.analysis.calls import FOREVER, Call
from lock_harness.core.contract import NO_ERROR, Contract, is_error_name
from lock_harness.core.errors import UserError
from lock_harness.core.fault import Fault
from lock_harness.core.program import Month, Operation, Program
from lock_harness.programs.experiments.trial import (
    FREE_MS,
    GIVE_UP_MS,
    Experiment,
    Observation,
    Trial,
    describe,
    duration_ms,
    error_class,
    outcome,
    uncertain,
)
from lock_harness.programs.steps import acquire, crash, join, program, release

# the timeouts that are tried, the last of them 1 ms longer than a whole second
TRIED_MS = (0, 1, 50, 400, 1000, 1001)

# how late an answer may be without a contract that allows it, with some distance to the bounds of the checks
LATE_MS, HANDOVER_MS, RELEASE_MS = 60, 150, 500
# a time that was measured includes some time of the machine
MACHINE_MS = 20
ROUND_MS = (100, 200, 500, 1000, 2000, 5000, 10_000)


def rounded_up(measured_ms: float) -> int:
    """Return a round number of milliseconds that is not exceeded by a time like the measured one."""
    least = measured_ms - MACHINE_MS
    return next((step for step in ROUND_MS if step >= least), round(2 * measured_ms))


# Timeouts


def _timeout_programs(month: Month) -> tuple[Program, ...]:
    return tuple(
        program(acquire(0, month, FREE_MS), acquire(1, month, timeout_ms)) for timeout_ms in TRIED_MS
    )


def _conclude_timeouts(trials: Sequence[Trial], _: Contract) -> list[Observation]:
    for trial in trials:
        if trial.call(0).answer is not True:
            why = describe("an acquire of a free month", trial.call(0))
            raise UserError(f"the lock cannot be examined: {why}")
    waiters = [trial.call(1) for trial in trials]
    longest = waiters[-1]
    for waiter in waiters:
        if waiter.answer or longest.returned_ns is None:
            why = describe("an acquire of a month that another session holds", waiter)
            return [uncertain(field, why) for field in TIMEOUTS.fields]
    valid = [waiter for waiter in waiters if _same_outcome(waiter, longest)]
    return [_conclude_min_timeout(waiters, valid), _conclude_ending(longest), _conclude_lateness(valid)]


def _conclude_ending(waiter: Call) -> Observation:
    name, why = error_class(waiter) or NO_ERROR, describe("an acquire of a held month", waiter)
    if not is_error_name(name):
        return uncertain("on_timeout", f"{why}, and no name of an exception at its beginning")
    return Observation("on_timeout", name, why)


def _conclude_min_timeout(waiters: Sequence[Call], valid: Sequence[Call]) -> Observation:
    """Return the shortest timeout from which on all timeouts have the same outcome."""
    rejected = [waiter for waiter in waiters if waiter not in valid]
    if not rejected:
        return Observation("min_timeout_ms", 0, "an acquire with timeout 0 ended like those with longer ones")
    last = rejected[-1]
    least = min(waiter.timeout_ms for waiter in valid if waiter.timeout_ms > last.timeout_ms)
    why = f"an acquire with timeout {last.timeout_ms} ms {outcome(last)}"
    return Observation("min_timeout_ms", least, why)


def _conclude_lateness(calls: Sequence[Call]) -> Observation:
    earliest, latest = min(calls, key=_late_ms), max(calls, key=_late_ms)
    if _late_ms(earliest) < 0:
        took_ms = duration_ms(earliest)
        why = f"an acquire with timeout {earliest.timeout_ms} ms returned already after {took_ms:.0f} ms"
        return uncertain("late_ms", why)
    late_ms = _late_ms(latest)
    why = f"an acquire with timeout {latest.timeout_ms} ms returned {late_ms:.0f} ms after it"
    return Observation("late_ms", rounded_up(late_ms) if late_ms > LATE_MS else 0, why)


def _late_ms(call: Call) -> float:
    """Return how much later than its timeout a call returned."""
    return duration_ms(call) - call.timeout_ms


def _same_outcome(call: Call, other: Call) -> bool:
    returned = call.returned_ns is not None and other.returned_ns is not None
    return returned and call.answer == other.answer and error_class(call) == error_class(other)


# The month after a release


def _handover_programs(month: Month) -> tuple[Program, ...]:
    """Return two programs: the month is released just after another session has asked, and much later."""
    waits = Operation(1, "acquire", month, GIVE_UP_MS, pause_us=100_000)
    keeps = Operation(0, "release", month, pause_us=1_700_000)
    return (
        program(
            acquire(0, month, FREE_MS),
            acquire(1, month, GIVE_UP_MS, pending=True),
            release(0, month),
            join(1),
        ),
        Program(2, (month,), (acquire(0, month, FREE_MS), waits, keeps), mode="race"),
    )


def _conclude_handover(trials: Sequence[Trial], contract: Contract) -> list[Observation]:
    delays = [delay for trial in trials if (delay := _handover_ms(trial)) is not None]
    if not delays:
        why = "a waiting acquire did not get the month after its release"
        return [Observation("late_ms", contract.late_ms, why, certain=False)]
    late_ms = max(delays)
    if late_ms <= HANDOVER_MS or rounded_up(late_ms) <= contract.late_ms:
        return []
    why = f"a waiting acquire got the month {late_ms:.0f} ms after its release"
    return [Observation("late_ms", rounded_up(late_ms), why)]


def _handover_ms(trial: Trial) -> float | None:
    """Return the time from the release by actor 0 until actor 1 got the month; None if it did not."""
    waits, releases = (1, 2)
    released_ns, granted = trial.call(releases).returned_ns, trial.call(waits)
    if released_ns is None or granted.returned_ns is None or not granted.answer:
        return None
    return (granted.returned_ns - released_ns) / 1e6


# Leases


def _lease_programs(month: Month) -> tuple[Program, ...]:
    """Return two programs: the holder is killed, and the holder is stopped for two seconds."""
    asks = Operation(1, "acquire", month, 2000, pause_us=200_000)
    keeps = Operation(0, "release", month, pause_us=2_500_000)
    stops = Fault(0, "pause", at_ms=100, for_ms=2300)
    return (
        Program(2, (month,), (acquire(0, month, FREE_MS), keeps, asks, stops), mode="race"),
        program(acquire(0, month, FREE_MS), crash(0), acquire(1, month, GIVE_UP_MS)),
    )


def _conclude_lease(trials: Sequence[Trial], _: Contract) -> list[Observation]:
    stopped, killed = trials
    stopped_ms, killed_ms = _successor_ms(stopped, stopped.call(1).invoked_ns), _successor_ms(killed)
    if killed_ms is None:
        why = f"the month was not free within {GIVE_UP_MS // 1000} s after its holder was killed"
        return [uncertain("lease_ms", why)]
    why = f"the month was free {killed_ms:.0f} ms after its holder was killed"
    if stopped_ms is not None:
        why += f", and {stopped_ms:.0f} ms after its holder was stopped"
        return [Observation("lease_ms", rounded_up(max(stopped_ms, killed_ms)), why)]
    lease_ms = rounded_up(killed_ms) if killed_ms > RELEASE_MS else None
    return [Observation("lease_ms", lease_ms, f"{why}, and not while its holder was stopped")]


def _successor_ms(trial: Trial, until_ns: int = FOREVER) -> float | None:
    """Return the time from the fault until actor 1 got the month, if that was before `until_ns`; otherwise None."""
    granted = trial.call(2)
    if trial.fault_ns is None or not granted.answer or granted.until_ns > until_ns:
        return None
    return max(0.0, (granted.until_ns - trial.fault_ns) / 1e6)


TIMEOUTS = Experiment(
    fields=("min_timeout_ms", "on_timeout", "late_ms"),
    programs=_timeout_programs,
    conclude=_conclude_timeouts,
    raw=True,
    timed=True,
)

HANDOVER = Experiment(("late_ms",), _handover_programs, _conclude_handover, timed=True)

LEASE = Experiment(("lease_ms",), _lease_programs, _conclude_lease, timed=True)
