"""The experiments show the contract that a lock declares."""

import pytest

from lock_harness.core.contract import DEFAULT, Contract, as_options
from lock_harness.frontends.contract_command import contract_of, examine
from lock_harness.locks.loading import REFERENCE, LockSpec, load
from lock_harness.servers.server import Server

DESIGNS = [
    (REFERENCE, ("reentrant", "release", "evidence", "reports_loss", "lease_ms", "hold_timeout")),
    ("refuses_holder", ("reentrant",)),
    ("raises_on_timeout", ("on_timeout", "late_ms", "min_timeout_ms")),
    ("raises_for_holder", ("reentrant",)),
    ("owner_row", ("reentrant",)),
    ("silent_release", ("release", "reports_loss")),
    ("strict_release", ("release", "reentrant")),
    ("whole_seconds", ("late_ms", "min_timeout_ms", "hold_timeout", "reentrant")),
    ("polls_each_second", ("late_ms",)),
    ("lease_row", ("lease_ms", "evidence")),
    ("row_lock", ("lease_ms", "evidence", "reentrant")),
]


@pytest.mark.parametrize(("design", "fields"), DESIGNS)
def test_the_experiments_show_what_a_lock_declares(
    our_server: Server, design: str, fields: tuple[str, ...]
) -> None:
    """The other fields are given, so that their experiments are left out."""
    name = design if ":" in design else f"tests.designs.{design}:Lock"
    contract: Contract = getattr(load(name), "contract", DEFAULT)
    given = {key: value for key, value in as_options(contract).items() if key not in fields}
    observations = examine(LockSpec(name, contract=tuple(given.items())), our_server)
    assert contract_of(observations, given) == contract, observations
    assert {observation.field for observation in observations.values()} >= {*fields}
