"""A slow connection delays bytes and loses none."""

import contextlib
import random
import socket

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lock_harness.core.clock import now_ns
from lock_harness.wire.network import LATENCY_NS
from tests.sockets import NAME, PATTERN, World, exactly, fill, passes


def test_a_slow_connection_delays_bytes_and_keeps_their_order(either: World) -> None:
    client, server = either.connection()
    assert either.proxy.inject(NAME, "slow")
    data = random.Random(7).randbytes(1000)
    for source, target in ((client, server), (server, client)):
        began = now_ns()
        source.sendall(data)
        first = target.recv(1)
        assert now_ns() - began >= LATENCY_NS
        assert first + exactly(target, len(data) - 1) == data


def test_a_slow_connection_splits_even_the_shortest_message(tcp: World) -> None:
    client, server = tcp.connection()
    assert tcp.proxy.inject(NAME, "slow")
    split = False
    # on a busy machine both parts may have arrived before the first read
    for _ in range(1000):
        client.sendall(b"X\0\0\0\4")
        part = server.recv(5)
        split = part == b"X\0\0"
        assert part + exactly(server, 5 - len(part)) == b"X\0\0\0\4"
        if split:
            break
    assert split


moves = st.lists(
    st.one_of(
        st.sampled_from(["slow", "heal"]),
        st.tuples(st.booleans(), st.binary(max_size=40) | st.integers(1, 3).map(lambda n: PATTERN * 300 * n)),
    ),
    max_size=8,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves)
def test_a_connection_that_is_slowed_and_healed_in_any_sequence_loses_no_byte(
    tcp: World, drawn: list[str | tuple[bool, bytes]]
) -> None:
    with contextlib.ExitStack() as stack:
        client, server = World(tcp.proxy, tcp.listener, stack).connection()
        written = {True: b"", False: b""}
        for move in drawn:
            if isinstance(move, tuple):
                to_server, data = move
                (client if to_server else server).sendall(data)
                written[to_server] += data
            else:
                assert tcp.proxy.inject(NAME, "slow") if move == "slow" else tcp.proxy.heal(NAME)
        client.shutdown(socket.SHUT_WR)
        assert exactly(server, len(written[True])) == written[True]
        assert server.recv(1) == b""
        server.close()
        assert exactly(client, len(written[False])) == written[False]
        assert client.recv(1) == b""


@pytest.mark.parametrize("healed_after", [0, 1, 500_000])
def test_a_slow_connection_heals_without_losing_a_byte(either: World, healed_after: int) -> None:
    client, server = either.connection()
    assert either.proxy.inject(NAME, "slow")
    data = random.Random(healed_after).randbytes(1_000_000)
    with contextlib.closing(client.dup()) as sender:
        sender.setblocking(False)
        sent = sender.send(data)
    received = exactly(server, min(healed_after, sent))
    assert either.proxy.heal(NAME)
    client.sendall(b"and on")
    assert received + exactly(server, sent - len(received) + 6) == data[:sent] + b"and on"


def test_the_eof_of_a_slow_connection_arrives_after_its_data(either: World) -> None:
    client, server = either.connection()
    assert either.proxy.inject(NAME, "slow")
    client.sendall(b"last words")
    client.close()
    assert exactly(server, 10) == b"last words"
    assert server.recv(1) == b""


def test_a_blocked_connection_can_become_slow(tcp: World) -> None:
    client, server = tcp.connection()
    sent = fill(client)
    assert tcp.proxy.inject(NAME, "slow")
    assert tcp.proxy.heal(NAME)
    assert exactly(server, sent) == (PATTERN * (sent // 256 + 1))[:sent]
    assert passes(client, server)
