"""Runs as JUnit XML, which CI services read."""

from collections.abc import Collection, Sequence

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from lock_harness.core.run import Run
from lock_harness.render.sentences import reasons
from lock_harness.render.story import story
from lock_harness.render.summary import succeeded
from lock_harness.render.text import plain


def junit(runs: Sequence[Run], replays: Sequence[str], known: Collection[str] = ()) -> str:
    """Return one test case for each run: a violation is a failure, and an unknown result is an error.

    `known`: scenarios whose violations the user accepts; they are skipped tests.
    """
    suite = TestSuite("lock-harness")
    for run, replay in zip(runs, replays, strict=True):
        case = TestCase(run.scenario, classname=run.lock, time=run.figures.seconds)
        if run.status == "violated" and run.scenario in known:
            case.result = [Skipped(f"known: {next(reasons(run))}")]
        elif not succeeded(run):
            kind = Error if run.status == "unknown" else Failure
            is_uncaught = run.expects and run.status == "holds"
            result = kind("the planted lock was not caught" if is_uncaught else next(reasons(run)))
            result.text = plain(story(run, replay))
            case.result = [result]
        suite.add_testcase(case)
    document = JUnitXml()
    document.add_testsuite(suite)
    text: bytes = document.tostring()  # type: ignore[no-untyped-call]
    return text.decode()
