"""A simulation of a server, its clients and faults on a virtual clock.

It produces the histories that a correct lock, or a broken one, would leave behind, in any number and of any size.
`faulty_history` is a short history with faults, `race_history` a long one.
"""

from simulation.histories import faulty_history, race_history
from simulation.server import DEFECTS

__all__ = ["DEFECTS", "faulty_history", "race_history"]
