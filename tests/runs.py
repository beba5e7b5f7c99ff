"""Runs for the tests of reports."""

import msgspec

from lock_harness.checks import judge, overall
from lock_harness.core.program import Operation, Program
from lock_harness.core.run import Environment, Figures, Run
from lock_harness.core.verdict import Bounds
from tests.histories import FEB, JAN, call, history

BROKEN = history(call(0, "acquire", JAN, at=0, answer=True), call(1, "acquire", JAN, at=5, answer=True))
WHERE = Environment("0", "3.11", "Linux", 2, "18", "embedded")


def run(given: object = BROKEN, **changes: object) -> Run:
    """Return a run with this history; two actors hold one month by default.  `changes` replace its fields."""
    assert isinstance(given, type(BROKEN))
    verdicts = judge(given, Bounds())
    steps = tuple(Operation(actor, "acquire", JAN) for actor in range(2))
    result = Run(
        scenario="herd",
        about="About it.",
        lock="my:Lock",
        lock_command=False,
        seed=7,
        status=overall(verdicts),
        program=Program(2, (JAN,), steps),
        history=given,
        verdicts=verdicts,
        bounds=Bounds(),
        figures=Figures(examples=3, seconds=1.5),
        environment=WHERE,
        repeats=(9, 10),
    )
    return msgspec.structs.replace(result, **changes)


def huge() -> Run:
    """Return a run in which 62 actors acquire and release a month 2000 times, and two others share a month."""
    parts = []
    for number in range(2000):
        actor = number % 62
        parts.append(call(actor, "acquire", FEB, at=number, took=0.1, answer=True))
        parts.append(call(actor, "release", FEB, at=number + 0.2, took=0.1, answer=True))
    parts.append(call(62, "acquire", JAN, at=1000.5, took=0.1, answer=True))
    parts.append(call(63, "acquire", JAN, at=1000.7, took=0.1, answer=True))
    steps = (Operation(0, "acquire", FEB), Operation(0, "release", FEB))
    program = Program(64, (JAN, FEB), steps, "race", rounds=5000)
    return run(history(*parts, actors=64), program=program)
