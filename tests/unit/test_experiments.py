"""The conclusions about a lock's contract, from histories of experiments written by hand."""

from collections.abc import Callable, Sequence

import pytest

from lock_harness.core.contract import DEFAULT, FIELDS
from lock_harness.core.errors import UserError
from lock_harness.core.fault import Fault
from lock_harness.core.history import Audit, Event, History, ServerLock
from lock_harness.core.program import Operation, Program
from lock_harness.frontends.contract_command import merged
from lock_harness.programs.experiments import EXPERIMENTS
from lock_harness.programs.experiments.times import rounded_up
from lock_harness.programs.experiments.trial import Experiment, Observation, Trial
from tests.histories import JAN, MS

TIMEOUTS, RELEASE, HANDOVER, HOLDER, EVIDENCE, HOLD, LOSS, LEASE = EXPERIMENTS

Outcome = bool | str | None
"""The answer of a call, the exception that it raised, or None if it did not return."""
Step = tuple[Outcome, float]
"""The outcome of a call and its duration in milliseconds; of a fault, only its duration counts."""

ADVISORY, NOTHING = (ServerLock(0, 7, "0:209001:1", granted=True),), ()
NONE_RETURNED = "TypeError: release returned None, which is not a bool"


def trial(program: Program, steps: Sequence[Step], *audits: tuple[ServerLock, ...]) -> Trial:
    """Return a trial in which the steps of `program` have these outcomes, one after the other."""
    events, at_ns = [], 0
    for number, (step, (outcome, took)) in enumerate(zip(program.steps, steps, strict=False)):
        until_ns = at_ns + round(took * MS)
        if isinstance(step, Fault):
            events.append(Event(at_ns, "fault", step.actor, 0, number, fault=step.kind))
        else:
            events += _events_of_call(step, number, outcome, at_ns, until_ns)
        at_ns = until_ns
    where = ("after the steps", "at the end")
    read = tuple(
        Audit(at_ns, place, ((0, JAN),) if place == where[0] else (), locks, 1, 0)  # type: ignore[arg-type]
        for place, locks in zip(where, audits, strict=False)
    )
    return Trial(program, History(program.actors, program.months, tuple(events), read))


def _events_of_call(step: Operation, number: int, outcome: Outcome, at_ns: int, until_ns: int) -> list[Event]:
    def event(at_ns: int, kind: str, **fields: object) -> Event:
        return Event(at_ns, kind, step.actor, 0, number, step.verb, step.month, **fields)  # type: ignore[arg-type]

    events = [event(at_ns, "invoke", timeout_ms=step.timeout_ms)]
    if step.verb == "hold" and step.pause_us:
        events += [event(at_ns, "enter")]
    if isinstance(outcome, str):
        return [*events, event(until_ns, "info", error=outcome)]
    return events if outcome is None else [*events, event(until_ns, "ok", answer=outcome)]


def conclude(experiment: Experiment, *trials: Trial) -> dict[str, Observation]:
    return {observation.field: observation for observation in experiment.conclude(trials, DEFAULT)}


def timeouts(outcome: Callable[[int], Step]) -> dict[str, Observation]:
    """Return the observations about a lock whose acquire of a held month has an outcome that depends on its timeout."""
    programs = TIMEOUTS.programs(JAN)
    waits = [program.steps[1].timeout_ms for program in programs if isinstance(program.steps[1], Operation)]
    return conclude(
        TIMEOUTS,
        *(trial(one, [(True, 1), outcome(timeout)]) for one, timeout in zip(programs, waits, strict=True)),
    )


def test_every_field_of_a_contract_has_an_experiment() -> None:
    assert {field for experiment in EXPERIMENTS for field in experiment.fields} == {*FIELDS}


def test_a_lock_that_keeps_its_timeouts_needs_no_declaration() -> None:
    found = timeouts(lambda timeout_ms: (False, timeout_ms + 12))
    assert {name: observation.value for name, observation in found.items()} == {
        "min_timeout_ms": 0,
        "on_timeout": "false",
        "late_ms": 0,
    }


@pytest.mark.parametrize(
    ("field", "value", "outcome"),
    [
        ("on_timeout", "TimeoutError", lambda ms: ("TimeoutError: not free", ms)),
        # the error of a lock command has the name of the exception in its text
        ("on_timeout", "TimeoutError", lambda ms: ("LockCommandFailed: TimeoutError: not free", ms)),
        ("late_ms", 1000, lambda ms: (False, -(-(ms + 1) // 1000) * 1000)),
        ("late_ms", 200, lambda ms: (False, ms + 170)),
        ("min_timeout_ms", 1000, lambda ms: (False, ms + 1) if ms >= 1000 else ("ValueError: too short", 0)),
        # a timeout of 0 means to wait for ever
        ("min_timeout_ms", 1, lambda ms: (False if ms else None, ms)),
    ],
)
def test_the_timeouts_of_a_lock_show_its_contract(
    field: str, value: object, outcome: Callable[[int], Step]
) -> None:
    found = timeouts(outcome)
    assert found[field].value == value
    assert found[field].certain


def test_a_lock_that_returns_before_its_timeout_shows_nothing_about_lateness() -> None:
    found = timeouts(lambda _: (False, 3))
    assert not found["late_ms"].certain
    assert found["late_ms"].why == "an acquire with timeout 1001 ms returned already after 3 ms"


def test_an_error_without_a_name_cannot_be_declared() -> None:
    found = timeouts(lambda ms: ("LockCommandFailed: canceling statement due to lock timeout", ms))
    assert not found["on_timeout"].certain
    assert found["on_timeout"].value == "false"


@pytest.mark.parametrize("outcome", [True, None])
def test_a_lock_that_does_not_exclude_or_return_shows_nothing_about_timeouts(outcome: Outcome) -> None:
    found = timeouts(lambda _: (outcome, 1))
    assert not any(observation.certain for observation in found.values())
    assert {observation.value for observation in found.values()} == {0, "false"}


@pytest.mark.parametrize("outcome", [False, "OSError: no"])
def test_a_lock_that_does_not_grant_a_free_month_cannot_be_examined(outcome: Outcome) -> None:
    programs = TIMEOUTS.programs(JAN)
    with pytest.raises(UserError, match="acquire of a free month"):
        conclude(TIMEOUTS, *(trial(one, [(outcome, 1), (False, 1)]) for one in programs))


@pytest.mark.parametrize(
    ("unheld", "held", "value"),
    [
        (False, True, "bool"),
        (NONE_RETURNED, NONE_RETURNED, "silent"),
        ("NotHeldError: no", NONE_RETURNED, "raises"),
        ("NotHeldError: no", True, "raises"),
    ],
)
def test_a_release_shows_what_it_returns(unheld: Outcome, held: Outcome, value: str) -> None:
    first, second = RELEASE.programs(JAN)
    found = conclude(RELEASE, trial(first, [(unheld, 1)]), trial(second, [(True, 1), (held, 1)]))
    assert found["release"][:2] == ("release", value)
    assert found["release"].certain


@pytest.mark.parametrize(
    ("unheld", "held"),
    [
        (True, True),
        (False, False),
        (
            "TypeError: release returned 0, which is not a bool",
            "TypeError: release returned 1, which is not a bool",
        ),
    ],
)
def test_a_release_that_no_contract_allows_is_not_certain(unheld: Outcome, held: Outcome) -> None:
    first, second = RELEASE.programs(JAN)
    found = conclude(RELEASE, trial(first, [(unheld, 1)]), trial(second, [(True, 1), (held, 1)]))
    assert not found["release"].certain
    assert "returned 1" in found["release"].why or "answered" in found["release"].why


@pytest.mark.parametrize(
    ("delays", "late_ms"), [((8, 120), None), ((990, 300), 1000), ((15, 1600), 2000), ((None, 480), 500)]
)
def test_a_waiter_that_gets_the_month_late_shows_a_granularity(
    delays: tuple[float | None, float | None], late_ms: int | None
) -> None:
    trials = [
        # the waiter, actor 1, returns this long after the release
        _handover(program, delay)
        for program, delay in zip(HANDOVER.programs(JAN), delays, strict=True)
    ]
    found = conclude(HANDOVER, *trials)
    assert (found["late_ms"].value if found else None) == late_ms


def _handover(program: Program, delay: float | None) -> Trial:
    events = [
        Event(0, "invoke", 0, 0, 0, "acquire", JAN),
        Event(1, "ok", 0, 0, 0, "acquire", JAN, answer=True),
        Event(2, "invoke", 1, 0, 1, "acquire", JAN),
        Event(3, "invoke", 0, 0, 2, "release", JAN),
        Event(MS, "ok", 0, 0, 2, "release", JAN, answer=True),
    ]
    granted = (
        [] if delay is None else [Event(MS + round(delay * MS), "ok", 1, 0, 1, "acquire", JAN, answer=True)]
    )
    return Trial(program, History(2, (JAN,), (*events, *granted)))


@pytest.mark.parametrize(
    ("again", "after_one", "after_two", "value"),
    [
        (True, False, True, "counted"),
        (True, True, True, "once"),
        (False, True, True, "refused"),
        ("AlreadyHeldError: no", True, True, "raises"),
    ],
)
def test_a_second_acquire_by_the_holder_shows_whether_the_lock_is_reentrant(
    again: Outcome, after_one: bool, after_two: bool, value: str
) -> None:
    (program,) = HOLDER.programs(JAN)
    answers: list[Outcome] = [True, again, True, after_one, True, after_two]
    found = conclude(HOLDER, trial(program, [(answer, 1) for answer in answers]))
    assert found["reentrant"][:2] == ("reentrant", value)


def test_a_month_that_two_releases_do_not_free_shows_nothing_about_reentrancy() -> None:
    (program,) = HOLDER.programs(JAN)
    answers: list[Outcome] = [True, True, True, False, True, False]
    found = conclude(HOLDER, trial(program, [(answer, 1) for answer in answers]))
    assert found["reentrant"] == Observation(
        "reentrant",
        "counted",
        "a second acquire by the holder answered True, but the month was not free after two releases",
        certain=False,
    )


@pytest.mark.parametrize(
    ("held", "free", "value"),
    [(ADVISORY, NOTHING, "advisory"), (NOTHING, NOTHING, "none"), (ADVISORY, ADVISORY, "none")],
)
def test_the_lock_table_shows_the_evidence(
    held: tuple[ServerLock, ...], free: tuple[ServerLock, ...], value: str
) -> None:
    """A lock that the session holds all the time, such as a sign of life, is no evidence of a hold."""
    (program,) = EVIDENCE.programs(JAN)
    assert conclude(EVIDENCE, trial(program, [(True, 1)], held, free))["evidence"].value == value


@pytest.mark.parametrize(
    ("outcome", "took", "value"),
    [
        (False, 603, True),
        (False, 2, False),
        ("LockNotAvailable: no", 2, False),
        ("TimeoutError: no", 601, True),
    ],
)
def test_a_hold_of_a_held_month_shows_whether_it_waits(outcome: Outcome, took: float, value: bool) -> None:
    (program,) = HOLD.programs(JAN)
    found = conclude(HOLD, trial(program, [(True, 1), (outcome, took)]))
    assert found["hold_timeout"][:2] == ("hold_timeout", value)


@pytest.mark.parametrize(("outcome", "value"), [("MonthLockLost: lost", True), (True, False)])
def test_a_hold_whose_session_is_ended_shows_whether_loss_is_reported(outcome: Outcome, value: bool) -> None:
    assert conclude(LOSS, _lost(outcome, fault_ms=300))["reports_loss"][:2] == ("reports_loss", value)


def test_a_hold_that_ended_before_its_session_shows_nothing_about_loss() -> None:
    found = conclude(LOSS, _lost(outcome=True, fault_ms=900))
    assert not found["reports_loss"].certain


def _lost(outcome: Outcome, fault_ms: float) -> Trial:
    (program,) = LOSS.programs(JAN)
    hold = program.steps[0]
    assert isinstance(hold, Operation)
    events = _events_of_call(hold, 0, outcome, 0, 800 * MS)
    fault = Event(round(fault_ms * MS), "fault", 0, 0, 1, fault="terminate")
    return Trial(program, History(1, (JAN,), (*events, fault)))


@pytest.mark.parametrize(
    ("stopped", "killed", "value", "certain"),
    [
        ((False, 2000), (True, 30), None, True),
        ((False, 2000), (True, 4600), 5000, True),
        ((True, 930), (True, 1012), 1000, True),
        # the end of the session frees the month, and so does the end of a short lease
        ((True, 280), (True, 20), 500, True),
        ((False, 2000), (False, 10_000), None, False),
    ],
)
def test_a_holder_that_is_killed_or_stopped_shows_a_lease(
    stopped: Step, killed: Step, value: int | None, certain: bool
) -> None:
    when_stopped, when_killed = LEASE.programs(JAN)
    found = conclude(
        LEASE,
        _stopped(when_stopped, *stopped),
        trial(when_killed, [(True, 1), (None, 0), killed]),
    )
    assert found["lease_ms"].value == value
    assert found["lease_ms"].certain == certain


def _stopped(program: Program, answer: Outcome, took: float) -> Trial:
    """Return a trial in which actor 0 is stopped for 2300 ms, then releases; actor 1 asks meanwhile."""
    events = [
        Event(0, "invoke", 0, 0, 0, "acquire", JAN),
        Event(1, "ok", 0, 0, 0, "acquire", JAN, answer=True),
        Event(2, "fault", 0, 0, 3, fault="pause"),
        Event(3, "invoke", 1, 0, 2, "acquire", JAN, timeout_ms=2000),
        Event(round(took * MS), "ok", 1, 0, 2, "acquire", JAN, answer=answer is True),
        Event(2300 * MS, "invoke", 0, 0, 1, "release", JAN),
    ]
    return Trial(program, History(2, (JAN,), tuple(events)))


def test_calls_that_the_harness_adds_after_the_steps_are_not_observed() -> None:
    """The last acquire of each month gets it, whatever the lock did before."""
    _, when_killed = LEASE.programs(JAN)
    killed = trial(when_killed, [(True, 1), (None, 0), (False, 10_000)])
    probe = Event(20_000 * MS, "ok", 1, 0, 3, "acquire", JAN, answer=True)
    history = History(2, (JAN,), (*killed.history.events, probe))
    found = conclude(LEASE, _stopped(LEASE.programs(JAN)[0], False, 2000), killed._replace(history=history))
    assert not found["lease_ms"].certain


def test_a_lock_that_stops_early_cannot_be_examined() -> None:
    (program,) = HOLDER.programs(JAN)
    with pytest.raises(UserError, match="the acquire of 2090-01 by actor 0 did not return"):
        conclude(HOLDER, trial(program, [(None, 1)]))


@pytest.mark.parametrize(
    ("measured", "declared"),
    [(61, 100), (219, 200), (222, 500), (1019, 1000), (1400, 2000), (30_000, 60_000)],
)
def test_a_measured_time_is_rounded_up(measured: float, declared: int) -> None:
    assert rounded_up(measured) == declared


def test_the_first_uncertain_observation_of_a_field_is_kept() -> None:
    early, late = Observation("late_ms", 0, "early", certain=False), Observation("late_ms", 500, "late")
    exact = Observation("late_ms", 0, "exact")
    assert merged({"late_ms": early}, [late]) == {"late_ms": early}
    assert merged({"late_ms": exact}, [late]) == {"late_ms": late}
    assert merged({"late_ms": exact}, []) == {"late_ms": exact}
