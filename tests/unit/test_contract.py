"""Contracts: what a lock declares, and what the command line replaces."""

import pytest

from lock_harness.core.contract import (
    DEFAULT,
    Contract,
    as_options,
    changes,
    declared,
    parse_options,
    with_changes,
)
from lock_harness.core.errors import UserError
from lock_harness.core.verdict import Bounds


def test_a_lock_that_declares_nothing_has_the_default_contract() -> None:
    assert declared(None) == DEFAULT == Contract()


def test_a_lock_command_declares_its_contract_by_a_mapping() -> None:
    assert declared({"reentrant": "refused", "late_ms": 20}) == Contract(reentrant="refused", late_ms=20)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (7, "declare it as Contract"),
        ({"reentrant": "sometimes"}, "reentrant"),
        ({"lease": 5}, "lease"),
        ({"lease_ms": -1}, "lease_ms must be 0 or more, not -1"),
        (Contract(reentrant="sometimes"), "reentrant"),  # type: ignore[arg-type]
    ],
)
def test_a_value_that_is_no_contract_is_refused_in_one_line(value: object, said: str) -> None:
    with pytest.raises(UserError, match=said) as raised:
        declared(value)
    assert "\n" not in str(raised.value)


def test_options_replace_the_fields_that_the_lock_declares() -> None:
    changes = parse_options(
        ["lease_ms=500", "hold_timeout=false", "on_timeout=raises TimeoutError", "release=silent"]
    )
    assert with_changes(Contract(late_ms=7, release="raises"), changes) == Contract(
        release="silent", on_timeout="TimeoutError", late_ms=7, hold_timeout=False, lease_ms=500
    )


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("reentrant", "not of the form KEY=VALUE"),
        ("reentrantt=once", "did you mean 'reentrant'"),
        ("colour=red", "use one of reentrant, release"),
        ("reentrant=twice", "twice"),
        ("lease_ms=soon", "lease_ms"),
        ("late_ms=-5", "late_ms must be 0 or more, not -5"),
        ("on_timeout=a b", "not 'a b'"),
    ],
)
def test_a_wrong_option_is_refused_in_one_line(option: str, said: str) -> None:
    with pytest.raises(UserError, match=said) as raised:
        parse_options([option])
    assert "\n" not in str(raised.value)


def test_the_bounds_follow_from_the_contract() -> None:
    bounds = Bounds(release_ms=1000, late_ms=100, handover_ms=250)
    assert Contract().bounds(bounds) == bounds
    assert Contract(late_ms=1000, lease_ms=300).bounds(bounds) == Bounds(
        release_ms=1300, late_ms=1100, handover_ms=1250
    )


def test_a_contract_is_shown_by_the_fields_that_differ_from_the_defaults() -> None:
    assert str(Contract()) == ""
    assert str(Contract(on_timeout="TimeoutError")) == "on_timeout=TimeoutError"
    assert str(Contract(reentrant="once", hold_timeout=False, lease_ms=20)) == (
        "reentrant=once, hold_timeout=false, lease_ms=20"
    )


@pytest.mark.parametrize(
    "contract",
    [DEFAULT, Contract(reentrant="once", on_timeout="TimeoutError", lease_ms=3, hold_timeout=False)],
)
def test_the_options_of_a_contract_replace_every_field(contract: Contract) -> None:
    other = Contract(release="silent", lease_ms=9, late_ms=8, reports_loss=True)
    assert with_changes(other, as_options(contract)) == contract


def test_an_exception_class_is_shown_with_its_own_spelling() -> None:
    shown = str(Contract(on_timeout="TimeoutError"))
    assert shown == "on_timeout=TimeoutError"


def test_a_field_that_is_given_with_its_default_is_no_change() -> None:
    assert changes(with_changes(DEFAULT, as_options(DEFAULT))) == {}
    assert changes(Contract(late_ms=5, hold_timeout=False)) == {"late_ms": 5, "hold_timeout": False}
