"""Failures that are remembered from run to run."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from lock_harness.core.run import Figures, Shrinking
from lock_harness.frontends.memory import TIMES, FailureMemory, RememberedFailure, folder_name, repeat_tasks
from lock_harness.frontends.repeats import Repeats, describe_repeat
from lock_harness.locks.loading import LockSpec
from lock_harness.programs import Month, acquire, program, release
from lock_harness.programs.renaming import finding_id
from tests.histories import history
from tests.runs import run

JAN, FEB = Month(2090, 1), Month(2090, 2)
DAY = date(2026, 11, 26)
NEXT = DAY + timedelta(1)
MINE = LockSpec("my:Lock")
FREED = program(acquire(0, JAN, 0), release(0, JAN), release(0, JAN))


@pytest.fixture
def memory(tmp_path: Path) -> FailureMemory:
    return FailureMemory(tmp_path / ".lock-harness", MINE)


def only(memory: FailureMemory) -> RememberedFailure:
    (failure,) = memory.load().failures
    return failure


def held(times: int) -> object:
    return run(history(), status="holds", verdicts=(), figures=Figures(examples=times))


def test_a_failure_is_remembered_with_all_that_a_later_run_needs(memory: FailureMemory) -> None:
    found = run()
    memory.remember(found, DAY)
    failure = only(memory)
    assert failure.id == finding_id(found.violated_checks, found.program)
    assert (failure.program, failure.checks, failure.bounds) == (
        found.program,
        found.violated_checks,
        found.bounds,
    )
    assert (failure.scenario, failure.lock, failure.repeats) == ("herd", "my:Lock", (9, 10))
    assert (failure.first_seen, failure.last_failed, failure.last_held) == (DAY, DAY, None)


def test_nothing_is_written_before_there_is_a_failure(memory: FailureMemory, tmp_path: Path) -> None:
    assert memory.load().failures == ()
    assert list(tmp_path.iterdir()) == []


def test_git_ignores_the_memory(memory: FailureMemory, tmp_path: Path) -> None:
    memory.remember(run(), DAY)
    assert (tmp_path / ".lock-harness/.gitignore").read_text() == "*\n"


def test_a_failure_that_needs_new_processes_is_tried_in_new_processes(memory: FailureMemory) -> None:
    found = run()
    memory.remember(
        run(shrinking=Shrinking(found.program, found.history, new_processes=True)),
        DAY,
    )
    (task,) = repeat_tasks(memory.load().failures)
    assert task.new_processes
    assert (task.times, task.finding, task.checks) == (TIMES, only(memory).id, found.violated_checks)


def test_a_failure_that_occurs_again_keeps_its_file_and_its_first_date(memory: FailureMemory) -> None:
    memory.remember(run(), DAY)
    memory.remember(run(program=program(acquire(0, FEB, 0), acquire(1, FEB, 0))), NEXT)
    failure = only(memory)
    assert (failure.first_seen, failure.last_failed) == (DAY, NEXT)
    assert failure.program == run().program


def test_locks_and_contracts_have_memories_of_their_own(tmp_path: Path) -> None:
    FailureMemory(tmp_path, MINE).remember(run(), DAY)
    for other in (
        LockSpec("my:Other"),
        LockSpec("my:Lock", contract=(("reentrant", "refused"),)),
        LockSpec("", command=("my:Lock",)),
    ):
        assert FailureMemory(tmp_path, other).load().failures == ()


@pytest.mark.parametrize(
    "lock",
    [
        MINE,
        LockSpec("../../etc:passwd"),
        LockSpec("", command=("node", "/a b/my lock.mjs", "--x=../..")),
        LockSpec("", command=("x" * 1000,)),
        LockSpec("", command=("..",)),
    ],
)
def test_the_folder_of_a_lock_is_a_plain_name(lock: LockSpec) -> None:
    name = folder_name(lock)
    assert "/" not in name
    assert not name.startswith(".")
    assert len(name) < 100


def test_the_order_of_the_fields_of_a_contract_does_not_matter() -> None:
    fields = (("a", "1"), ("b", "2"))
    assert folder_name(LockSpec("x:y", contract=fields)) == folder_name(
        LockSpec("x:y", contract=fields[::-1])
    )


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"format": 99}', b"[]"])
def test_a_damaged_file_is_skipped_with_a_line(memory: FailureMemory, content: bytes) -> None:
    memory.remember(run(), DAY)
    (memory.folder / "bad.json").write_bytes(content)
    remembered = memory.load()
    assert len(remembered.failures) == 1
    (note,) = remembered.notes
    assert "bad.json" in note
    assert "\n" not in note


def test_a_damaged_file_is_replaced_when_the_failure_occurs_again(memory: FailureMemory) -> None:
    name = memory.remember(run(), DAY).id
    (memory.folder / f"{name}.json").write_bytes(b"{")
    memory.remember(run(), NEXT)
    assert only(memory).first_seen == NEXT


def test_a_write_leaves_no_other_file(memory: FailureMemory) -> None:
    name = memory.remember(run(), DAY).id
    memory.note_held(only(memory), NEXT)
    assert [path.name for path in memory.folder.iterdir()] == [f"{name}.json"]


def test_what_failed_last_comes_first(memory: FailureMemory) -> None:
    old = memory.remember(run(), DAY)
    new = memory.remember(run(program=FREED), NEXT)
    assert [one.id for one in memory.load().failures] == [new.id, old.id]
    memory.note_held(new, NEXT)
    assert [one.id for one in memory.load().failures] == [old.id, new.id]


def test_the_dates_of_a_failure_that_held_and_then_failed_again(memory: FailureMemory) -> None:
    memory.remember(run(), DAY)
    memory.note_held(only(memory), DAY)
    assert not only(memory).failed_last
    memory.note_failed(only(memory), DAY)
    assert only(memory).failed_last
    memory.note_held(only(memory), NEXT)
    memory.note_failed(only(memory), NEXT + timedelta(1))
    assert only(memory).last_held == NEXT
    assert only(memory).failed_last


# In a run


def test_a_run_says_that_a_failure_does_not_occur_any_more(memory: FailureMemory) -> None:
    name = memory.remember(run(repeats=(10, 10)), DAY).id
    repeats = Repeats(memory, NEXT)
    text = repeats.add(repeats.tasks[0], held(10)).plain  # type: ignore[arg-type]
    assert text == f"✓ failed on 2026-11-26, holds now, 10 of 10 ({name}, herd)"
    assert repeats.gone == {name}
    assert only(memory).last_held == NEXT


def test_a_run_says_that_few_runs_prove_nothing_about_a_rare_failure(memory: FailureMemory) -> None:
    memory.remember(run(repeats=(1, 10)), DAY)
    repeats = Repeats(memory, NEXT)
    text = repeats.add(repeats.tasks[0], held(10)).plain  # type: ignore[arg-type]
    assert "did not fail in 10 runs, too few to be sure: it failed 1 of 10 times" in text
    assert repeats.gone == set()


def test_a_run_says_that_a_failure_is_still_there(memory: FailureMemory) -> None:
    memory.remember(run(), DAY)
    repeats = Repeats(memory, NEXT)
    text = repeats.add(repeats.tasks[0], run()).plain
    assert "✗ failed on 2026-11-26, still fails: mutual_exclusion" in text
    assert only(memory).last_failed == NEXT
    assert list(repeats.runs.values()) == [run()]


def test_a_run_says_that_the_result_of_a_failure_is_unknown(memory: FailureMemory) -> None:
    failure = memory.remember(run(), DAY)
    assert "unknown now" in describe_repeat(failure, run(status="unknown")).plain


def test_a_memory_that_cannot_be_written_is_a_note_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    repeats = Repeats(FailureMemory(tmp_path / "file", MINE), DAY)
    repeats.remember(run())
    (note,) = repeats.notes
    assert "cannot write" in note
    assert "--memory" in note
