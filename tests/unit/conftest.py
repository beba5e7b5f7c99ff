"""Fixtures that several modules use."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from lock_harness.wire import dialogue
from lock_harness.wire.cache import BoundedCache
from tests.sockets import World, world

# On a busy machine an example may take longer than the default deadline of 200 ms.
settings.register_profile("without_deadline", parent=settings(), deadline=None)
settings.load_profile("without_deadline")


@pytest.fixture
def tcp() -> Iterator[World]:
    with world(None) as one:
        yield one


@pytest.fixture(params=["tcp", "unix"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with world(tmp_path if request.param == "unix" else None) as one:
        yield one


@pytest.fixture
def empty_reply_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a test its own cache of replies."""
    monkeypatch.setattr(dialogue, "_replies", BoundedCache(500))
