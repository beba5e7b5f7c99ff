"""Fixtures for tests of the command line."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.frontends.command import Shell, shell, within


@pytest.fixture
def sh(tmp_path: Path) -> Iterator[Shell]:
    """A shell in an empty folder; the test fails if anything is left behind in the end."""
    with shell(tmp_path) as one:
        yield one
        within(5, lambda: not one.left_behind())  # killed workers are cleaned up after, not by, the command
        assert one.left_behind() == []
