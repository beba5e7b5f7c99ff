"""The journal keeps every complete event, even if its writer is killed."""

import signal
import subprocess
import sys
from pathlib import Path

from lock_harness.actors.journal import FIRST_SIZE, Journal, JournalReader
from lock_harness.core.history import Event, Stall

KILLED = """
import os, signal, sys
from pathlib import Path
from lock_harness.actors.journal import Journal
from lock_harness.core.history import Event
journal = Journal(Path(sys.argv[1]))
for number in range(2000):
    journal.write(Event(number, "invoke", 0, 0, number, error="e" * 90))
os.kill(os.getpid(), signal.SIGKILL)
"""
FULL = """
import resource, sys
from pathlib import Path
from lock_harness.actors.journal import FIRST_SIZE, Journal
from lock_harness.core.errors import MachineError
from lock_harness.core.history import Stall
resource.setrlimit(resource.RLIMIT_FSIZE, (FIRST_SIZE, FIRST_SIZE))
journal = Journal(Path(sys.argv[1]))
try:
    while True:
        journal.write(Stall(1, 2))
except MachineError as error:
    print(error)
"""


def event(number: int, text: str = "") -> Event:
    return Event(number, "invoke", 0, 0, number, error=text or None)


def test_each_event_of_a_journal_is_read_once(tmp_path: Path) -> None:
    journal, reader = Journal(tmp_path / "j"), JournalReader(tmp_path / "j")
    assert reader.read() == []
    journal.write(event(1))
    journal.write(event(2))
    assert reader.read() == [event(1), event(2)]
    assert reader.read() == []
    journal.write(event(3))
    assert reader.read() == [event(3)]


def test_a_journal_without_a_file_is_empty(tmp_path: Path) -> None:
    assert JournalReader(tmp_path / "none").read() == []


def test_a_journal_grows_with_its_events(tmp_path: Path) -> None:
    journal, reader = Journal(tmp_path / "j"), JournalReader(tmp_path / "j")
    written = [event(number, "x" * 1000) for number in range(3 * FIRST_SIZE // 1000)]
    written.append(event(0, "y" * 5 * FIRST_SIZE))
    for one in written:
        journal.write(one)
    assert reader.read() == written


def test_a_restarted_journal_is_empty_and_does_not_grow(tmp_path: Path) -> None:
    journal, reader = Journal(tmp_path / "j"), JournalReader(tmp_path / "j")
    for example in range(20):
        reader.restart()
        assert reader.read() == []
        for number in range(100):
            journal.write(event(example * 1000 + number))
        assert [one.number for one in reader.read()] == list(range(example * 1000, example * 1000 + 100))
    assert (tmp_path / "j").stat().st_size == FIRST_SIZE


def test_an_incomplete_line_is_not_part_of_a_journal(tmp_path: Path) -> None:
    """A writer that dies before it updates the number of valid bytes has not written the line."""
    journal, reader = Journal(tmp_path / "j"), JournalReader(tmp_path / "j")
    journal.write(event(1))
    end = reader.length()
    with open(tmp_path / "j", "r+b") as file:
        file.seek(end)
        file.write(b'{"at_ns":2,"kind":"inv')
    assert reader.read() == [event(1)]
    journal.write(event(3))
    assert reader.read() == [event(3)]


def test_a_killed_writer_leaves_its_journal_complete(tmp_path: Path) -> None:
    process = subprocess.run([sys.executable, "-c", KILLED, tmp_path / "j"], check=False)
    assert process.returncode == -signal.SIGKILL
    assert [one.number for one in JournalReader(tmp_path / "j").read()] == list(range(2000))


def test_a_journal_can_contain_stalls(tmp_path: Path) -> None:
    journal, reader = Journal(tmp_path / "j"), JournalReader(tmp_path / "j")
    journal.write(Stall(5, 3))
    assert reader.read_stalls() == [Stall(5, 3)]


def test_a_journal_without_disk_space_is_an_error(tmp_path: Path) -> None:
    """The error is raised before a store into unallocated space could raise SIGBUS."""
    words = subprocess.run(
        [sys.executable, "-c", FULL, tmp_path / "j"], check=True, capture_output=True, text=True
    ).stdout
    assert words.startswith("an actor cannot write its journal: File too large; free space")
