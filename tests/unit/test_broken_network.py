"""The effect of each network fault on both ends of a connection."""

import socket
import time

import pytest

from lock_harness.core.fault import NetworkFault
from lock_harness.wire.network import why_unavailable
from tests.sockets import NAME, World, die, is_reset, passes, silent

# reset and cut


def test_reset_closes_both_ends_with_rst(tcp: World) -> None:
    client, server = tcp.connection()
    assert tcp.proxy.inject(NAME, "reset")
    assert is_reset(client)
    assert is_reset(server)


def test_cut_closes_both_ends_in_order(either: World) -> None:
    client, server = either.connection()
    assert either.proxy.inject(NAME, "cut")
    assert client.recv(1) == b""
    assert server.recv(1) == b""


# half_open


@pytest.fixture
def half_open(tcp: World) -> tuple[socket.socket, socket.socket]:
    if why := why_unavailable("half_open"):
        pytest.skip(why)
    client, server = tcp.connection()
    assert tcp.proxy.inject(NAME, "half_open")
    return client, server


Ends = tuple[socket.socket, socket.socket]


def test_half_open_lets_nothing_through(half_open: Ends) -> None:
    client, server = half_open
    client.sendall(b"hello")
    server.sendall(b"hello")
    assert silent(client, server)


def test_half_open_acknowledges_nothing(half_open: Ends) -> None:
    for end in half_open:
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 500)
        end.sendall(b"hello")
        with pytest.raises(TimeoutError, match="Connection timed out"):
            end.recv(1)


def test_half_open_lets_keepalives_run_out(tcp: World) -> None:
    """A retransmission of bytes that were just sent would postpone the keepalives, so there is none."""
    client, server = tcp.connection()
    keep_alive(client)
    keep_alive(server)
    # a peer that replies at once delays its acknowledgements
    for _ in range(20):
        client.sendall(b"x")
        assert server.recv(1) == b"x"
        server.sendall(b"y")
        assert client.recv(1) == b"y"
    client.sendall(b"x")
    assert server.recv(1) == b"x"
    assert tcp.proxy.inject(NAME, "half_open")
    began = time.monotonic()
    for end in (server, client):
        with pytest.raises(TimeoutError, match="Connection timed out"):
            end.recv(1)
    assert time.monotonic() - began < 5.5  # 3 s; retransmissions would make it 6.4 s


def keep_alive(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in ((socket.TCP_KEEPIDLE, 1), (socket.TCP_KEEPINTVL, 1), (socket.TCP_KEEPCNT, 2)):
        sock.setsockopt(socket.IPPROTO_TCP, option, value)


@pytest.mark.parametrize("how", ["close", "die"])
def test_half_open_hides_the_end_of_the_client_from_the_server(half_open: Ends, how: str) -> None:
    client, server = half_open
    client.close() if how == "close" else die(client)
    assert silent(server)


@pytest.mark.parametrize("kind", ["half_open", "deaf", "mute"])
def test_a_connection_that_lost_bytes_is_reset_when_it_heals(tcp: World, kind: NetworkFault) -> None:
    client, server = tcp.connection()
    assert tcp.proxy.inject(NAME, kind)
    assert silent(client, server)
    assert tcp.proxy.heal(NAME)
    assert is_reset(client)
    assert is_reset(server)
    assert not tcp.proxy.heal(NAME)


# deaf and mute: loss in one direction


@pytest.mark.parametrize("kind", ["deaf", "mute"])
def test_deaf_and_mute_lose_bytes_in_one_direction_only(either: World, kind: NetworkFault) -> None:
    client, server = either.connection()
    assert either.proxy.inject(NAME, kind)
    lost, connected = (server, client) if kind == "deaf" else (client, server)
    lost.sendall(b"hello")
    assert passes(connected, lost)
    assert silent(connected)


@pytest.mark.parametrize("kind", ["deaf", "mute"])
@pytest.mark.parametrize("how", ["close", "die"])
def test_an_eof_is_lost_in_the_direction_where_bytes_are_lost(
    tcp: World, kind: NetworkFault, how: str
) -> None:
    client, server = tcp.connection()
    assert tcp.proxy.inject(NAME, kind)
    lost, connected = (server, client) if kind == "deaf" else (client, server)
    lost.close() if how == "close" else die(lost)
    assert silent(connected)
    connected.sendall(b"hello")
    connected.sendall(b"hello?")
    assert silent(connected)
    assert tcp.proxy.heal(NAME)
    assert is_reset(connected)


@pytest.mark.parametrize("kind", ["deaf", "mute"])
def test_an_eof_arrives_in_the_direction_where_bytes_arrive(tcp: World, kind: NetworkFault) -> None:
    client, server = tcp.connection()
    assert tcp.proxy.inject(NAME, kind)
    lost, connected = (server, client) if kind == "deaf" else (client, server)
    connected.close()
    assert lost.recv(1) == b""


def test_deaf_and_mute_add_up_and_slow_undoes_neither(tcp: World) -> None:
    client, server = tcp.connection()
    for kind in ("deaf", "mute", "slow"):
        assert tcp.proxy.inject(NAME, kind)
    client.sendall(b"hello")
    server.sendall(b"hello")
    assert silent(client, server)


def test_a_mute_connection_whose_client_died_can_become_half_open(half_open: Ends, tcp: World) -> None:
    del half_open
    client, server = tcp.connection("mute")
    assert tcp.proxy.inject("mute", "mute")
    die(client)
    assert silent(server)
    assert tcp.proxy.inject("mute", "half_open")
    assert tcp.proxy.heal("mute")
    assert is_reset(server)
