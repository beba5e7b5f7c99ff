"""The session of a lock command, with programs that print given responses."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from lock_harness.actors.command import CommandSession
from lock_harness.core.program import Month

JAN = Month(2090, 1)


@contextmanager
def session(*answers: object) -> Iterator[CommandSession]:
    """Open a session whose program responds with `answers`, one per request."""
    lines = [json.dumps({"id": number, "ok": answer}) for number, answer in enumerate(answers, 1)]
    script = "\n".join(f"read request; echo '{line}'" for line in lines)
    with closing(
        CommandSession(("sh", "-c", script + "\ncat > /dev/null"), "postgresql://", "me", lambda _: None, {})
    ) as opened:
        yield opened


def test_a_command_that_counts_returns_the_number_before() -> None:
    with session(["count"], 41, True) as one:
        assert one.verbs() == ("count",)
        assert one.count(JAN) == 41
        with pytest.raises(TypeError, match="count returned True, which is not a whole number"):
            one.count(JAN)


def test_a_command_that_does_not_count_is_not_asked_to_count() -> None:
    with session([], True) as one:
        assert one.count(JAN) is None
        assert one.acquire(JAN, 0) is True


def test_a_number_is_not_accepted_as_the_answer_of_acquire() -> None:
    with session([], 1) as one, pytest.raises(TypeError, match="acquire returned 1"):
        one.acquire(JAN, 0)
