"""The limits of an exploration."""

import secrets
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Plan:
    """How long to search: until `examples` examples have run or `seconds` are over.

    With neither, the scenario's number of examples is drawn.  A fixed program is always run once, and a
    program in every order until no order is left.  `continues`: an earlier exploration of the scenario has run the simplest
    program, which Hypothesis draws first each time, so it is left out.  `first`: the number of the first program of a
    scenario with all programs of a few steps.
    """

    examples: int | None = None
    seconds: float | None = None
    continues: bool = False
    first: int = 0
    seed: int = field(default_factory=lambda: secrets.randbelow(2**32))
