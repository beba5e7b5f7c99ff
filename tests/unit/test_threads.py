"""Programs whose actors share a session have no step that changes it."""

from typing import Any

import pytest

from lock_harness.core.fault import Fault
from lock_harness.core.program import Month, Operation, Program, Step
from lock_harness.programs.draw import Draw
from lock_harness.programs.equipment import equipment
from lock_harness.programs.scenario import Scenario
from lock_harness.render.sentences import describe_threads

JAN = Month(2090, 1)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"mode": "lockstep"}, "threads must be 1 .in a race 1 or more., not 2"),
        ({"weights": {"acquire": 1, "terminate": 1}}, "actors that share a session cannot run 'terminate'"),
        ({"weights": {"reopen": 1}}, "actors that share a session cannot run 'reopen'"),
        ({"threads": 0}, "threads must be 1 .in a race 1 or more., not 0"),
    ],
)
def test_actors_share_a_session_only_in_races_that_leave_it_as_it_is(wrong: dict[str, Any], why: str) -> None:
    right: dict[str, Any] = {"weights": {"round": 1, "hold": 1}, "mode": "race", "threads": 2}
    assert Scenario(Draw(**right)).needs() == {"threads"}
    with pytest.raises(ValueError, match=why):
        Draw(**(right | wrong))


@pytest.mark.parametrize(
    "step",
    [Fault(0, "kill"), Operation(0, "reopen"), Operation(0, "hold", JAN, raises=True, sql_error=True)],
)
def test_a_program_whose_actors_share_a_session_has_no_step_that_changes_it(step: Step) -> None:
    with pytest.raises(ValueError, match="step 0: actors that share a session cannot run"):
        Program(2, (JAN,), (step,), "race", threads=2)


def test_the_arena_of_a_program_has_as_many_threads() -> None:
    assert equipment(Program(2, (JAN,), (), "race", threads=2)).threads == 2
    assert equipment(Draw({"round": 1}, mode="race", threads=3)).threads == 3


@pytest.mark.parametrize(
    ("actors", "threads", "shared"), [(2, 2, "0 and 1"), (3, 2, "0 and 1; 2"), (4, 2, "0 and 1; 2 and 3")]
)
def test_the_story_names_the_actors_that_share_a_session(actors: int, threads: int, shared: str) -> None:
    program = Program(actors, (JAN,), (), "race", threads=threads)
    assert describe_threads(program).endswith(f": {shared}")
    assert describe_threads(Program(actors, (JAN,), ())) == ""
