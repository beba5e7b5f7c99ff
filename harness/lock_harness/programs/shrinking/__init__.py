"""Shrinking: from a failing program to the smallest program found that still fails.

Hypothesis draws programs, but it does not shrink them.  Its shrinker requires a test to be a function of its
draws, and reports a test as flaky when processes and a server behave differently the second time.  A program is
plain data, so this package simplifies the program itself.  It can retry as often as an example with real processes
needs, and it also works on the program of a saved run.

How it works
------------

A *pass* is a function that takes a program and generates candidates: programs that are simpler in one respect.
`PASSES` lists the passes in order.  `simpler` runs all passes on a program and keeps each candidate that is new and
has a smaller `size`.  `shrink` runs each of these candidates; as soon as one fails, it continues with that
candidate and starts again at the first pass.  It ends when no candidate fails.  Every accepted candidate is
smaller than the one before, so it always ends.

How to add a pass
-----------------

1. Write a generator function in `step_passes` (the steps of the actors) or in `schedule_passes` (in which order they move at
   the gate).  Name it after its effect on the program, and say in the docstring which failures need it: a
   failure that every existing pass leaves larger than necessary.
2. Build each candidate with `tidy(program, steps=..., choices=...)`, which also drops actors, months and joins that
   nothing needs any more.
3. Propose candidates freely.  A pass does not check whether a candidate is smaller, or was proposed before.  If it makes a
   program simpler in a respect that `size` does not measure yet, add that to `size`.
4. Generate candidates lazily, those that remove the most first.  A run of a candidate takes milliseconds, and most are
   never reached.
5. Put the pass into `PASSES`: passes that remove much go before passes that change details.
6. Add a test to `tests/unit/test_shrinking.py`, with a failure whose smallest program is known.
"""

from lock_harness.programs.shrinking.passes import PASSES
from lock_harness.programs.shrinking.shrinker import shrink, simpler, size
from lock_harness.programs.shrinking.tidying import tidy

__all__ = ["PASSES", "shrink", "simpler", "size", "tidy"]
