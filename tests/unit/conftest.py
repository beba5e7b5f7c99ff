"""Fixtures of more than one module."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sockets import World, world


@pytest.fixture
def tcp() -> Iterator[World]:
    with world(None) as one:
        yield one


@pytest.fixture(params=["tcp", "unix"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with world(tmp_path if request.param == "unix" else None) as one:
        yield one
