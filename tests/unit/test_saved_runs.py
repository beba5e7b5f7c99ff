"""Saved runs: a written run can be read, and runs of format 1 are still read and shown."""

from pathlib import Path

import msgspec
import pytest

from lock_harness.core.errors import UserError
from lock_harness.core.fault import Fault
from lock_harness.core.format_1 import upgrade
from lock_harness.core.program import Month, Program
from lock_harness.core.run import Coverage, CrashPoint, OrderCoverage, PctGuarantee, Run, Shrinking
from lock_harness.core.schedule import Pct
from lock_harness.frontends.reports import load, save
from lock_harness.render.crash_points import crash_points
from lock_harness.render.story import story
from lock_harness.render.text import plain
from tests.runs import run

FORMAT_1 = Path(__file__).parents[1] / "data" / "format_1"
JAN = Month(2090, 1)


def old(name: str) -> Run:
    return load(FORMAT_1 / f"{name}.json")


@pytest.mark.parametrize(
    ("name", "lock", "mode", "expects", "repeats", "steps"),
    [
        ("release_frees_all", "ReleaseFreesAll", "lockstep", "mutual_exclusion", (10, 10), 4),
        ("check_then_act", "CheckThenAct", "gate", "mutual_exclusion", (10, 10), 2),
        ("wall_clock", "WallClock", "race", "timeout_not_early", (3, 10), 3),
    ],
)
def test_a_violated_run_of_format_1_is_read(
    name: str, lock: str, mode: str, expects: str, repeats: tuple[int, int], steps: int
) -> None:
    found = old(name)
    assert (found.scenario, found.status, found.seed) == (f"planted/{name}", "violated", 7)
    assert found.lock == f"lock_harness.scenarios.planted.{name}:{lock}"
    assert (found.program.mode, len(found.program.steps)) == (mode, steps)
    assert found.expects == expects
    assert expects in found.violated_checks
    assert found.repeats == repeats
    assert found.coverage == Coverage()
    assert found.shrinking is not None
    assert found.shrinking.first_history.events
    assert len(found.shrinking.first_program.steps) >= steps
    assert (found.shrinking.divergence, found.shrinking.why_as_race) == (None, None)


def test_the_crash_points_of_a_run_of_format_1_are_read() -> None:
    found = old("crash_points")
    assert found.lock == "lock_harness.locks.month_lock:MonthLock"
    assert found.shrinking is None
    points = found.coverage.crash_points
    assert {one.status for one in points} == {"holds"}
    assert len(points) == found.figures.examples - 1
    assert f"{len(points)} crash points" in plain(crash_points(points))


def test_the_order_coverage_of_a_run_of_format_1_is_read() -> None:
    found = old("every_order")
    assert found.coverage == Coverage(orders=OrderCoverage(6, 0, True))
    assert found.shrinking is None


@pytest.mark.parametrize("path", sorted(FORMAT_1.iterdir()), ids=lambda path: path.stem)
def test_the_story_of_a_run_of_format_1_is_shown(path: Path) -> None:
    found = load(path)
    text = plain(story(found, "lock-harness replay it"))
    caught = "caught, as planted" if found.expects else "holds"
    assert text.startswith(f"{found.scenario}: {caught}")
    assert "See it again: lock-harness replay it" in text
    assert ("shrunk to" in text) == (found.status == "violated")


def test_a_divergence_of_format_1_belongs_to_shrinking_only_after_a_violation() -> None:
    held: dict[str, object] = {"diverged": "at move 5", "first_program": None, "lock": "my:Lock"}
    assert upgrade(held)["coverage"]["divergence"] == "at move 5"
    violated = upgrade({**held, "first_program": {}, "first_history": {}, "why_race": "too long"})
    assert "divergence" not in violated["coverage"]
    assert violated["shrinking"] == {
        "first_program": {},
        "first_history": {},
        "divergence": "at move 5",
        "why_as_race": "too long",
    }


@pytest.mark.parametrize(
    ("lock", "command", "current"),
    [
        ("harness.locks.month_lock:MonthLock", False, "lock_harness.locks.month_lock:MonthLock"),
        (
            "scenarios.planted.wall_clock:WallClock",
            False,
            "lock_harness.scenarios.planted.wall_clock:WallClock",
        ),
        ("my.harness.locks:Lock", False, "my.harness.locks:Lock"),
        ("scenarios.planted.of_a_user:Lock", False, "scenarios.planted.of_a_user:Lock"),
        ("harness.locks.run --fast", True, "harness.locks.run --fast"),
    ],
)
def test_only_locks_of_the_harness_have_new_names(lock: str, command: bool, current: str) -> None:
    assert upgrade({"lock": lock, "lock_command": command})["lock"] == current


def full() -> Run:
    """Return a run in which every optional part is filled in."""
    program = Program(2, (JAN,), (), "gate")
    return run(
        expects="mutual_exclusion",
        leaked_locks=True,
        coverage=Coverage(
            orders=OrderCoverage(6, 1, False, 2, 3),
            crash_points=(CrashPoint(0, "acquire", JAN, "SELECT 1", Fault(0), True, "violated", "stuck"),),
            pct_guarantee=PctGuarantee(Pct(1, 2, 30), 3, 40),
            faults_not_injected=(Fault(1, message=9),),
            divergence="at move 5",
        ),
        shrinking=Shrinking(program, run().history, "at move 6", "it is too long"),
    )


def test_a_run_with_all_its_parts_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = save(full(), tmp_path)
    assert load(path) == full()
    assert msgspec.json.decode(path.read_bytes())["format"] == 2


def test_an_upgraded_run_is_written_in_format_2(tmp_path: Path) -> None:
    found = old("check_then_act")
    path = save(found, tmp_path)
    assert load(path) == found
    assert msgspec.json.decode(path.read_bytes())["format"] == 2


def test_a_run_of_a_newer_format_is_refused_in_one_line(tmp_path: Path) -> None:
    path = save(run(), tmp_path)
    path.write_text(path.read_text().replace('"format": 2', '"format": 3'))
    with pytest.raises(UserError, match="written by a newer version of lock-harness") as caught:
        load(path)
    assert "\n" not in str(caught.value)
