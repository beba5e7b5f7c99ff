"""The timeouts of a program on a lock with a contract."""

from lock_harness.core.contract import Contract
from lock_harness.core.fault import Fault
from lock_harness.core.program import Month, Operation, Program, Step
from lock_harness.programs.timeouts import SELF_WAIT_MS, under_contract

JAN, FEB = Month(2090, 1), Month(2090, 2)


def timeouts(contract: Contract, *steps: Step) -> list[int]:
    program = under_contract(Program(2, (JAN, FEB), steps), contract)
    return [step.timeout_ms for step in program.steps if isinstance(step, Operation)]


def acquire(actor: int, month: Month, timeout_ms: int) -> Operation:
    return Operation(actor, "acquire", month, timeout_ms)


def test_the_default_contract_changes_nothing() -> None:
    program = Program(1, (JAN,), (acquire(0, JAN, 0),))
    assert under_contract(program, Contract()) is program


def test_timeouts_below_the_shortest_one_are_raised_to_it() -> None:
    steps = (
        acquire(0, JAN, 0),
        acquire(1, JAN, 1500),
        Operation(1, "hold", FEB, 20),
        Operation(1, "release", JAN),
    )
    assert timeouts(Contract(min_timeout_ms=1000), *steps) == [1000, 1500, 1000, 0]


def test_an_actor_waits_only_shortly_for_its_own_month_if_the_lock_refuses_that() -> None:
    steps = acquire(0, JAN, 900), acquire(0, JAN, 900), acquire(1, JAN, 900), acquire(0, FEB, 900)
    assert timeouts(Contract(reentrant="refused"), *steps) == [900, SELF_WAIT_MS, 900, 900]
    assert timeouts(Contract(reentrant="once"), *steps) == [900, 900, 900, 900]


def test_a_month_that_an_actor_gave_up_is_not_its_own() -> None:
    contract = Contract(reentrant="raises")
    for end in (Operation(0, "release", JAN), Operation(0, "reopen"), Fault(0, "kill")):
        assert timeouts(contract, acquire(0, JAN, 900), end, acquire(0, JAN, 900))[-1] == 900
