"""The script of a run: which runs it accepts, and what it expects of each call."""

from pathlib import Path
from typing import Any

import pytest

from lock_harness.core.contract import Contract
from lock_harness.core.errors import UserError
from lock_harness.core.fault import Fault
from lock_harness.core.program import Operation, Program, Step
from lock_harness.frontends.commands.script import script as script_command
from lock_harness.frontends.reports import save
from lock_harness.programs.steps import acquire, at_gate, crash, join, program, reopen
from lock_harness.programs.steps import release as release_step
from lock_harness.render.script import script
from tests.histories import FEB, JAN, Part, call, fault, history, kill
from tests.runs import run


def lines(*parts: Part, steps: tuple[Step, ...] = (), **changes: Any) -> list[str]:
    """Return the lines of the program in the script of this history."""
    events = history(*parts)
    if not steps:
        steps = tuple(_step(event) for event in events.events if event.kind in ("invoke", "fault"))
    text = script(run(events, program=Program(2, (JAN, FEB), steps), **changes))
    compile(text, "script.py", "exec")
    body = text.split("start_process(actor)\n\n")[-1].split('    stop("holds"')[0]
    return [line.strip() for line in body.splitlines() if line]


def _step(event: Any) -> Step:
    if event.fault:
        return Fault(event.actor, event.fault)
    return Operation(event.actor, event.verb, event.month, event.timeout_ms, event.raises)


def test_the_answer_that_a_correct_lock_would_not_give_is_marked() -> None:
    assert lines(call(0, "acquire", JAN, at=0, answer=True), call(1, "acquire", JAN, at=5, answer=True)) == [
        "tell(0, \"acquire\", 2090, 1, 0, expect=True, why='no actor holds it')",
        "# When the failure was found, the answer was: True; expected False: actor 0 holds it",
        "tell(1, \"acquire\", 2090, 1, 0, expect=False, why='actor 0 holds it')",
    ]


def test_nothing_follows_the_first_wrong_answer() -> None:
    wrong = call(1, "is_locked", JAN, at=5, answer=True)
    assert lines(wrong, call(0, "acquire", JAN, at=9, answer=False))[-1].startswith('tell(1, "is_locked"')


def test_a_killed_holder_holds_nothing() -> None:
    written = lines(
        call(0, "acquire", JAN, at=0, answer=True), kill(0, at=5), call(1, "acquire", JAN, at=9, answer=False)
    )
    assert written[1] == "crash(0)"
    assert written[-1] == "tell(1, \"acquire\", 2090, 1, 0, expect=True, why='no actor holds it')"


def test_the_closing_calls_are_written_if_only_they_show_the_failure() -> None:
    written = lines(
        call(0, "acquire", JAN, at=0, answer=True),
        kill(0, at=5),
        call(1, "acquire", JAN, at=9, timeout=1500, took=1500, answer=False),
        steps=(acquire(0, JAN, 0), crash(0)),
    )
    assert written[2].startswith("# At the end")
    assert written[-1].startswith('tell(1, "acquire", 2090, 1, 1500, expect=True')


def test_an_exception_is_a_wrong_answer() -> None:
    held = call(0, "acquire", JAN, at=0, answer=True)
    written = lines(held, call(1, "acquire", JAN, at=5, error="QueryCanceled:\nlate"))
    assert "the answer was: QueryCanceled: late; expected False" in written[1]


def test_an_error_after_the_end_of_the_session_is_none() -> None:
    written = lines(
        call(0, "acquire", JAN, at=0, answer=True),
        fault("terminate", 0, at=5),
        call(0, "release", JAN, at=9, error="OperationalError: gone"),
        call(1, "acquire", JAN, at=12, answer=True),
        call(1, "release", JAN, at=15, answer=False),
    )
    assert written[1:5] == [
        "terminate(0)",
        'tell(0, "release", 2090, 1)',
        "# after an error a worker opens a new session",
        "reopen(0)",
    ]
    assert written[-1].startswith('tell(1, "release", 2090, 1, expect=True')


def test_a_waiting_call_gets_the_month_when_it_is_released() -> None:
    steps = (acquire(0, JAN, 0), acquire(1, JAN, 900, pending=True), release_step(0, JAN), join(1))
    written = lines(
        call(0, "acquire", JAN, at=0, answer=True),
        call(1, "acquire", JAN, at=5, took=900, timeout=900, answer=False),
        call(0, "release", JAN, at=9, answer=True),
        steps=steps,
    )
    assert written[1] == 'start(1, "acquire", 2090, 1, 900)'
    assert written[-1] == "join(1, expect=True, why='it became free during the wait')"


@pytest.mark.parametrize(
    ("reentrant", "expected"), [("counted", "True"), ("once", "False"), ("refused", None)]
)
def test_the_contract_says_what_a_second_acquire_means(reentrant: Any, expected: str | None) -> None:
    calls = [
        call(0, "acquire", JAN, at=0, answer=True),
        call(0, "acquire", JAN, at=2, answer=True),
        call(0, "release", JAN, at=4, answer=True),
        call(0, "believes", JAN, at=6, answer=expected == "False"),
    ]
    written = lines(*calls, contract=Contract(reentrant=reentrant))
    if expected is None:
        assert written[-1].startswith('tell(0, "acquire", 2090, 1, 0, expect=False')
    else:
        assert written[-1].startswith(f'tell(0, "believes", 2090, 1, expect={expected}')


GOOD = history(call(0, "acquire", JAN, at=0, answer=True), call(1, "acquire", JAN, at=5, answer=False))
TWO = (acquire(0, JAN, 0), acquire(1, JAN, 0))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"lock_command": True}, "its lock is a command"),
        ({"lock_by_value": True}, "its lock has no name"),
        ({"program": Program(2, (JAN,), TWO, "race")}, "it is a race"),
        ({"program": at_gate(*TWO)}, "at the gate"),
        ({"program": Program(2, (JAN,), TWO, pooler="session")}, "behind a pooler"),
        ({"program": Program(2, (JAN,), TWO, settings=(("lock_timeout", "5"),))}, "changes settings"),
        ({"program": program(*TWO, Fault(0, "reset"))}, "step 2 is the fault 'reset'"),
        ({"program": program(*TWO, Operation(0, "spawn"))}, "step 2 is 'spawn'"),
        ({"contract": Contract(release="silent")}, "release=silent"),
        ({"contract": Contract(on_timeout="TimeoutError")}, "refuses by exceptions"),
        ({"contract": Contract(lease_ms=500, evidence="none")}, "lease_ms"),
    ],
)
def test_a_run_that_a_script_cannot_show_is_refused(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(UserError, match=why) as refused:
        script(run(**changes))
    assert "lock-harness replay" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_run_without_a_wrong_answer_is_refused() -> None:
    with pytest.raises(UserError, match="no answer differs"):
        script(run(GOOD))


def test_months_that_one_of_two_waiting_calls_may_hold_are_not_judged() -> None:
    steps = (
        acquire(0, JAN, 0),
        acquire(1, JAN, 900, pending=True),
        acquire(2, JAN, 900, pending=True),
        reopen(0),
    )
    events = history(
        call(0, "acquire", JAN, at=0, answer=True),
        call(1, "acquire", JAN, at=2, took=20, timeout=900, answer=True),
        call(2, "acquire", JAN, at=4, took=20, timeout=900, answer=True),
        call(0, "reopen", at=9),
        actors=3,
    )
    with pytest.raises(UserError, match="no answer differs"):
        script(run(events, program=program(*steps)))


def test_the_command_prints_the_script(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = run()
    assert script_command(save(saved, tmp_path)) == 0
    assert capsys.readouterr().out == script(saved)
