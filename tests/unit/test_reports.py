"""Runs on disk: saved, loaded and refused."""

from pathlib import Path

import msgspec
import pytest
from junitparser import JUnitXml

from lock_harness.core.errors import MachineError, UserError
from lock_harness.core.run import Shrinking
from lock_harness.frontends.reports import load, save, save_junit
from tests.runs import huge, run


def test_a_saved_run_is_loaded_from_its_file_or_its_folder(tmp_path: Path) -> None:
    path = save(run(), tmp_path)
    assert path.parent.parent == tmp_path / "herd"
    assert load(path) == run()
    assert load(path.parent) == run()


@pytest.mark.parametrize("cut", [0, 1, 100, -2])
def test_a_truncated_run_is_refused_in_one_line(tmp_path: Path, cut: int) -> None:
    path = save(run(), tmp_path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(UserError, match="is not a saved run, or is incomplete") as caught:
        load(path)
    assert "\n" not in str(caught.value)


def test_a_missing_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read"):
        load(tmp_path / "run.json")


def test_a_reports_folder_that_cannot_be_written_is_an_error_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / "herd").write_text("a file in the place of the folder")
    with pytest.raises(MachineError, match="choose another folder with --reports"):
        save(run(), tmp_path)


def test_junit_counts_violations_as_failures_and_unknown_results_as_errors(tmp_path: Path) -> None:
    runs = [run(), run(status="unknown"), run(status="holds")]
    suite = JUnitXml.fromfile(str(save_junit(runs, [tmp_path] * 3, tmp_path)))
    assert (suite.tests, suite.failures, suite.errors) == (3, 1, 1)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b"2090", b"1999", "1999-01 is not a month"),
        (b'"actors": 2', b'"actors": 1', "step 1: there is no actor 1"),
        (
            b'"verb": "acquire"',
            b'"verb": "acquire", "timeout_ms": -5',
            "timeout_ms must be 0 or more, not -5",
        ),
        (b'"verb": "acquire"', b'"verb": "acquire", "timeout_ms": NaN', "is not a saved run"),
    ],
)
def test_a_run_with_an_invalid_program_is_refused(tmp_path: Path, old: bytes, new: bytes, why: str) -> None:
    path = save(run(), tmp_path)
    text = path.read_bytes()
    start = text.index(b'"program"')
    changed = text[:start] + text[start:].replace(old, new, 1)
    assert changed != text
    path.write_bytes(changed)
    with pytest.raises(UserError, match=why):
        load(path)


def test_a_huge_run_is_saved_with_a_line_for_each_event(tmp_path: Path) -> None:
    text = msgspec.structs.replace(huge(), shrinking=Shrinking(huge().program, huge().history))
    path = save(text, tmp_path)
    assert load(path) == text
    lines = path.read_text().splitlines()
    assert max(map(len, lines)) < 2100
    assert len(lines) < 2.1 * len(huge().history.events)
