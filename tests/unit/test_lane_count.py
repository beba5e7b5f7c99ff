"""How many lanes a run has."""

import os

import pytest

from lock_harness.campaign.work import scenario_works
from lock_harness.exploration.plan import Plan
from lock_harness.frontends.campaign import LANES_PER_PROCESSOR, lane_count, lanes_on_named_server
from lock_harness.programs.scenario import Scenario
from lock_harness.programs.steps import acquire, program
from lock_harness.servers.years import DEFAULT_YEARS, Years
from tests.lanes import DEFAULT_SET, JAN, drawn


def test_there_are_not_more_lanes_than_can_have_work() -> None:
    works = scenario_works(DEFAULT_SET, Plan())
    assert lane_count(None, works) == LANES_PER_PROCESSOR * (os.cpu_count() or 1)
    assert lane_count(3, works) == 3
    fixed = [Scenario(program(acquire(0, JAN, 0)), name="one")]
    assert lane_count(8, scenario_works(fixed, Plan())) == 1
    assert lane_count(8, scenario_works(drawn("a", examples=120), Plan())) == 3


@pytest.mark.parametrize(
    ("years", "connections", "lanes"),
    [(DEFAULT_YEARS, 90, 2), (Years(2000, 2099), 90, 7), (Years(2090, 2091), 90, 1), (DEFAULT_YEARS, 10, 1)],
)
def test_on_a_named_server_years_and_connections_limit_the_lanes(
    years: Years, connections: int, lanes: int
) -> None:
    assert lanes_on_named_server(years, connections) == lanes
