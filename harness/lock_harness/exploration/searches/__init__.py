"""The ways to search for a violation, one for each kind of workload."""

from lock_harness.core.program import Program
from lock_harness.exploration.executor import Executor
from lock_harness.exploration.plan import Plan
from lock_harness.exploration.searches.all_programs import AllProgramsSearch
from lock_harness.exploration.searches.crash_points import CrashPointSearch
from lock_harness.exploration.searches.drawn import EXAMPLES_OF_CHUNK, DrawnSearch
from lock_harness.exploration.searches.every_order import MAX_ORDERS, EveryOrderSearch
from lock_harness.exploration.searches.example_log import ExampleLog
from lock_harness.exploration.searches.fixed import FixedSearch
from lock_harness.exploration.searches.search import Search
from lock_harness.programs.draw import Draw
from lock_harness.programs.scenario import Scenario
from lock_harness.programs.workload import AllPrograms, CrashPoints, EveryOrder

# of drawn examples when only the plan's seconds end the search
MANY_EXAMPLES = 1000 * EXAMPLES_OF_CHUNK


def search_for(scenario: Scenario, executor: Executor, plan: Plan, log: ExampleLog) -> Search:
    """Return the search that fits the scenario's workload."""
    match scenario.what:
        case Draw() as draw:
            default = scenario.examples if plan.seconds is None else MANY_EXAMPLES
            examples = plan.examples or default
            return DrawnSearch(
                draw, executor, log, examples=examples, first_seed=plan.seed, skips_first=plan.continues
            )
        case EveryOrder() as every_order:
            return EveryOrderSearch(every_order, executor, log, max_runs=plan.examples or MAX_ORDERS)
        case AllPrograms() as all_programs:
            return AllProgramsSearch(all_programs, executor, log, first=plan.first, most=plan.examples)
        case CrashPoints() as crash_points:
            return CrashPointSearch(crash_points, executor, log)
        case Program() as program:
            return FixedSearch(program, executor, log)
