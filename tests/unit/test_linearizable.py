"""The checker of single months, against an oracle that tries every order."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.checks.calls import FOREVER
from harness.checks.linearizable import unexplained
from harness.checks.lock_history import Kind, Op, Who

ME, YOU = Who((0, 0)), Who((1, 0))


def explained_by_some_order(ops: list[Op]) -> bool:
    """All linearizations, one after the other."""
    return _search(frozenset(ops), None, 0, frozenset())


def _search(left: frozenset[Op], holder: Who | None, times: int, ended: frozenset[Who]) -> bool:
    if all(op.to_ns == FOREVER for op in left):
        return True
    latest = min(op.to_ns for op in left)
    return any(
        _search(left - {op}, *state)
        for op in left
        if op.from_ns <= latest and op.who not in ended
        for state in _after(op, holder, times, ended)
    ) or any(  # of what may not have happened, and of the dead, nothing need be placed
        _search(left - {op}, holder, times, ended) for op in left if op.answer is None and op.who in ended
    )


def _after(
    op: Op, holder: Who | None, times: int, ended: frozenset[Who]
) -> Iterator[tuple[Who | None, int, frozenset[Who]]]:
    mine = holder == op.who
    if op.kind == "end":
        yield (None, 0, ended | {op.who}) if mine else (holder, times, ended | {op.who})
    elif op.kind == "ask":
        if op.answer == (holder is not None):
            yield holder, times, ended
    elif op.kind == "acquire":
        if op.answer is not False and (mine or holder is None):
            yield op.who, times + 1, ended
        if op.answer is False and holder is not None and not mine:
            yield holder, times, ended
    elif op.answer is False:
        if not mine:
            yield holder, times, ended
    elif mine:
        yield (holder, times - 1, ended) if times > 1 else (None, 0, ended)


@st.composite
def histories(draw: st.DrawFn) -> list[Op]:
    """Few sessions, each with a few calls one after the other, at times close together; some end."""
    ops: list[Op] = []
    kinds: list[Kind] = ["acquire", "acquire", "release", "release", "ask"]
    for actor in range(draw(st.integers(1, 3))):
        who, now = Who((actor, 0)), draw(st.integers(0, 3))
        unsure = False
        for _ in range(draw(st.integers(0, 3))):
            kind, took = draw(st.sampled_from(kinds)), draw(st.integers(1, 5))
            unsure = kind != "ask" and draw(st.integers(0, 5)) == 0
            answer = None if unsure else draw(st.booleans())
            ops.append(Op(who, kind, answer, now, FOREVER if unsure else now + took, len(ops)))
            now += took + draw(st.integers(0, 2))
            if unsure:
                break
        if unsure or draw(st.booleans()):
            ops.append(Op(who, "end", True, now, now + draw(st.integers(1, 6)), len(ops)))
    return ops


@settings(max_examples=2000, deadline=None, database=None)
@given(histories())
def test_it_agrees_with_the_oracle(ops: list[Op]) -> None:
    assert (unexplained(ops) is None) == explained_by_some_order(ops)


def op(who: Who, kind: Kind, answer: bool | None, from_ns: int, to_ns: int) -> Op:
    return Op(who, kind, answer, from_ns, to_ns, from_ns)


@pytest.mark.parametrize(
    ("explained", "ops"),
    [
        (True, [op(ME, "acquire", True, 0, 1), op(YOU, "acquire", False, 2, 3)]),
        (False, [op(ME, "acquire", True, 0, 1), op(YOU, "acquire", True, 2, 3)]),
        (
            True,
            [op(ME, "acquire", True, 0, 1), op(ME, "release", True, 2, 5), op(YOU, "acquire", True, 3, 4)],
        ),
        (False, [op(YOU, "acquire", False, 0, 1)]),
        (True, [op(ME, "acquire", None, 0, FOREVER), op(YOU, "acquire", False, 2, 3)]),
        (True, [op(ME, "acquire", None, 0, FOREVER), op(YOU, "acquire", True, 2, 3)]),
        (
            False,
            [
                op(ME, "acquire", None, 0, FOREVER),
                op(ME, "end", True, 1, 5),
                op(YOU, "acquire", False, 6, 7),
            ],
        ),
        (True, [op(ME, "acquire", True, 0, 9), op(YOU, "ask", True, 1, 2), op(YOU, "ask", True, 3, 4)]),
        (False, [op(ME, "acquire", True, 0, 9), op(YOU, "ask", True, 1, 2), op(YOU, "ask", False, 3, 4)]),
    ],
)
def test_small_histories(explained: bool, ops: list[Op]) -> None:
    assert (unexplained(ops) is None) is explained
    assert explained_by_some_order(ops) is explained
