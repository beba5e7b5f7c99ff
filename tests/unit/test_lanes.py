"""The processes of the lanes: forked when they are needed, and gone in the end."""

import signal
from collections.abc import Callable
from multiprocessing.connection import Connection

from lock_harness.campaign.lanes import open_lanes
from lock_harness.campaign.messages import Open
from lock_harness.servers.server import Server

OPEN = Open(Server("", "", "embedded", "18"))


def hang(_connection: Connection, _is_stopped: Callable[[], bool]) -> None:
    """Never look at a message."""
    signal.pause()


def end(connection: Connection, _is_stopped: Callable[[], bool]) -> None:
    """Take one message, and end at the next one."""
    connection.recv_bytes()
    connection.recv_bytes()


def test_a_lane_is_forked_with_its_first_task_only() -> None:
    forked: list[int] = []
    with open_lanes(end, forked.append, 3) as lanes:
        assert forked == []
        lanes.send(1, OPEN)
        lanes.send(1, OPEN)
        assert forked == [1]


def test_lanes_that_were_killed_are_not_forked_again_to_be_closed() -> None:
    forked: list[int] = []
    with open_lanes(hang, forked.append, 2) as lanes:
        lanes.send(0, OPEN)
        lanes.kill()
    assert forked == [0]
