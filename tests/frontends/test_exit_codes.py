"""Every way in which a command can end has a defined exit code, and at most one line on standard error."""

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.frontends.command import Outcome, Shell, within

RUN = ("run", "timeout_returns_false")


def run_with_output(sh: Shell, stdout: int, *arguments: str) -> Outcome:
    """Run a command with this standard output, and return its exit code and what it wrote on standard error."""
    done = subprocess.run(
        sh.command(*arguments),
        check=False,
        cwd=sh.cwd,
        env=sh.environment(),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
    )
    return Outcome(done.returncode, "", done.stderr)


# The output


@pytest.mark.parametrize("arguments", [("list",), ("--help",), RUN], ids=" ".join)
def test_a_command_whose_reader_has_gone_ends_quietly_with_code_3(
    sh: Shell, arguments: tuple[str, ...]
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    outcome = run_with_output(sh, writer, *arguments)
    os.close(writer)
    assert (outcome.code, outcome.err) == (3, "")


def test_a_reader_that_goes_after_the_first_line_gets_that_line(sh: Shell) -> None:
    pipeline = '"$@" | head -1; '
    done = subprocess.run(
        ["sh", "-c", pipeline, "sh", *sh.command("list")],
        check=False,
        cwd=sh.cwd,
        env=sh.environment(),
        capture_output=True,
        text=True,
    )
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk that is always full")
def test_output_to_a_full_disk_ends_a_command_with_code_3(sh: Shell) -> None:
    with open("/dev/full", "wb") as full:
        outcome = run_with_output(sh, full.fileno(), "list")
    assert outcome.code == 3
    assert "No space left on device" in outcome.error_line


def test_a_mistake_has_code_2_although_nobody_reads_the_line(sh: Shell) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        sh.command("nonsense"),
        check=False,
        cwd=sh.cwd,
        env=sh.environment(),
        stdout=writer,
        stderr=writer,
    )
    os.close(writer)
    assert done.returncode == 2


ENCODINGS = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "C": {"LC_ALL": "C"},
    "C without UTF-8": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_terminal_that_is_not_utf_8_gets_other_marks(sh: Shell, encoding: str) -> None:
    outcome = sh.run(*RUN, **ENCODINGS[encoding])
    assert outcome.without_violation, outcome.out + outcome.err
    assert outcome.err == ""
    mark = "✓" if encoding == "C" else r"\+"
    assert re.search(rf"^{mark} timeout_returns_false +holds", outcome.out, re.MULTILINE), outcome.out
    assert sh.run("run", "--help", **ENCODINGS[encoding]).code == 0


# Errors of the harness itself

PATCH = """
import lock_harness.{module} as module

def broken(*arguments, **options):
    raise ZeroDivisionError("at postgresql://me:s3cret@host/db")

module.{name} = broken
"""


@pytest.fixture(params=["frontends.known_scenarios find_known_scenarios", "exploration.explore explore_with"])
def faulty(sh: Shell, request: pytest.FixtureRequest) -> Shell:
    """A shell in which a function of the harness always fails: in the process of the command, or in a lane."""
    module, name = request.param.split()
    (sh.cwd / "faulty").mkdir()
    (sh.cwd / "faulty" / "sitecustomize.py").write_text(PATCH.format(module=module, name=name))
    path = [str(sh.cwd / "faulty"), os.environ.get("PYTHONPATH", "")]
    sh.variables["PYTHONPATH"] = os.pathsep.join(filter(None, path))
    return sh


def test_an_error_of_the_harness_has_code_3_and_a_file_with_the_traceback(faulty: Shell) -> None:
    outcome = faulty.run(*RUN)
    assert outcome.code == 3
    assert "an error of lock-harness itself: ZeroDivisionError: at postgresql://me:***@" in outcome.error_line
    named = re.search(r"; please report it with (\S+)$", outcome.error_line)
    assert named
    file = Path(named[1])
    text = file.read_text()
    file.unlink()
    assert text.startswith("lock-harness ")
    assert "Traceback (most recent call last)" in text
    assert "s3cret" not in text


def test_the_traceback_of_an_error_of_the_harness_is_shown_on_request(faulty: Shell) -> None:
    outcome = faulty.run(*RUN, LOCK_HARNESS_TRACEBACK="1")
    assert outcome.code == 3
    assert "Traceback (most recent call last)" in outcome.err
    assert outcome.err.endswith("please report it with the traceback above\n")
    assert "s3cret" not in outcome.err


def test_an_installation_without_psycopg_has_code_3(sh: Shell) -> None:
    (sh.cwd / "sitecustomize.py").write_text("import sys\nsys.modules['psycopg'] = None\n")
    path = os.pathsep.join(filter(None, [str(sh.cwd), os.environ.get("PYTHONPATH", "")]))
    outcome = sh.run("doctor", "--pg", "postgresql://host/db", PYTHONPATH=path, LOCK_HARNESS_TRACEBACK="1")
    assert outcome.code == 3
    assert "an error of lock-harness itself: ModuleNotFoundError" in outcome.err


# Signals


def test_a_replay_that_is_ended_by_a_signal_has_the_code_of_the_signal(sh: Shell) -> None:
    assert sh.run(*RUN).without_violation
    saved = next(sh.cwd.glob("reports/timeout_returns_false/*/run.json"))
    replay = sh.start("replay", str(saved), "--times", "100000")
    assert within(60, lambda: list(sh.temporary.glob("lock-harness-*/*.journal")))
    replay.send_signal(signal.SIGTERM)
    err = replay.communicate()[1]
    assert replay.returncode == 143
    assert err == "lock-harness: ended by SIGTERM\n"


def test_a_sighup_that_is_ignored_does_not_end_a_run(sh: Shell) -> None:
    run = sh.start(*RUN, ignored="HUP")
    assert within(60, lambda: list(sh.temporary.glob("lock-harness-*/data/postmaster.opts")))
    run.send_signal(signal.SIGHUP)
    out, err = run.communicate()
    assert Outcome(run.returncode, out, err).without_violation, out + err
