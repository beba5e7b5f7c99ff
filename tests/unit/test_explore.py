"""What was found is reported, whatever comes in the way afterwards."""

from collections.abc import Callable
from typing import NoReturn

import pytest

from harness.errors import MachineError
from harness.explore import Interrupted, explored
from harness.locks.loading import LockSpec
from harness.model import Bounds, Month, Program, Run
from harness.runner import Example
from harness.scenario import Draw, Every, Scenario, acquire, at_gate
from harness.search import Plan
from harness.servers.lease import Years
from tests.unit.test_runner import BOTH, GOOD, PROGRAM, Scripted

JAN = Month(2090, 1)


class CutShort(Scripted):
    """Finds two holders, and then something gets in the way."""

    def __init__(self, then: Callable[[], NoReturn]) -> None:
        super().__init__(BOTH)
        self.arena.years, self.arena.bounds = Years(2090, 2091), Bounds()
        self._then = then

    def try_out(self, program: Program) -> Example:
        return next(self._examples, None) or self._give_up(program)

    def _give_up(self, _: Program) -> NoReturn:
        self._then()


def explored_with(then: Callable[[], NoReturn]) -> Run:
    scenario = Scenario(PROGRAM, name="herd")
    return explored(scenario, CutShort(then), Plan(), LockSpec(), lambda _: None)


def test_an_interruption_while_shrinking_keeps_what_was_found() -> None:
    def then() -> NoReturn:
        raise KeyboardInterrupt

    with pytest.raises(Interrupted) as caught:
        explored_with(then)
    assert caught.value.run.status == "violated"
    assert caught.value.run.history == BOTH.history


def test_an_error_while_shrinking_keeps_what_was_found() -> None:
    def then() -> NoReturn:
        raise MachineError("the server is gone")

    run = explored_with(then)
    assert run.status == "violated"
    assert run.repeats is None


class Willing(Scripted):
    """Runs whatever it is given, and all is well."""

    def __init__(self) -> None:
        super().__init__()
        self.arena.years, self.arena.bounds = Years(2090, 2091), Bounds()
        self.arena.verbs = frozenset({"acquire"})

    def try_out(self, program: Program) -> Example:  # noqa: ARG002
        return GOOD


@pytest.mark.parametrize(
    "what", [Draw({"acquire": 1}), Every(at_gate(acquire(0, JAN, 0)))], ids=["draw", "every"]
)
def test_however_little_time_there_is_something_is_run(what: Draw | Every) -> None:
    run = explored(Scenario(what, name="short"), Willing(), Plan(seconds=0), LockSpec(), lambda _: None)
    assert run.status == "holds"
    assert run.figures.examples >= 1
