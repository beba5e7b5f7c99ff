"""A run for GitHub Actions: annotations as workflow commands, and a summary of the step in Markdown."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from lock_harness.core.run import Run
from lock_harness.render.sentences import reasons
from lock_harness.render.story import story
from lock_harness.render.summary import succeeded
from lock_harness.render.text import plain, plural

# GitHub shows no more annotations of a step, and no larger summary
MOST_ANNOTATIONS = 10
MOST_SUMMARY_BYTES = 1_000_000
MOST_STORY_CHARACTERS = 20_000


class SourcePlace(NamedTuple):
    """A line of a file of the repository."""

    file: str
    line: int


class ReportedFinding(NamedTuple):
    """A finding, with the scenarios that met it and the command that shows it again."""

    id: str
    run: Run
    scenarios: tuple[str, ...]
    replay: str


class ReportedRun(NamedTuple):
    """The result of a scenario, with the command that shows it again; `note` says why it is thin."""

    run: Run
    replay: str
    note: str = ""


@dataclass(frozen=True)
class GithubReport:
    """What GitHub shows of a `run` command.

    Attributes:
        subject: The server, the lock and the seed.
        outcome: How many scenarios held.
        exercise: What all runs together exercised.
        skipped: Why scenarios were not run, by their names.
        lock_place: Where the lock is defined, if that is in the repository.
    """

    subject: str
    outcome: str
    exercise: str
    findings: Sequence[ReportedFinding]
    runs: Sequence[ReportedRun]
    skipped: Mapping[str, str]
    lock_place: SourcePlace | None = None


def annotations(report: GithubReport) -> list[str]:
    """Return a workflow command for each finding, uncaught planted lock and unknown result."""
    found = [
        _command("error", f"{_main_check(one.run)} ({one.id})", _describe(one), report.lock_place)
        for one in report.findings
    ]
    for one in report.runs:
        if _is_uncaught(one.run):
            found.append(_command("error", one.run.scenario, "the planted lock was not caught", None))
        elif one.run.status == "unknown":
            text = f"unknown: {next(reasons(one.run), 'no reason is known')}\n{one.replay}"
            found.append(_command("warning", one.run.scenario, text, None))
    return found[:MOST_ANNOTATIONS]


def step_summary(report: GithubReport) -> str:
    """Return the summary of the step in Markdown."""
    count = len(report.findings)
    title = plural(count, "finding") if count else "no finding"
    parts = [
        f"## lock-harness: {title}",
        _text(report.subject),
        _text(report.outcome),
        *(part for one in report.findings for part in _finding(one)),
        "\n".join(_table(report)),
        _text(report.exercise),
    ]
    text = "\n\n".join(part for part in parts if part) + "\n"
    if len(text.encode()) > MOST_SUMMARY_BYTES:
        return text.encode()[:MOST_SUMMARY_BYTES].decode(errors="ignore") + "\n\n… cut off\n"
    return text


def _describe(finding: ReportedFinding) -> str:
    lines = [
        next(reasons(finding.run), "no reason is known"),
        f"met by {', '.join(finding.scenarios)}",
        f"see it again: {finding.replay}",
    ]
    return "\n".join(lines)


def _main_check(run: Run) -> str:
    return run.violated_checks[0] if run.violated_checks else run.status


def _is_uncaught(run: Run) -> bool:
    return bool(run.expects) and run.status == "holds"


def _command(level: Literal["error", "warning"], title: str, text: str, place: SourcePlace | None) -> str:
    properties = {"title": f"lock-harness: {title}"}
    if place:
        properties = {"file": place.file, "line": str(place.line), **properties}
    shown = ",".join(f"{name}={_escaped_property(value)}" for name, value in properties.items())
    return f"::{level} {shown}::{_escaped(text)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def _finding(finding: ReportedFinding) -> Iterator[str]:
    checks = ", ".join(finding.run.violated_checks)
    yield f"### Finding {finding.id}: {_text(checks)}"
    yield _text(next(reasons(finding.run), ""))
    yield f"Met by {_text(', '.join(finding.scenarios))}. See it again:"
    yield _fenced(finding.replay)
    text = plain(story(finding.run, finding.replay))
    if len(text) > MOST_STORY_CHARACTERS:
        text = text[:MOST_STORY_CHARACTERS] + "\n… cut off: see the saved report"
    yield f"<details><summary>The smallest failing program</summary>\n\n{_fenced(text)}\n\n</details>"


def _table(report: GithubReport) -> Iterator[str]:
    yield "| | scenario | result | examples | note |"
    yield "|---|---|---|---:|---|"
    for one in report.runs:
        run = one.run
        good = succeeded(run)
        mark = "✅" if good and not one.note else "⚠️" if good or run.status == "unknown" else "❌"
        result = "caught" if run.expects and good else "not caught" if run.expects else run.status
        note = one.note if good else next(reasons(run), "")
        yield f"| {mark} | {_text(run.scenario)} | {result} | {run.figures.examples:,} | {_text(note)} |"
    for name, why in report.skipped.items():
        yield f"| ➖ | {_text(name)} | not run | | {_text(why)} |"


def _fenced(text: str) -> str:
    """Return a code block, whose fence is longer than every run of backticks in the text."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _text(text: str) -> str:
    """Return text that Markdown shows as it is, on one line."""
    return re.sub(r"([\\`*_\[\]<>|#~])", r"\\\1", " ".join(text.split()))
