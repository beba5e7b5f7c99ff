"""The socket on which workers report to the command that started them."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from lock_harness.frontends.messages import Failed, Saved, Skipped, WorkerMessage
from lock_harness.frontends.progress_socket import (
    PROGRESS_VARIABLE,
    connect_progress_socket,
    open_progress_socket,
)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of the socket, which the environment of a worker names."""
    path = tmp_path / "progress"
    monkeypatch.setenv(PROGRESS_VARIABLE, str(path))
    return path


@pytest.mark.parametrize(
    "message",
    [
        Saved("crashes", "reports/crashes/run.json"),
        Failed("crashes", "no memory", 3),
        Skipped("half_open", "no TCP"),
    ],
    ids=["saved", "failed", "skipped"],
)
def test_the_command_receives_the_message_that_a_worker_sends(path: Path, message: WorkerMessage) -> None:
    with open_progress_socket(path) as progress, connect_progress_socket() as report:
        report(message)
        assert progress.receive(1.0) == message


def test_receiving_returns_none_if_no_message_arrives_in_time(path: Path) -> None:
    with open_progress_socket(path) as progress:
        assert progress.receive(0) is None


def test_a_message_is_dropped_if_the_command_has_ended(path: Path) -> None:
    with ExitStack() as worker:
        with open_progress_socket(path):
            report = worker.enter_context(connect_progress_socket())
        report(Skipped("half_open", "no TCP"))


def test_a_session_that_no_command_started_reports_to_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PROGRESS_VARIABLE, raising=False)
    with connect_progress_socket() as report:
        report(Skipped("half_open", "no TCP"))
