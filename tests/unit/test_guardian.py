"""The guardian cleans up after a normal exit and after SIGKILL."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

from lock_harness.guardian import Guardian, guarded_directory

CHILD = """
import subprocess, sys, time
from lock_harness.guardian import Guardian
guardian = Guardian()
(guardian.directory / "file").write_text("x")
child = subprocess.Popen(["sleep", "60"], start_new_session=True)
guardian.own(child.pid)
print(guardian.directory, child.pid, guardian._process.pid, flush=True)
sys.stdin.read()
"""


def test_a_normal_exit_removes_the_directory_and_kills_owned_processes() -> None:
    child = subprocess.Popen(["sleep", "60"], start_new_session=True)
    with guarded_directory() as guardian:
        (guardian.directory / "file").write_text("x")
        guardian.own(child.pid)
        assert guardian.directory.stat().st_mode & 0o777 == 0o700
    assert not guardian.directory.exists()
    assert child.wait() == -signal.SIGKILL


OBEDIENT = """
import signal, sys
signal.signal(signal.SIGINT, lambda *_: sys.exit(7))
print("ready", flush=True)
signal.pause()
"""


def test_an_owned_process_gets_the_signal_that_asks_it_to_end() -> None:
    child = subprocess.Popen([sys.executable, "-c", OBEDIENT], stdout=subprocess.PIPE, start_new_session=True)
    assert child.stdout is not None
    child.stdout.readline()
    with guarded_directory() as guardian:
        guardian.own(child.pid, (signal.SIGINT,))
    assert child.wait() == 7
    child.stdout.close()


def test_signal_0_gives_an_owned_process_the_time_to_end_by_itself() -> None:
    child = subprocess.Popen(["sh", "-c", "read line; exit 7"], stdin=subprocess.PIPE, start_new_session=True)
    guardian = Guardian()
    guardian.own(child.pid, (0,))
    assert guardian._process.stdin is not None
    guardian._process.stdin.close()
    child.communicate(b"line\n")
    assert child.returncode == 7
    guardian.close()


def test_a_discarded_file_is_removed(tmp_path: Path) -> None:
    file = tmp_path / "two words\n"
    file.write_text("x")
    with guarded_directory() as guardian:
        guardian.discard(file)
        guardian.discard(tmp_path / "missing")
        assert file.exists()
    assert not file.exists()


def test_a_disowned_process_survives() -> None:
    child = subprocess.Popen(["sleep", "60"], start_new_session=True)
    with guarded_directory() as guardian:
        guardian.own(child.pid)
        guardian.disown(child.pid)
    assert child.poll() is None
    child.kill()
    child.wait()


def test_sigkill_of_the_owner_leaves_no_directory_and_no_process() -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    directory, child, guardian = owner.stdout.readline().split()
    owner.kill()
    owner.communicate()
    wait_for_end(int(guardian))
    assert not Path(directory).exists()
    # the child has got SIGKILL, but its death takes a moment
    wait_for_end(int(child))


def wait_for_end(pid: int) -> None:
    """Wait until a process that is not a child of this one has ended."""
    try:
        watch = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    assert select.select([watch], [], [], 10)[0], f"{pid} is still running"
    os.close(watch)
