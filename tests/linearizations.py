"""An oracle for linearizability that tries every order, and operations on one month to compare it with the check."""

from collections.abc import Iterator
from functools import cache
from random import Random
from typing import NamedTuple

from hypothesis import strategies

from lock_harness.analysis.calls import FOREVER
from lock_harness.core.contract import Reentrancy
from lock_harness.core.history import SessionId
from lock_harness.linearizability.lock_history import Op, OpKind, ServerSession

KINDS: tuple[OpKind, ...] = ("acquire", "acquire", "release", "release", "is_locked")


def session_of(actor: int) -> ServerSession:
    """Return a new session of `actor`."""
    return ServerSession(SessionId(actor, 0))


def explained_by_some_order(ops: list[Op], reentrant: Reentrancy = "counted") -> bool:
    """Whether one of all orders of the operations explains every answer."""
    _search.cache_clear()
    return _search(frozenset(ops), None, 0, frozenset(), reentrant)


@cache
def _search(
    left: frozenset[Op],
    holder: ServerSession | None,
    times: int,
    ended: frozenset[ServerSession],
    reentrant: Reentrancy,
) -> bool:
    if all(op.to_ns == FOREVER for op in left):
        return True
    latest = min(op.to_ns for op in left)
    next_placed = any(
        _search(left - {op}, *state, reentrant)
        for op in left
        if op.from_ns <= latest and op.session not in ended
        for state in _states_after(op, holder, times, ended, reentrant)
    )
    # an indeterminate operation need not be placed if its session has ended, or if its time is over
    return next_placed or any(
        _search(left - {op}, holder, times, ended, reentrant)
        for op in left
        if op.answer is None and (op.session in ended or op.to_ns != FOREVER)
    )


def _states_after(
    op: Op,
    holder: ServerSession | None,
    times: int,
    ended: frozenset[ServerSession],
    reentrant: Reentrancy,
) -> Iterator[tuple[ServerSession | None, int, frozenset[ServerSession]]]:
    mine = holder == op.session
    if op.kind == "end":
        yield (None, 0, ended | {op.session}) if mine else (holder, times, ended | {op.session})
    elif op.kind == "is_locked":
        if op.answer == (holder is not None):
            yield holder, times, ended
    elif op.kind == "acquire":
        refused_to_itself = mine and reentrant in ("refused", "raises")
        if op.answer is not False and (mine or holder is None) and not refused_to_itself:
            yield op.session, times + 1 if reentrant == "counted" else 1, ended
        if op.answer is False and holder is not None and (refused_to_itself or not mine):
            yield holder, times, ended
    elif op.answer is False:
        if not mine:
            yield holder, times, ended
    elif mine:
        yield (holder, times - 1, ended) if times > 1 else (None, 0, ended)


@strategies.composite
def arbitrary_ops(draw: strategies.DrawFn) -> list[Op]:
    """Draw a few sessions with a few sequential calls and arbitrary answers, at times close together."""
    ops: list[Op] = []
    for actor in range(draw(strategies.integers(1, 3))):
        session, now = session_of(actor), draw(strategies.integers(0, 3))
        indeterminate = False
        for _ in range(draw(strategies.integers(0, 3))):
            kind, took = draw(strategies.sampled_from(KINDS)), draw(strategies.integers(1, 5))
            indeterminate = kind != "is_locked" and draw(strategies.integers(0, 5)) == 0
            answer = None if indeterminate else draw(strategies.booleans())
            lasts = indeterminate and draw(strategies.booleans())
            ops.append(Op(session, kind, answer, now, FOREVER if lasts else now + took, len(ops)))
            now += took + draw(strategies.integers(0, 2))
            if lasts:
                break
        if indeterminate or draw(strategies.booleans()):
            ops.append(Op(session, "end", True, now, now + draw(strategies.integers(1, 6)), len(ops)))
    return ops


def random_ops(random: Random, reentrant: Reentrancy = "counted") -> list[Op]:
    """Return the operations of some sessions with the answers of a correct lock, up to two of them inverted.

    Single calls, whole holds, or several calls in a row are indeterminate.  Some sessions continue while they are being
    ended: a call that is answered then may not have taken effect.
    """
    ops: list[Op] = []
    rates = _Rates(
        indeterminate=random.choice([0, 0.2, 0.5]),
        continues=random.choice([0, 0, 0.5]),
        returns=random.choice([0, 0, 0.5]),
        ends=random.choice([0, 0, 0.5]),
    )
    for actor in range(random.randint(1, 4)):
        _append_session(ops, session_of(actor), random, rates)
    return _answered(ops, random, reentrant)


class _Rates(NamedTuple):
    """How often a call is indeterminate, its session continues after it, it returns, and a session is ended during a call."""

    indeterminate: float
    continues: float
    returns: float
    ends: float


def _append_session(ops: list[Op], session: ServerSession, random: Random, rates: _Rates) -> None:
    now, lost, end_ns = random.randint(0, 4), False, FOREVER
    for _ in range(random.randint(0, 3)):
        kind: OpKind = random.choice(["acquire", "acquire", "acquire", "release", "release", "is_locked"])
        if random.random() < rates.ends:
            end_ns = min(end_ns, now)
        if now > end_ns:
            if kind != "is_locked":
                ops.append(Op(session, kind, None, now, now + random.randint(1, 9), len(ops)))
                now = ops[-1].to_ns + random.randint(0, 3)
            continue
        lost = kind != "is_locked" and random.random() < rates.indeterminate
        until = now + random.randint(1, 9)
        lasts = lost and random.random() >= rates.returns
        ops.append(Op(session, kind, None if lost else True, now, FOREVER if lasts else until, len(ops)))
        if lasts and kind == "acquire" and random.random() < 0.3:
            ops.append(Op(session, "release", None, now, FOREVER, ops[-1].number))
        now = until + random.randint(0, 3)
        if lasts and random.random() >= rates.continues:
            break
    if end_ns != FOREVER:
        ops.append(Op(session, "end", True, end_ns, now + random.choice([1, 3, 6, 12, 25]), len(ops)))
    elif random.random() < (0.8 if lost else 0.3):
        ops.append(Op(session, "end", True, now, now + random.choice([1, 3, 6, 12, 25]), len(ops)))


def _answered(ops: list[Op], random: Random, reentrant: Reentrancy) -> list[Op]:
    """Let each operation take effect at a random moment of its time, and return them with the answers."""
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
            answers[op] = not holds or (mine and reentrant in ("counted", "once"))
            holds += [op.session] if answers[op] and (reentrant == "counted" or not holds) else []
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
