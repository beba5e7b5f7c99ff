"""The checker of single months, against an oracle that tries every order."""

from collections.abc import Iterator
from functools import cache
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lock_harness.analysis.calls import FOREVER
from lock_harness.analysis.view import View
from lock_harness.checks.linearizable import first_unexplained, linearizable, search_orders
from lock_harness.core.fault import FaultKind
from lock_harness.core.history import SessionId
from lock_harness.core.program import Verb
from lock_harness.core.verdict import Bounds, Status
from lock_harness.linearizability import order_search
from lock_harness.linearizability.lock_history import Op, OpKind, ServerSession
from lock_harness.linearizability.order_search import TooManyStates
from lock_harness.linearizability.timeline import Timeline
from tests.histories import JAN, call, fault, gone, history

ME, YOU = ServerSession(SessionId(0, 0)), ServerSession(SessionId(1, 0))


def explained_by_some_order(ops: list[Op]) -> bool:
    """All linearizations, one after the other."""
    _search.cache_clear()
    return _search(frozenset(ops), None, 0, frozenset())


@cache
def _search(
    left: frozenset[Op], holder: ServerSession | None, times: int, ended: frozenset[ServerSession]
) -> bool:
    if all(op.to_ns == FOREVER for op in left):
        return True
    latest = min(op.to_ns for op in left)
    return any(
        _search(left - {op}, *state)
        for op in left
        if op.from_ns <= latest and op.session not in ended
        for state in _after(op, holder, times, ended)
    ) or any(  # of what may not have happened, and of the dead or too late, nothing need be placed
        _search(left - {op}, holder, times, ended)
        for op in left
        if op.answer is None and (op.session in ended or op.to_ns != FOREVER)
    )


def _after(
    op: Op, holder: ServerSession | None, times: int, ended: frozenset[ServerSession]
) -> Iterator[tuple[ServerSession | None, int, frozenset[ServerSession]]]:
    mine = holder == op.session
    if op.kind == "end":
        yield (None, 0, ended | {op.session}) if mine else (holder, times, ended | {op.session})
    elif op.kind == "is_locked":
        if op.answer == (holder is not None):
            yield holder, times, ended
    elif op.kind == "acquire":
        if op.answer is not False and (mine or holder is None):
            yield op.session, times + 1, ended
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
    kinds: list[OpKind] = ["acquire", "acquire", "release", "release", "is_locked"]
    for actor in range(draw(st.integers(1, 3))):
        session, now = ServerSession(SessionId(actor, 0)), draw(st.integers(0, 3))
        unsure = False
        for _ in range(draw(st.integers(0, 3))):
            kind, took = draw(st.sampled_from(kinds)), draw(st.integers(1, 5))
            unsure = kind != "is_locked" and draw(st.integers(0, 5)) == 0
            answer = None if unsure else draw(st.booleans())
            ops.append(Op(session, kind, answer, now, FOREVER if unsure else now + took, len(ops)))
            now += took + draw(st.integers(0, 2))
            if unsure:
                break
        if unsure or draw(st.booleans()):
            ops.append(Op(session, "end", True, now, now + draw(st.integers(1, 6)), len(ops)))
    return ops


@settings(max_examples=500, deadline=None, database=None)
@given(histories())
def test_it_agrees_with_the_oracle(ops: list[Op]) -> None:
    assert (first_unexplained(ops) is None) == explained_by_some_order(ops)


def planned(random: Random) -> list[Op]:
    """Sessions that do one thing after the other; of unknown outcome are single calls, whole holds, or several calls.

    Some go on while they are being ended: what is answered then may have had no effect.
    """
    ops: list[Op] = []
    unsure, goes_on, session_ends = (
        random.choice([0, 0.2, 0.5]), random.choice([0, 0, 0.5]), random.choice([0, 0, 0.5])
    )  # fmt: skip
    for actor in range(random.randint(1, 4)):
        session, now, lost, cut_ns = ServerSession(SessionId(actor, 0)), random.randint(0, 4), False, FOREVER
        for _ in range(random.randint(0, 3)):
            kind: OpKind = random.choice(["acquire", "acquire", "acquire", "release", "release", "is_locked"])
            if random.random() < session_ends:
                cut_ns = min(cut_ns, now)
            if now > cut_ns:
                if kind != "is_locked":
                    ops.append(Op(session, kind, None, now, now + random.randint(1, 9), len(ops)))
                    now = ops[-1].to_ns + random.randint(0, 3)
                continue
            lost = kind != "is_locked" and random.random() < unsure
            until = now + random.randint(1, 9)
            ops.append(Op(session, kind, None if lost else True, now, FOREVER if lost else until, len(ops)))
            if lost and kind == "acquire" and random.random() < 0.3:
                ops.append(Op(session, "release", None, now, FOREVER, ops[-1].number))
            now = until + random.randint(0, 3)
            if lost and random.random() >= goes_on:
                break
        if cut_ns != FOREVER:
            ops.append(Op(session, "end", True, cut_ns, now + random.choice([1, 3, 6, 12, 25]), len(ops)))
        elif random.random() < (0.8 if lost else 0.3):
            ops.append(Op(session, "end", True, now, now + random.choice([1, 3, 6, 12, 25]), len(ops)))
    return ops


def carried_out(ops: list[Op], random: Random) -> list[Op]:
    """With the answers of a lock, each operation at some moment of its time; then up to two answers turned around."""
    holds: list[ServerSession] = []
    answers: dict[Op, bool | None] = {}
    moments = [
        (random.uniform(op.from_ns, op.from_ns + 9 if op.to_ns == FOREVER else op.to_ns), op) for op in ops
    ]
    for _, op in sorted(moments, key=lambda moment: moment[0]):
        if op.answer is None and random.random() < 0.5:
            continue
        mine = holds[:1] == [op.session]
        if op.kind == "end":
            holds = [] if mine else holds
        elif op.kind == "is_locked":
            answers[op] = bool(holds)
        elif op.kind == "acquire":
            answers[op] = mine or not holds
            holds += [op.session] if answers[op] else []
        else:
            answers[op] = mine
            holds = holds[1:] if mine else holds
    known = [op for op in answers if op.answer is not None]
    for op in random.sample(known, min(len(known), random.choice([0, 0, 1, 1, 2]))):
        answers[op] = not answers[op]
    return [
        Op(op.session, op.kind, answers[op], op.from_ns, op.to_ns, op.number) if op in known else op
        for op in ops
    ]


def test_it_agrees_with_the_oracle_on_what_a_lock_did() -> None:
    explained = 0
    for seed in range(2000):
        random = Random(seed)
        ops = carried_out(planned(random), random)
        right = explained_by_some_order(ops)
        explained += right
        assert (first_unexplained(ops) is None) == right, (seed, ops)
        line = Timeline(ops)
        under, over, exact = (
            search_orders(line, approximation)[0] for approximation in ("under", "over", "exact")
        )
        assert (exact is None) == right, (seed, ops)
        assert right or under, "what the thrifty find is an order"
        assert over is None or not right, "where over is not enough, there is no order"
    assert 800 < explained < 1400


def test_it_gives_up_rather_than_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_search, "MAX_STATES", 1)
    taken = [op(ServerSession(SessionId(actor, 0)), "acquire", None, actor, FOREVER) for actor in range(3)]
    with pytest.raises(TooManyStates):
        first_unexplained([*taken, op(ServerSession(SessionId(9, 0)), "acquire", False, 4, 5)])


def op(session: ServerSession, kind: OpKind, answer: bool | None, from_ns: int, to_ns: int) -> Op:
    return Op(session, kind, answer, from_ns, to_ns, from_ns)


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
        (
            True,
            [
                op(ME, "acquire", True, 0, 9),
                op(YOU, "is_locked", True, 1, 2),
                op(YOU, "is_locked", True, 3, 4),
            ],
        ),
        (
            False,
            [
                op(ME, "acquire", True, 0, 9),
                op(YOU, "is_locked", True, 1, 2),
                op(YOU, "is_locked", False, 3, 4),
            ],
        ),
    ],
)
def test_small_histories(explained: bool, ops: list[Op]) -> None:
    assert (first_unexplained(ops) is None) is explained
    assert explained_by_some_order(ops) is explained


# Calls that were answered while the server was ending their session


def test_many_calls_while_a_session_is_being_ended_leave_few_orders() -> None:
    """Each may have had its effect, but only while it lasted."""
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


def test_what_was_answered_had_its_effect_by_then_or_never() -> None:
    """By the time of the refusal the call of the session that was being ended was over, while another one held."""
    cut = fault("restart_fast", 0, at=20) + gone(0, at=120)
    others = [call(1, "acquire", JAN, at=25, answer=True), call(1, "release", JAN, at=50, answer=True)]
    in_vain = call(2, "acquire", JAN, at=60, answer=False)
    for until, status in ((1, "violated"), (35, "holds")):  # so long that it could have had its effect at 51
        during = call(0, "acquire", JAN, at=30, took=until, answer=True)
        given = history(cut, during, *others, in_vain, actors=3)
        assert linearizable(View(given, Bounds())).status == status


def test_where_answers_can_be_lost_a_no_says_nothing_of_what_waits_in_the_server() -> None:
    """The client gave up; its request is granted when the month is given back, and somebody else asks in vain."""
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
