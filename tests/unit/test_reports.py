"""Runs on disk, as a story, as a line of the summary and as JUnit XML; and the table of locks."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from junitparser import JUnitXml

from lock_harness.checks import judge, overall
from lock_harness.core.errors import MachineError, UserError
from lock_harness.core.fault import Fault
from lock_harness.core.program import Operation, Program
from lock_harness.core.run import Environment, Figures, Run, Shrinking, Spread
from lock_harness.core.verdict import Bounds
from lock_harness.figures import merge_figures
from lock_harness.frontends.reports import load, replay_command, save, save_junit
from lock_harness.locks.interface import AdvisoryLock
from lock_harness.render.lock_table import key_of, lock_table, month_of, note
from lock_harness.render.story import story
from lock_harness.render.summary import describe_waits, exit_code, histogram, line, merged
from lock_harness.render.text import plain
from tests.histories import FEB, JAN, call, fault, history, kill

BROKEN = history(call(0, "acquire", JAN, at=0, answer=True), call(1, "acquire", JAN, at=5, answer=True))
WHERE = Environment("0", "3.11", "Linux", 2, "18", "embedded")


def run(given: object = BROKEN, **changes: object) -> Run:
    assert isinstance(given, type(BROKEN))
    verdicts = judge(given, Bounds())
    steps = tuple(Operation(actor, "acquire", JAN) for actor in range(2))
    result = Run(
        scenario="herd",
        about="About it.",
        lock="my:Lock",
        lock_command=False,
        seed=7,
        status=overall(verdicts),
        program=Program(2, (JAN,), steps),
        history=given,
        verdicts=verdicts,
        bounds=Bounds(),
        figures=Figures(examples=3, seconds=1.5),
        environment=WHERE,
        repeats=(9, 10),
    )
    return msgspec.structs.replace(result, **changes)


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


def test_the_story_shows_the_violation_the_events_and_the_replay_command() -> None:
    text = plain(story(run(), replay_command(Path("reports/x/run.json"))))
    assert "herd: violated" in text
    assert "mutual_exclusion" in text
    assert "acquire 2090-01 ≤0 ms → True" in text
    assert "failed 9 of 10 times" in text
    assert "lock-harness replay reports/x/run.json" in text
    assert text.count("◀") == 2


def test_the_replay_command_is_never_wrapped() -> None:
    command = replay_command(Path("reports") / ("long" * 30) / "run.json")
    assert command in plain(story(run(), command), width=60)


def test_the_story_shows_a_pending_call_in_two_rows() -> None:
    waited = history(
        call(0, "acquire", JAN, at=0, answer=True),
        call(1, "acquire", JAN, at=2, took=20, timeout=2000, answer=True),
        call(0, "release", JAN, at=10, answer=True),
        kill(1, at=50),
        call(1, "acquire", JAN, at=60, incarnation=1, answer=True),
    )
    steps = (*run().program.steps, Operation(0, "release", JAN), Fault(1))
    text = plain(story(run(waited, program=Program(2, (JAN,), steps)), "x"))
    assert "acquire 2090-01 ≤2000 ms …" in text
    assert "… acquire → True, after 20.0 ms" in text
    assert "SIGKILL" in text
    assert "60.0" not in text, "the final releases are shown only if they are evidence"


def test_the_story_shows_the_longest_belief_in_a_lost_lock() -> None:
    lost = history(
        call(0, "acquire", JAN, at=0, answer=True),
        fault("terminate", 0, at=4),
        call(1, "acquire", JAN, at=9, answer=True),
        call(0, "reopen", at=20),
    )
    assert (
        "After its session had ended, actor 0 believed for 16.0 ms that it held 2090-01; "
        "another session held it for 10.0 ms of that time."
    ) in plain(story(run(lost), "x"))
    assert "believed" not in plain(story(run(), "x"))


def test_the_summary_shows_beliefs_in_lost_locks_below_the_figures() -> None:
    figures = Figures(examples=3, belief=Spread(4, 3.14, 40.0, 41.2), shared_ms=12.04)
    assert line(run(figures=figures)).plain.splitlines()[1:] == [
        "      believed in a lost lock for 3.1 ms (max 41), while another session held it for up to 12.0 ms"
    ]
    alone = Figures(examples=3, belief=Spread(4, 3.14, 40.0, 41.2))
    assert line(run(figures=alone)).plain.endswith("believed in a lost lock for 3.1 ms (max 41)")


WAITED = Figures(waits=Spread(20, 14.52, 159.2, 189.0), wait_buckets=(2, 0, 0, 9, 18, *[0] * 8), overtaken=15)


def test_the_summary_shows_the_waits_of_a_race_below_the_figures() -> None:
    race = Program(2, (JAN,), (), "race")
    assert line(run(figures=WAITED, program=race)).plain.splitlines()[1:] == [
        "      waited 14.5 ms for a taken month (p99 159, max 189), overtaken up to 15 times  0 ms ▁  ▄█ 20 ms"
    ]
    assert "waited" not in line(run(figures=WAITED)).plain, (
        "in lockstep the program decides how long an actor waits"
    )
    few = msgspec.structs.replace(WAITED, waits=Spread(19, 1.0, 1.0, 1.0))
    assert "waited" not in line(run(figures=few, program=race)).plain


@pytest.mark.parametrize(("count", "words"), [(0, "never"), (1, "up to 1 time "), (2, "up to 2 times ")])
def test_the_summary_shows_how_often_a_wait_was_overtaken(count: int, words: str) -> None:
    assert f"overtaken {words}" in describe_waits(msgspec.structs.replace(WAITED, overtaken=count))


def test_the_story_of_a_race_that_was_shrunk_at_the_gate_says_so() -> None:
    race = msgspec.structs.replace(run().program, mode="race")
    shown = run(
        program=msgspec.structs.replace(race, mode="gate"),
        shrinking=Shrinking(race, BROKEN),
        figures=msgspec.structs.replace(WAITED, examples=3),
    )
    assert "it fails at the gate too, and was shrunk there." in plain(story(shown, "again"))
    assert "waited 14.5 ms" in line(shown).plain
    assert "at the gate" not in plain(story(run(program=race, shrinking=Shrinking(race, BROKEN)), "again"))


def test_the_story_of_a_race_that_was_shrunk_as_a_race_says_why() -> None:
    race = msgspec.structs.replace(run().program, mode="race")
    why = "0 of 10 recorded runs failed"
    shown = run(program=race, shrinking=Shrinking(race, BROKEN, why_as_race=why))
    assert "Shrunk as a race, so timing may matter: 0 of 10 recorded runs failed." in plain(
        story(shown, "again")
    )


def test_a_histogram_shows_each_bucket_as_a_bar() -> None:
    assert histogram((0, 1, 0, 8, *[0] * 9)) == "1 ms ▁ █ 10 ms"
    assert histogram((*[0] * 12, 3)) == "5000 ms █ more"


def test_junit_counts_violations_as_failures_and_unknown_results_as_errors(tmp_path: Path) -> None:
    runs = [run(), run(status="unknown"), run(status="holds")]
    suite = JUnitXml.fromfile(str(save_junit(runs, [tmp_path] * 3, tmp_path)))
    assert (suite.tests, suite.failures, suite.errors) == (3, 1, 1)


@pytest.mark.parametrize(
    ("statuses", "expects", "code"),
    [
        (["holds", "holds"], None, 0),
        (["holds", "violated"], None, 1),
        (["holds", "unknown"], None, 3),
        (["unknown", "violated"], None, 1),
        (["violated"], "mutual_exclusion", 0),
        (["holds"], "mutual_exclusion", 1),
        (["unknown"], "mutual_exclusion", 1),
        ([], None, 0),
    ],
)
def test_the_exit_code_follows_from_the_statuses_of_all_runs(
    statuses: list[str], expects: str | None, code: int
) -> None:
    assert exit_code([run(status=status, expects=expects) for status in statuses]) == code


def test_the_runs_of_several_workers_are_merged_into_one() -> None:
    spread = Spread(10, 1.0, 2.0, 3.0)
    parts = [
        run(status="holds", figures=Figures(examples=100, seconds=2.0, unknown=1, release=spread)),
        run(figures=Figures(examples=50, seconds=3.0, belief=spread, shared_ms=2.0, overtaken=3)),
    ]
    whole = merged(parts)
    assert whole.status == "violated"
    assert whole.figures == Figures(
        examples=150, seconds=3.0, unknown=1, release=spread, belief=spread, shared_ms=2.0, overtaken=3
    )
    assert "150 examples" in line(whole).plain


def test_a_merged_spread_is_the_widest_one() -> None:
    few, many = Spread(2, 9.0, 10.0, 11.0), Spread(10, 1.0, 2.0, 3.0)
    whole = merge_figures([Figures(release=few), Figures(release=many), Figures()])
    assert whole.release == Spread(12, 1.0, 10.0, 11.0)


def test_merged_wait_buckets_are_sums() -> None:
    buckets = merge_figures(
        [Figures(wait_buckets=(1, 2)), Figures(), Figures(wait_buckets=(3, 5))]
    ).wait_buckets
    assert buckets == (4, 7)


def held(key: int, pair: bool = False, **more: object) -> AdvisoryLock:
    lock = AdvisoryLock(key, pair, 4711, "ExclusiveLock", True, "worker", "local", None, "idle")
    return msgspec.structs.replace(lock, **more)


def test_the_lock_table_names_months_pairs_and_stale_holders() -> None:
    now = datetime.now(UTC)
    old = held(209001, since=now - timedelta(hours=3))
    twin = held(209001, pair=True)
    assert (month_of(old), month_of(twin), month_of(held(209013))) == ("2090-01", "-", "-")
    assert key_of(twin) == "(0, 209001)"
    assert "stale" in note(old, [old], now)
    assert "pair" in note(held(209001, since=now), [old, twin], now)
    text = plain(lock_table([old, twin, held(209002, granted=False)], now), 160)
    assert "3 h" in text
    assert "waits" in text


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


def huge() -> Run:
    """Return a run in which 62 actors acquire and release a month 2000 times, and two others share a month."""
    parts = []
    for number in range(2000):
        actor = number % 62
        parts.append(call(actor, "acquire", FEB, at=number, took=0.1, answer=True))
        parts.append(call(actor, "release", FEB, at=number + 0.2, took=0.1, answer=True))
    parts.append(call(62, "acquire", JAN, at=1000.5, took=0.1, answer=True))
    parts.append(call(63, "acquire", JAN, at=1000.7, took=0.1, answer=True))
    steps = (Operation(0, "acquire", FEB), Operation(0, "release", FEB))
    program = Program(64, (JAN, FEB), steps, "race", rounds=5000)
    return run(history(*parts, actors=64), program=program)


def test_the_story_of_a_huge_example_shows_only_the_rows_around_the_evidence() -> None:
    text = plain(story(huge(), "x"))
    assert text.count("◀") == 2
    assert text.count("⋮") == 2
    assert len(text.splitlines()) < 60
    assert [line.split()[1] for line in text.splitlines() if "◀" in line] == ["62", "63"]


def test_a_huge_run_is_saved_with_a_line_for_each_event(tmp_path: Path) -> None:
    text = msgspec.structs.replace(huge(), shrinking=Shrinking(huge().program, huge().history))
    path = save(text, tmp_path)
    assert load(path) == text
    lines = path.read_text().splitlines()
    assert max(map(len, lines)) < 2000
    assert len(lines) < 2.1 * len(huge().history.events)
