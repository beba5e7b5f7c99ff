"""The check of linearizability, compared with an oracle that tries every order."""

from random import Random
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis.strategies import sampled_from

from lock_harness.analysis.calls import FOREVER
from lock_harness.analysis.view import View
from lock_harness.checks.linearizable import first_unexplained, linearizable, search_orders
from lock_harness.core.contract import Reentrancy
from lock_harness.core.fault import FaultKind
from lock_harness.core.program import Verb
from lock_harness.core.verdict import Bounds, Status
from lock_harness.linearizability import order_search
from lock_harness.linearizability.lock_history import Op, OpKind, ServerSession
from lock_harness.linearizability.order_search import TooManyStates
from lock_harness.linearizability.timeline import Timeline
from tests.histories import JAN, call, fault, gone, history
from tests.linearizations import arbitrary_ops, explained_by_some_order, random_ops, session_of

ONE, TWO = session_of(0), session_of(1)


def op(session: ServerSession, kind: OpKind, answer: bool | None, from_ns: int, to_ns: int) -> Op:
    return Op(session, kind, answer, from_ns, to_ns, from_ns)


@settings(max_examples=500, deadline=None, database=None)
@given(arbitrary_ops(), sampled_from(get_args(Reentrancy)))
def test_the_check_agrees_with_the_oracle_on_arbitrary_answers(ops: list[Op], reentrant: Reentrancy) -> None:
    assert (first_unexplained(ops, reentrant) is None) == explained_by_some_order(ops, reentrant)


@pytest.mark.parametrize("reentrant", ["counted", "once", "refused"])
def test_the_check_agrees_with_the_oracle_on_the_answers_of_a_lock(reentrant: Reentrancy) -> None:
    explained = 0
    for seed in range(2000):
        ops = random_ops(Random(seed), reentrant)
        right = explained_by_some_order(ops, reentrant)
        explained += right
        assert (first_unexplained(ops, reentrant) is None) == right, (seed, ops)
        line = Timeline(ops, reentrant)
        under, over, exact = (
            search_orders(line, approximation)[0] for approximation in ("under", "over", "exact")
        )
        assert (exact is None) == right, (seed, ops)
        assert right or under, "an order that the under-approximation finds exists"
        assert over is None or not right, "if the over-approximation finds no order, there is none"
    assert 800 < explained < 1400


def test_the_search_gives_up_if_there_are_too_many_states(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_search, "MAX_STATES", 1)
    taken = [op(session_of(actor), "acquire", None, actor, FOREVER) for actor in range(3)]
    with pytest.raises(TooManyStates):
        first_unexplained([*taken, op(session_of(9), "acquire", False, 4, 5)])


SMALL: list[tuple[bool, str, list[Op]]] = [
    (True, "refused after another session acquired it", [
        op(ONE, "acquire", True, 0, 1), op(TWO, "acquire", False, 2, 3)]),
    (False, "granted after another session acquired it", [
        op(ONE, "acquire", True, 0, 1), op(TWO, "acquire", True, 2, 3)]),
    (True, "granted during the release of another session", [
        op(ONE, "acquire", True, 0, 1), op(ONE, "release", True, 2, 5), op(TWO, "acquire", True, 3, 4)]),
    (False, "refused although it is free", [op(TWO, "acquire", False, 0, 1)]),
    (True, "refused after an indeterminate acquire", [
        op(ONE, "acquire", None, 0, FOREVER), op(TWO, "acquire", False, 2, 3)]),
    (True, "granted after an indeterminate acquire", [
        op(ONE, "acquire", None, 0, FOREVER), op(TWO, "acquire", True, 2, 3)]),
    (False, "refused after the end of a session with an indeterminate acquire", [
        op(ONE, "acquire", None, 0, FOREVER), op(ONE, "end", True, 1, 5), op(TWO, "acquire", False, 6, 7)]),
    (True, "is_locked answers True twice during an acquire", [
        op(ONE, "acquire", True, 0, 9), op(TWO, "is_locked", True, 1, 2), op(TWO, "is_locked", True, 3, 4)]),
    (False, "is_locked answers True and then False during an acquire", [
        op(ONE, "acquire", True, 0, 9), op(TWO, "is_locked", True, 1, 2), op(TWO, "is_locked", False, 3, 4)]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("explained", "ops"), [pytest.param(explained, ops, id=what) for explained, what, ops in SMALL]
)
def test_a_small_history_is_explained_only_if_an_order_exists(explained: bool, ops: list[Op]) -> None:
    assert (first_unexplained(ops) is None) is explained
    assert explained_by_some_order(ops) is explained


def test_many_calls_in_sessions_that_are_being_ended_leave_few_states() -> None:
    """Each call may have taken effect, but only before its answer."""
    pair: list[Verb] = ["acquire", "release"]
    verbs: list[Verb] = ["release", *pair * 4, *pair[:1] * 6, *pair[1:] * 6]
    answered = [
        call(actor, verb, JAN, at=22 + 4 * place + 2 * actor, answer=True)
        for actor in range(2)
        for place, verb in enumerate(verbs)
    ]
    session_ends = [fault("restart_fast", actor, at=20) + gone(actor, at=120) for actor in range(2)]
    after = call(0, "acquire", JAN, incarnation=1, at=300, took=4, answer=True)
    given = history(call(0, "acquire", JAN, at=0, answer=True), *session_ends, *answered, after)
    assert linearizable(View(given, Bounds())).status == "holds"


def test_a_call_in_a_session_that_is_being_ended_took_effect_by_its_answer_or_never() -> None:
    """Only a call that was still open at 51 ms can explain the refusal at 60 ms."""
    session_end = fault("restart_fast", 0, at=20) + gone(0, at=120)
    others = [call(1, "acquire", JAN, at=25, answer=True), call(1, "release", JAN, at=50, answer=True)]
    refusal = call(2, "acquire", JAN, at=60, answer=False)
    for until, status in ((1, "violated"), (35, "holds")):
        during = call(0, "acquire", JAN, at=30, took=until, answer=True)
        given = history(session_end, during, *others, refusal, actors=3)
        assert linearizable(View(given, Bounds())).status == status


def test_a_request_whose_answer_was_lost_may_be_granted_after_its_client_gave_up() -> None:
    """Actor 0 gives up, its pending request is granted when actor 1 releases the month, and actor 2 is refused."""
    ended: dict[FaultKind, Status] = {"deaf": "holds", "terminate": "violated"}
    for kind, status in ended.items():
        given = history(
            call(1, "acquire", JAN, at=0, answer=True),
            fault(kind, 0, at=10, healed=200 if kind == "deaf" else None) + gone(0, at=205),
            call(0, "acquire", JAN, at=20, took=30, timeout=30, answer=False),
            call(1, "release", JAN, at=100, answer=True),
            call(2, "acquire", JAN, at=110, took=31, timeout=30, answer=False),
            actors=3,
        )
        assert linearizable(View(given, Bounds())).status == status
