"""The shrink passes, in the order in which they run."""

from collections.abc import Callable, Iterator

from lock_harness.core.program import Program
from lock_harness.programs.shrinking import schedule_passes, step_passes

Pass = Callable[[Program], Iterator[Program]]

PASSES: tuple[Pass, ...] = (
    step_passes.reduce_rounds,
    schedule_passes.try_few_switches_if_short,
    step_passes.delete_chunks,
    step_passes.delete_pairs,
    step_passes.delete_one_and_lengthen_timeouts,
    step_passes.delete_one_and_advance_a_fault,
    step_passes.merge_two_actors,
    step_passes.merge_two_months,
    step_passes.begin_earlier,
    step_passes.simplify_one_step,
    step_passes.move_a_month_earlier,
    schedule_passes.delete_the_second_half,
    schedule_passes.remove_one_switch,
    schedule_passes.remove_two_switches,
    schedule_passes.try_few_switches_if_long,
    schedule_passes.delete_one_choice,
    schedule_passes.lower_one_choice,
    schedule_passes.delete_one_step_and_its_choices,
)
"""The order decides how soon a small program is found, and which one.  See the package for how to add a pass."""
