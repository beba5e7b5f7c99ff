"""Variation of the draws of a scenario from batch to batch."""

import random
from dataclasses import replace

from lock_harness.core.fault import FAULTS
from lock_harness.programs.draw import FAULTS_BY_STEP_KIND, Draw, Weights, supported_weights
from lock_harness.programs.workload import Workload

# kinds that let an actor get a month; without any of them nothing happens
GETS_MONTH = frozenset({"acquire", "wait", "round", "hold", "deadline", "long", "long_body"})


def varied(what: Workload, *, part: int, seed: int, verbs: frozenset[str]) -> Workload:
    """Return the workload of a scenario's batch number `part`, for a lock with these verbs.

    Every second batch of a draw leaves out some kinds of steps.  A defect may need many steps of a few kinds, and other kinds
    in between hide it: swarm testing (A. Groce, C. Zhang, E. Eide, Y. Chen, J. Regehr, ISSTA 2012).
    """
    if not isinstance(what, Draw) or part % 2 == 0:
        return what
    weights = supported_weights(what, verbs)
    chooser = random.Random(seed)
    kept = {kind: weight for kind, weight in weights.items() if chooser.random() < 0.5}
    if not GETS_MONTH & kept.keys():
        kind = chooser.choice(sorted(GETS_MONTH & weights.keys()) or sorted(weights))
        kept[kind] = weights[kind]
    kept |= _needed_faults(weights, kept)
    return replace(what, weights={kind: weight for kind, weight in weights.items() if kind in kept})


def _needed_faults(weights: Weights, kept: Weights) -> dict[str, int]:
    """Return one fault that needs equipment if all of them were left out: a scenario with a proxy is there for its faults."""
    special = {
        kind: weight
        for kind, weight in weights.items()
        if kind in FAULTS_BY_STEP_KIND
        and FAULTS[FAULTS_BY_STEP_KIND[kind]].target in ("network", "server", "clock")
    }
    if not special or special.keys() & kept.keys():
        return {}
    kind = max(special, key=lambda one: special[one])
    return {kind: special[kind]}
