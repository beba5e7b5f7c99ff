"""The annotations and the summary that GitHub Actions shows."""

import io
import re
import sys
from pathlib import Path

import pytest

from lock_harness.core.run import Run
from lock_harness.frontends.github import place_of_lock, runs_in_github, write_github_summary
from lock_harness.locks.loading import LockSpec
from lock_harness.render import github
from lock_harness.render.github import (
    GithubReport,
    ReportedFinding,
    ReportedRun,
    SourcePlace,
    annotations,
    step_summary,
)
from tests.histories import JAN, call, history
from tests.runs import run

HOLDS = history(call(0, "acquire", JAN, at=0, answer=True))
AGAIN = "lock-harness replay reports/herd/1/run.json"


def finding(failed: Run, *scenarios: str) -> ReportedFinding:
    return ReportedFinding("1a2b3c4d", failed, scenarios or (failed.scenario,), AGAIN)


def report(
    *runs: ReportedRun,
    findings: tuple[ReportedFinding, ...] = (),
    skipped: dict[str, str] | None = None,
    lock_place: SourcePlace | None = None,
) -> GithubReport:
    return GithubReport(
        subject="PostgreSQL 18.6, embedded, lock my:Lock, seed 7",
        outcome="27 held, 2 thin; 1,000 examples; 60.0 s",
        exercise="exercised 9 operations",
        findings=findings,
        runs=runs,
        skipped=skipped or {},
        lock_place=lock_place,
    )


def unescaped(text: str) -> str:
    """What GitHub makes of an escaped text, by its own rules: the percent sign last."""
    for sign, code in (("\r", "%0D"), ("\n", "%0A"), (":", "%3A"), (",", "%2C"), ("%", "%25")):
        text = text.replace(code, sign)
    return text


def test_a_finding_is_an_error_at_the_lock() -> None:
    place = SourcePlace("src/my,lock.py", 12)
    (line,) = annotations(report(findings=(finding(run(), "herd", "races"),), lock_place=place))
    head, _, text = line.removeprefix("::").partition("::")
    assert head == "error file=src/my%2Clock.py,line=12,title=lock-harness%3A mutual_exclusion (1a2b3c4d)"
    reason, met, again = unescaped(text).split("\n")
    assert str(JAN) in reason
    assert (met, again) == ("met by herd, races", f"see it again: {AGAIN}")


def test_a_lock_outside_the_repository_has_no_file() -> None:
    (line,) = annotations(report(findings=(finding(run()),)))
    assert line.startswith("::error title=lock-harness%3A mutual_exclusion (1a2b3c4d)::")


def test_a_planted_lock_that_was_not_caught_is_an_error_and_an_unknown_result_a_warning() -> None:
    runs = (
        run(HOLDS, expects="mutual_exclusion", scenario="planted/x"),
        run(HOLDS, status="unknown"),
        run(HOLDS),
        run(expects="mutual_exclusion"),
    )
    assert annotations(report(*(ReportedRun(one, AGAIN) for one in runs))) == [
        "::error title=lock-harness%3A planted/x::the planted lock was not caught",
        f"::warning title=lock-harness%3A herd::unknown: no reason is known%0A{AGAIN}",
    ]


@pytest.mark.parametrize("text", ["50 %", "a\nb", "a\r\nb", "a::b", "x,y=z"])
def test_every_text_reaches_github_unchanged_and_on_one_line(text: str) -> None:
    (line,) = annotations(report(findings=(finding(run(), text),)))
    assert "\n" not in line
    assert "\r" not in line
    assert f"met by {text}\n" in unescaped(line.removeprefix("::").partition("::")[2])
    (titled,) = annotations(report(ReportedRun(run(HOLDS, status="unknown", scenario=text), AGAIN)))
    title = re.match(r"::warning title=([^,:]*)::", titled)
    assert title is not None
    assert unescaped(title[1]) == f"lock-harness: {text}"


def test_there_are_no_more_annotations_than_github_shows() -> None:
    assert len(annotations(report(findings=(finding(run()),) * 30))) == github.MOST_ANNOTATIONS


def test_the_summary_has_each_finding_and_each_scenario() -> None:
    runs = (
        ReportedRun(run(), AGAIN),
        ReportedRun(run(HOLDS, scenario="calm"), AGAIN),
        ReportedRun(run(HOLDS, scenario="narrow"), AGAIN, "thin: 3 of at least 20 examples"),
        ReportedRun(run(HOLDS, scenario="odd", status="unknown"), AGAIN),
        ReportedRun(run(expects="mutual_exclusion", scenario="planted/x"), AGAIN),
    )
    text = step_summary(
        report(*runs, findings=(finding(run(), "herd", "races"),), skipped={"through": "no PgBouncer"})
    )
    subject = "PostgreSQL 18.6, embedded, lock my:Lock, seed 7"
    assert text.startswith(f"## lock-harness: 1 finding\n\n{subject}\n\n27 held")
    assert r"### Finding 1a2b3c4d: mutual\_exclusion" in text
    assert "Met by herd, races. See it again:" in text
    assert f"```text\n{AGAIN}\n```" in text
    assert "<details><summary>The smallest failing program</summary>\n\n```text\n" in text
    rows = [line for line in text.splitlines() if line.startswith(("| ", "|-"))]
    assert rows[:2] == ["| | scenario | result | examples | note |", "|---|---|---|---:|---|"]
    assert rows[2].startswith("| ❌ | herd | violated | 3 | ")
    assert rows[3:] == [
        "| ✅ | calm | holds | 3 |  |",
        "| ⚠️ | narrow | holds | 3 | thin: 3 of at least 20 examples |",
        "| ⚠️ | odd | unknown | 3 |  |",
        "| ✅ | planted/x | caught | 3 |  |",
        "| ➖ | through | not run | | no PgBouncer |",
    ]
    assert text.rstrip().endswith("exercised 9 operations")
    assert step_summary(report(runs[1])).startswith("## lock-harness: no finding\n")


def test_a_text_cannot_break_the_markdown() -> None:
    skipped = {"a|b": "<b> `x` | y\nz *w* [l](u) _v_"}
    (row,) = [line for line in step_summary(report(skipped=skipped)).splitlines() if "➖" in line]
    assert row == r"| ➖ | a\|b | not run | | \<b\> \`x\` \| y z \*w\* \[l\](u) \_v\_ |"
    fenced = finding(run())._replace(replay="a ```` b")
    assert "`````text\na ```` b\n`````" in step_summary(report(findings=(fenced,)))


def test_a_summary_is_cut_off_where_github_would_refuse_it() -> None:
    skipped = {f"scenario {number}": "é" * 5000 for number in range(150)}
    text = step_summary(report(skipped=skipped))
    assert len(text.encode()) < 1024 * 1024
    assert text.endswith("\n\n… cut off\n")


def test_the_summary_is_appended_and_the_annotations_are_printed(tmp_path: Path) -> None:
    summary, output = tmp_path / "summary", io.StringIO()
    summary.write_text("before\n")
    write_github_summary(report(findings=(finding(run()),)), output, {"GITHUB_STEP_SUMMARY": str(summary)})
    assert summary.read_text(encoding="utf-8").startswith("before\n## lock-harness: 1 finding")
    assert output.getvalue().startswith("::error ")
    write_github_summary(report(), output, {})
    write_github_summary(report(), output, {"GITHUB_STEP_SUMMARY": str(tmp_path)})
    assert output.getvalue().endswith(
        f"::warning::cannot write the summary of the step to {tmp_path}: Is a directory\n"
    )


def test_a_step_of_a_workflow_is_recognised() -> None:
    assert runs_in_github({"GITHUB_ACTIONS": "true"})
    assert not runs_in_github({"GITHUB_ACTIONS": ""})
    assert not runs_in_github({})


def test_the_place_of_a_lock_is_its_definition_in_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "lock_in_repository.py").write_text("x = 1\n\n\nclass Lock:\n    pass\n\n\nother = Lock\n")
    monkeypatch.syspath_prepend(folder)
    __import__("lock_in_repository")
    there = {"GITHUB_WORKSPACE": str(tmp_path)}
    try:
        file = "package/lock_in_repository.py"
        assert place_of_lock(LockSpec("lock_in_repository:Lock"), there) == (file, 4)
        assert place_of_lock(LockSpec("lock_in_repository:other"), there) == (file, 1)
        assert place_of_lock(LockSpec(), there) is None
        assert place_of_lock(LockSpec("", ("run", "it")), there) is None
        monkeypatch.chdir(folder)
        found = place_of_lock(LockSpec("lock_in_repository:Lock"), {})
        assert found == ("lock_in_repository.py", 4)
    finally:
        del sys.modules["lock_in_repository"]
