"""What a `run` command prints and saves: each scenario, each finding, and the summary."""

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from lock_harness.campaign.campaign import Campaign
from lock_harness.campaign.findings import RunFinding
from lock_harness.campaign.messages import Repeat
from lock_harness.campaign.work import ScenarioWork
from lock_harness.core.run import Run
from lock_harness.exploration.progress import Progress
from lock_harness.frontends.display import Display
from lock_harness.frontends.github import place_of_lock, runs_in_github, write_github_summary
from lock_harness.frontends.options import RunOptions
from lock_harness.frontends.repeats import Repeats
from lock_harness.frontends.reports import replay_command, save, save_junit
from lock_harness.frontends.results import FindingResult, RunResults, as_json, scenario_result
from lock_harness.frontends.terminal import print_notes
from lock_harness.render.crash_points import crash_points
from lock_harness.render.github import GithubReport, ReportedFinding, ReportedRun
from lock_harness.render.story import story
from lock_harness.render.summary import line, succeeded
from lock_harness.render.text import plural
from lock_harness.render.totals import describe_exercise, describe_outcome, thin
from lock_harness.servers.server import Server


class RunReport:
    """Prints and saves the results of a run as they come.

    Attributes:
        runs: The result of each finished scenario.
    """

    def __init__(
        self, works: Sequence[ScenarioWork], options: RunOptions, repeats: Repeats, console: Console
    ) -> None:
        self._works = works
        self._repeats = repeats
        self._options = options
        self._console = console
        drawn = [work.total or 1 for work in works]
        self.display = Display(console, None if options.seconds else sum(drawn))
        self.runs: list[Run] = []
        self._paths: list[Path] = []
        self._current: dict[int, Progress] = {}
        # the report of each finding, and the first finding of each scenario
        self._findings: dict[str, Path] = {}
        self._first_findings: dict[str, tuple[Run, Path]] = {}

    def begin(self, server: Server) -> None:
        """Print the first line."""
        own_locks = all(work.scenario.lock for work in self._works)
        self._lock = "per scenario" if own_locks else str(self._options.lock or "reference")
        self._server = str(server)
        line = f"{server}, lock{':' if own_locks else ''} {self._lock}, seed {self._options.seed}"
        self._console.print(line, soft_wrap=True)

    # What happens in the run

    def progress(self, lane: int, progress: Progress) -> None:
        self._current[lane] = progress
        self.display.show_lane(lane, progress)

    def given(self, lane: int, work: ScenarioWork) -> None:
        """Note that a lane begins a batch."""
        del work
        self._current.pop(lane, None)

    def tick(self) -> None:
        examples = sum(work.done for work in self._works)
        examples += sum(progress.figures.examples for progress in self._current.values())
        found = f", {plural(len(self._findings), 'finding')}" if self._findings else ""
        state = f"{self._stage()}{found}"
        self.display.show_whole(examples, state)

    def _stage(self) -> str:
        """Return how far the run is."""
        ended = sum(work.skipped is not None or work.done >= (work.total or 1) for work in self._works)
        started = sum(work.skipped is not None or work.done >= work.minimum for work in self._works)
        if self._options.seconds is None:
            return f"{ended} of {len(self._works)} scenarios are done"
        return f"{started} of {len(self._works)} scenarios have had their minimum"

    def repeated(self, task: Repeat, run: Run) -> None:
        """Say what became of a failure of an earlier run."""
        self.display.print(self._repeats.add(task, run))

    def not_repeated(self, task: Repeat, why: str) -> None:
        """Say that a failure of an earlier run was not tried."""
        self.display.print(self._repeats.describe_skipped(task, why))

    def met(self, finding: RunFinding, run: Run, *, new: bool) -> None:
        """Print the story of a new finding."""
        if not new:
            return
        path = save(run, self._options.reports)
        if finding.id not in self._repeats.runs:
            self._repeats.remember(run)
        self._findings[finding.id] = path
        self._first_findings.setdefault(run.scenario, (run, path))
        if self._options.known.accepts(finding):
            reason = self._options.known.reasons[finding.id]
            text = f"known: finding {finding.id}, {finding.main_check} ({reason}); {replay_command(path)}"
            self.display.print(Text.assemble(("~", "yellow"), f" {text}"))
            return
        self.display.print(Text.assemble(("✗ ", "bold red"), (f"finding {finding.id}", "bold")))
        self.display.print(story(run, replay_command(path)), soft_wrap=False)
        self.display.print("")

    def finished(self, work: ScenarioWork) -> None:
        """Print the result of a scenario in a line, and save it."""
        name = work.scenario.name
        if work.run is None:
            self.display.print(Text.assemble(("-", "dim"), f" {name:<34}skipped   {work.skipped}"))
            return
        run, path = self._shown(work.run)
        self.runs.append(run)
        self._paths.append(path)
        self.display.print(line(run, thin(run, work.minimum)))
        if run.coverage.crash_points:
            self.display.print(
                Padding(crash_points(run.coverage.crash_points), (0, 0, 1, 6)), soft_wrap=False
            )
        is_shown = run.status == "violated" and not run.expects
        if not is_shown and (not succeeded(run) or run.expects):
            self.display.print(story(run, replay_command(path)), soft_wrap=False)
            self.display.print("")

    def _shown(self, run: Run) -> tuple[Run, Path]:
        """Return the run of a scenario as it is reported, and where it is saved: its first finding, if it had one."""
        if run.scenario not in self._first_findings:
            return run, save(run, self._options.reports)
        shown, path = self._first_findings[run.scenario]
        return msgspec.structs.replace(shown, figures=run.figures, coverage=run.coverage), path

    # The end of the run

    def finish_rest(self) -> None:
        """Print the scenarios that were not finished before the run ended."""
        for work in self._works:
            reported = work.skipped is not None or any(
                run.scenario == work.scenario.name for run in self.runs
            )
            if not reported and work.run is not None:
                self.finished(work)

    @property
    def has_gaps(self) -> bool:
        """Whether a scenario was skipped, or too little of it was run."""
        return any(work.run is None or bool(thin(work.run, work.minimum)) for work in self._works)

    def sum_up(self, campaign: Campaign, seconds: float) -> None:
        """Write junit.xml and print the summary."""
        print_notes(self._repeats.notes)
        for finding in campaign.findings:
            met_by = ", ".join(finding.scenarios)
            prefix = "known " if self._options.known.accepts(finding) else ""
            text = f"{prefix}finding {finding.id}  {finding.main_check}: met by {met_by}"
            self._console.print(text, soft_wrap=True)
        occurred = {finding.id for finding in campaign.findings} | self._repeats.still_there
        for text in self._options.known.disappeared(occurred, self._repeats.gone):
            self._console.print(text, soft_wrap=True)
        known = self._options.known.accepted_only(campaign.findings)
        if self.runs:
            save_junit(self.runs, self._paths, self._options.reports, known)
            self._console.print(describe_exercise(self.runs), soft_wrap=True)
        minimums = {work.scenario.name: work.minimum for work in self._works}
        skipped = [work.skipped for work in self._works if work.skipped]
        outcome = describe_outcome(self.runs, minimums, skipped, not_run=self._not_run(campaign), known=known)
        where = f"reports in {self._options.reports}/"
        self._console.print(f"{outcome}; {seconds:.1f} s; {where}", soft_wrap=True)
        if runs_in_github():
            output = sys.stderr if self._options.as_json else sys.stdout
            write_github_summary(self._github_report(campaign, f"{outcome}; {seconds:.1f} s"), output)
        if self._options.as_json:
            print(as_json(self._results(campaign, seconds)))

    def _github_report(self, campaign: Campaign, outcome: str) -> GithubReport:
        minimums = {work.scenario.name: work.minimum for work in self._works}
        skipped = {work.scenario.name: work.skipped for work in self._works if work.skipped}
        lack_of_time = dict.fromkeys(self._not_run(campaign), "there was no time for it")
        return GithubReport(
            subject=f"{self._server}, lock {self._lock}, seed {self._options.seed}",
            outcome=outcome,
            exercise=describe_exercise(self.runs) if self.runs else "",
            findings=[
                ReportedFinding(one.id, one.run, tuple(one.scenarios), replay_command(self._findings[one.id]))
                for one in campaign.findings
            ],
            runs=[
                ReportedRun(run, replay_command(path), thin(run, minimums[run.scenario]))
                for run, path in zip(self.runs, self._paths, strict=True)
            ],
            skipped=skipped | lack_of_time,
            lock_place=place_of_lock(self._options.lock) if self._options.lock else None,
        )

    def _not_run(self, campaign: Campaign) -> list[str]:
        return [work.scenario.name for work in campaign.works if work.run is None and work.skipped is None]

    def _results(self, campaign: Campaign, seconds: float) -> RunResults:
        """Return the results as a program reads them."""
        paths = {run.scenario: str(path) for run, path in zip(self.runs, self._paths, strict=True)}
        return RunResults(
            server=self._server,
            lock=self._lock,
            seed=self._options.seed,
            seconds=round(seconds, 1),
            scenarios=tuple(scenario_result(work, paths.get(work.scenario.name)) for work in self._works),
            findings=tuple(
                FindingResult(
                    id=finding.id,
                    checks=finding.run.violated_checks,
                    scenarios=tuple(finding.scenarios),
                    repeats=finding.run.repeats,
                    report=str(self._findings[finding.id]),
                    known=self._options.known.accepts(finding),
                )
                for finding in campaign.findings
            ),
        )
