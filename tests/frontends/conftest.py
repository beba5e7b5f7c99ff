"""Fixtures for tests of the command line."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.frontends.command import Shell, shell, within


@pytest.fixture
def sh(tmp_path: Path) -> Iterator[Shell]:
    """A shell in an empty folder.  The test fails if it leaves a process or a temporary file behind."""
    with shell(tmp_path) as one:
        yield one
        # The processes and files of killed workers are removed by their guardians, after the command has ended.
        within(5, lambda: not one.left_behind())
        assert one.left_behind() == []
