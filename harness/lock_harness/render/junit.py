"""Runs as JUnit XML, the form that CI services read."""

from collections.abc import Sequence

from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite

from lock_harness.core.run import Run
from lock_harness.render.story import plain, reasons, story
from lock_harness.render.summary import succeeded


def junit(runs: Sequence[Run], replays: Sequence[str]) -> str:
    """One test case for each run: a violation is a failure, a doubt an error."""
    suite = TestSuite("lock-harness")
    for run, replay in zip(runs, replays, strict=True):
        case = TestCase(run.scenario, classname=run.lock, time=run.figures.seconds)
        if not succeeded(run):
            kind = Error if run.status == "unknown" else Failure
            uncaught = run.expects and run.status == "holds"
            why = "the planted lock was not caught" if uncaught else next(reasons(run))
            result = kind(why)
            result.text = plain(story(run, replay))
            case.result = [result]
        suite.add_testcase(case)
    document = JUnitXml()
    document.add_testsuite(suite)
    text: bytes = document.tostring()  # type: ignore[no-untyped-call]
    return text.decode()
