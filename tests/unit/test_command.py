"""The session of a lock command, with programs that print given responses."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from lock_harness.actors.command import CommandSession
from lock_harness.core.program import Month, Operation

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


def test_a_command_that_executes_statements_can_be_inspected_and_fails_in_sql() -> None:
    with session(["hold", "execute"], "42", True) as one:
        assert one.verbs() == ("hold", "execute", "inspect", "sql_error")
        assert one.execute("SELECT 42") == "42"


def test_a_body_that_fails_in_sql_is_rolled_back_afterwards(tmp_path: Path) -> None:
    requests = tmp_path / "requests"
    answers = [
        {"id": 1, "ok": ["hold", "execute"]},
        {"id": 2, "error": 'invalid input syntax for type integer: "the body failed"'},
        {"id": 3, "ok": True},
    ]
    lines = "\n".join(
        f"read -r request; echo \"$request\" >> {requests}; echo '{json.dumps(one)}'" for one in answers
    )
    command = ("sh", "-c", lines + "\ncat > /dev/null")
    with closing(CommandSession(command, "postgresql://", "me", lambda _: None, {})) as opened:
        step = Operation(0, "hold", JAN, raises=True, sql_error=True)
        acquired, own_error = opened.hold(step, lambda: None, lambda: None)
    assert acquired
    assert str(own_error) == "the body failed"
    _, held, rolled_back = map(json.loads, requests.read_text().splitlines())
    assert held["body"][0] == "BEGIN"
    assert held["raises"] in held["body"][1]
    assert (rolled_back["verb"], rolled_back["sql"]) == ("execute", "ROLLBACK")
