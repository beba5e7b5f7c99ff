"""The proxy between plain sockets: what passes, and what each kind of break does to either end."""

import contextlib
import os
import random
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.clock import now_ns
from harness.errors import MachineError
from harness.wire.network import LATENCY_NS, Kind, unavailable
from harness.wire.proxy import Proxy, proxy

NAME = "lock-harness/test/a0"
SOON_S = 20.0  # for what must come; it comes in milliseconds unless the machine is very busy
NEVER_S = 0.2  # for what must not come
PATTERN = bytes(range(256))
CANCEL = struct.pack("!IIII", 16, 80877102, 1234, 5678)


def startup(name: str) -> bytes:
    body = b"".join(word.encode() + b"\0" for word in ("user", "bob", "application_name", name)) + b"\0"
    return struct.pack("!II", 8 + len(body), 3 << 16) + body


def connect(host: str, port: int) -> socket.socket:
    if host.startswith("/"):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(f"{host}/.s.PGSQL.{port}")
    else:
        sock = socket.create_connection((host, port))
    sock.settimeout(SOON_S)
    return sock


@dataclass
class World:
    """A proxy in front of a server that is only a listening socket."""

    proxy: Proxy
    listener: socket.socket
    stack: contextlib.ExitStack

    def connection(self, name: str = NAME) -> tuple[socket.socket, socket.socket]:
        """Both ends of a connection through the proxy, after the startup message."""
        client = self.call(startup(name))
        return client, self.answer(startup(name))

    def call(self, opening: bytes) -> socket.socket:
        client = self.stack.enter_context(connect(self.proxy.host, self.proxy.port))
        client.sendall(opening)
        return client

    def answer(self, opening: bytes) -> socket.socket:
        """The server's end of the next connection, which must begin like this."""
        server = self.stack.enter_context(self.listener.accept()[0])
        server.settimeout(SOON_S)
        assert exactly(server, len(opening)) == opening
        return server


@contextlib.contextmanager
def world(place: Path | None) -> Iterator[World]:
    """On TCP; or with Unix sockets in `place` on both sides."""
    with contextlib.ExitStack() as stack:
        if place:
            listener = stack.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(str(place / "server"))
            listener.listen()
        else:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        listener.settimeout(SOON_S)
        running = stack.enter_context(proxy(listener.getsockname(), place))
        listener.accept()[0].close()  # the proxy looks whether anybody is there
        yield World(running, listener, stack)


@pytest.fixture
def tcp() -> Iterator[World]:
    with world(None) as one:
        yield one


@pytest.fixture(params=["tcp", "unix"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with world(tmp_path if request.param == "unix" else None) as one:
        yield one


def exactly(sock: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        more = sock.recv(count - len(data))
        assert more, f"closed after {len(data)} of {count} bytes"
        data += more
    return bytes(data)


def silent(*socks: socket.socket) -> bool:
    """Nothing comes: no byte, no end, no error."""
    return not select.select(socks, [], [], NEVER_S)[0]


def passes(source: socket.socket, target: socket.socket) -> bool:
    source.sendall(b"hello")
    return exactly(target, 5) == b"hello"


def is_reset(sock: socket.socket) -> bool:
    with pytest.raises(ConnectionResetError):
        sock.recv(1)
    return True


def die(sock: socket.socket) -> None:
    """Go as a process goes that is killed with bytes unread."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


# A network that is well


def test_bytes_pass_both_ways(either: World) -> None:
    client, server = either.connection()
    assert passes(client, server)
    assert passes(server, client)


def test_encryption_is_refused_and_the_startup_message_passed_on(tcp: World) -> None:
    client = tcp.call(struct.pack("!II", 8, 80877103))
    assert exactly(client, 1) == b"N"
    client.sendall(startup(NAME) + b"at once")
    assert passes(tcp.answer(startup(NAME) + b"at once"), client)


def test_a_cancel_request_is_passed_on(tcp: World) -> None:
    client = tcp.call(CANCEL)
    server = tcp.answer(CANCEL)
    server.close()
    assert client.recv(1) == b""


def test_garbage_is_answered_with_what_was_wrong(tcp: World) -> None:
    client = tcp.call(b"GET / HTTP/1.1\r\n\r\n")
    answer = exactly(client, 5)
    assert answer[:1] == b"E"
    length = int.from_bytes(answer[1:], "big")
    assert b"a startup packet of 1195725856 bytes" in exactly(client, length - 4)
    assert client.recv(1) == b""


@pytest.mark.parametrize("said", [b"", b"\0\0"])
def test_a_client_that_leaves_early_does_no_harm(tcp: World, said: bytes) -> None:
    tcp.call(said).close()
    die(tcp.call(said))
    client, server = tcp.connection()
    assert passes(client, server)


def test_the_end_comes_after_the_data(either: World) -> None:
    client, server = either.connection()
    client.sendall(b"last words")
    client.close()
    assert exactly(server, 10) == b"last words"
    assert server.recv(1) == b""


def test_one_side_may_end_and_go_on_listening(either: World) -> None:
    client, server = either.connection()
    client.shutdown(socket.SHUT_WR)
    assert server.recv(1) == b""
    assert passes(server, client)
    server.close()
    assert client.recv(1) == b""


@pytest.mark.parametrize("dying", ["client", "server"])
def test_a_reset_is_passed_on_as_a_reset(tcp: World, dying: str) -> None:
    client, server = tcp.connection()
    die(client if dying == "client" else server)
    assert is_reset(server if dying == "client" else client)


def test_a_server_that_is_not_there_resets_the_client(tcp: World) -> None:
    tcp.listener.close()
    assert is_reset(tcp.call(startup(NAME)))


def test_a_sender_is_held_up_by_a_receiver_that_does_not_read(either: World) -> None:
    client, server = either.connection()
    sent = fill(client)
    assert passes(server, client), "the other way is free"
    assert exactly(server, sent) == (PATTERN * (sent // 256 + 1))[:sent]
    assert passes(client, server)


def fill(sock: socket.socket) -> int:
    """Send until nothing goes any more; how many bytes went."""
    sock.settimeout(NEVER_S)
    sent, block = 0, PATTERN * 1024
    with contextlib.suppress(TimeoutError):
        while sent < 1 << 30:
            sent += sock.send(block[sent % 256 :])
    assert sent < 1 << 30
    sock.settimeout(SOON_S)
    return sent


# Orders


def test_nobody_is_struck_who_is_not_there(tcp: World) -> None:
    client, server = tcp.connection()
    assert not tcp.proxy.strike("somebody else", "reset")
    assert not tcp.proxy.heal("somebody else")
    assert passes(client, server)


def test_the_newest_of_a_name_is_struck_and_then_the_next(tcp: World) -> None:
    (old, old_server), (new, _), (other, other_server) = map(tcp.connection, (NAME, NAME, "another"))
    assert tcp.proxy.strike(NAME, "cut")
    assert new.recv(1) == b""
    assert passes(old, old_server)
    assert tcp.proxy.strike(NAME, "cut")
    assert old.recv(1) == b""
    assert not tcp.proxy.strike(NAME, "cut")
    assert passes(other, other_server)


def test_healing_what_is_well_changes_nothing(tcp: World) -> None:
    client, server = tcp.connection()
    assert tcp.proxy.heal(NAME)
    assert passes(client, server)


def test_a_proxy_in_front_of_nothing_is_an_error() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        with (
            pytest.raises(MachineError, match=r"no server answers at \('127\.0\.0\.1', \d+\)"),
            proxy(probe.getsockname()),
        ):
            pass


def test_without_a_proxy_its_connections_end(tcp: World) -> None:
    client, server = tcp.connection()
    tcp.proxy.close()
    assert client.recv(1) == b""
    assert server.recv(1) == b""


HARNESS = """
import signal, sys
from harness.wire.proxy import proxy
with proxy(("127.0.0.1", int(sys.argv[1]))) as running:
    print(running.port, flush=True)
    signal.pause()
"""


def test_a_proxy_ends_with_whoever_started_it(tcp: World) -> None:
    command = [sys.executable, "-c", HARNESS, str(tcp.listener.getsockname()[1])]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        tcp.listener.accept()[0].close()
        client = tcp.stack.enter_context(connect("127.0.0.1", port))
        client.sendall(startup(NAME))
        server = tcp.answer(startup(NAME))
        process.kill()
    assert client.recv(1) == b""
    assert server.recv(1) == b""


def test_a_proxy_that_was_killed_is_an_error(tcp: World) -> None:
    client, _ = tcp.connection()
    os.kill(tcp.proxy.pid, signal.SIGKILL)
    assert client.recv(1) == b""
    with pytest.raises(MachineError, match="the proxy between clients and server has ended"):
        tcp.proxy.strike(NAME, "reset")


# Broken at once


def test_reset(tcp: World) -> None:
    client, server = tcp.connection()
    assert tcp.proxy.strike(NAME, "reset")
    assert is_reset(client)
    assert is_reset(server)


def test_cut(either: World) -> None:
    client, server = either.connection()
    assert either.proxy.strike(NAME, "cut")
    assert client.recv(1) == b""
    assert server.recv(1) == b""


# half_open


@pytest.fixture
def half_open(tcp: World) -> tuple[socket.socket, socket.socket]:
    if why := unavailable("half_open"):
        pytest.skip(why)
    client, server = tcp.connection()
    assert tcp.proxy.strike(NAME, "half_open")
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
    """Also just after the client has spoken: a host that is gone sends nothing again, which would put them off."""
    client, server = tcp.connection()
    keep_alive(client)
    keep_alive(server)
    for _ in range(20):  # who answers at once acknowledges late
        client.sendall(b"x")
        assert server.recv(1) == b"x"
        server.sendall(b"y")
        assert client.recv(1) == b"y"
    client.sendall(b"x")
    assert server.recv(1) == b"x"
    assert tcp.proxy.strike(NAME, "half_open")
    began = time.monotonic()
    for end in (server, client):
        with pytest.raises(TimeoutError, match="Connection timed out"):
            end.recv(1)
    assert time.monotonic() - began < 5.5  # 3 s, and 6.4 with what our kernel would have sent again


def keep_alive(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in ((socket.TCP_KEEPIDLE, 1), (socket.TCP_KEEPINTVL, 1), (socket.TCP_KEEPCNT, 2)):
        sock.setsockopt(socket.IPPROTO_TCP, option, value)


@pytest.mark.parametrize("how", ["close", "die"])
def test_half_open_nobody_hears_the_other_go(half_open: Ends, how: str) -> None:
    client, server = half_open
    client.close() if how == "close" else die(client)
    assert silent(server)


@pytest.mark.parametrize("kind", ["half_open", "deaf", "mute"])
def test_what_lost_bytes_is_reset_when_it_heals(tcp: World, kind: Kind) -> None:
    client, server = tcp.connection()
    assert tcp.proxy.strike(NAME, kind)
    assert silent(client, server)
    assert tcp.proxy.heal(NAME)
    assert is_reset(client)
    assert is_reset(server)
    assert not tcp.proxy.heal(NAME)


# deaf and mute: what is lost on one way


@pytest.mark.parametrize("kind", ["deaf", "mute"])
def test_one_way_is_lost_and_the_other_is_not(either: World, kind: Kind) -> None:
    client, server = either.connection()
    assert either.proxy.strike(NAME, kind)
    lost, heard = (server, client) if kind == "deaf" else (client, server)
    lost.sendall(b"hello")
    assert passes(heard, lost)
    assert silent(heard)


@pytest.mark.parametrize("kind", ["deaf", "mute"])
@pytest.mark.parametrize("how", ["close", "die"])
def test_an_end_is_lost_on_the_way_where_bytes_are_lost(tcp: World, kind: Kind, how: str) -> None:
    client, server = tcp.connection()
    assert tcp.proxy.strike(NAME, kind)
    lost, heard = (server, client) if kind == "deaf" else (client, server)
    lost.close() if how == "close" else die(lost)
    assert silent(heard)
    heard.sendall(b"is anybody there?")
    heard.sendall(b"hello?")
    assert silent(heard)
    assert tcp.proxy.heal(NAME)
    assert is_reset(heard)


@pytest.mark.parametrize("kind", ["deaf", "mute"])
def test_an_end_is_heard_on_the_way_where_bytes_are_heard(tcp: World, kind: Kind) -> None:
    client, server = tcp.connection()
    assert tcp.proxy.strike(NAME, kind)
    lost, heard = (server, client) if kind == "deaf" else (client, server)
    heard.close()
    assert lost.recv(1) == b""


def test_deaf_and_mute_add_up_and_slow_makes_neither_better(tcp: World) -> None:
    client, server = tcp.connection()
    for kind in ("deaf", "mute", "slow"):
        assert tcp.proxy.strike(NAME, kind)
    client.sendall(b"hello")
    server.sendall(b"hello")
    assert silent(client, server)


def test_what_is_left_of_a_mute_connection_may_be_half_open_too(half_open: Ends, tcp: World) -> None:
    del half_open
    client, server = tcp.connection("mute")
    assert tcp.proxy.strike("mute", "mute")
    die(client)
    assert silent(server)
    assert tcp.proxy.strike("mute", "half_open")
    assert tcp.proxy.heal("mute")
    assert is_reset(server)


# slow


def test_slow_is_late_and_keeps_every_byte_in_order(either: World) -> None:
    client, server = either.connection()
    assert either.proxy.strike(NAME, "slow")
    data = random.Random(7).randbytes(1000)
    for source, target in ((client, server), (server, client)):
        began = now_ns()
        source.sendall(data)
        first = target.recv(1)
        assert now_ns() - began >= LATENCY_NS
        assert first + exactly(target, len(data) - 1) == data


def test_slow_splits_the_shortest_message(tcp: World) -> None:
    client, server = tcp.connection()
    assert tcp.proxy.strike(NAME, "slow")
    split = False
    for _ in range(1000):  # on a busy machine both parts may be there when we come to look
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
def test_whatever_slows_and_heals_no_byte_is_lost(tcp: World, drawn: list[str | tuple[bool, bytes]]) -> None:
    with contextlib.ExitStack() as stack:
        client, server = World(tcp.proxy, tcp.listener, stack).connection()
        said = {True: b"", False: b""}
        for move in drawn:
            if isinstance(move, tuple):
                to_server, data = move
                (client if to_server else server).sendall(data)
                said[to_server] += data
            else:
                assert tcp.proxy.strike(NAME, "slow") if move == "slow" else tcp.proxy.heal(NAME)
        client.shutdown(socket.SHUT_WR)
        assert exactly(server, len(said[True])) == said[True]
        assert server.recv(1) == b""
        server.close()
        assert exactly(client, len(said[False])) == said[False]
        assert client.recv(1) == b""


@pytest.mark.parametrize("healed_after", [0, 1, 500_000])
def test_slow_heals_without_losing_a_byte(either: World, healed_after: int) -> None:
    client, server = either.connection()
    assert either.proxy.strike(NAME, "slow")
    data = random.Random(healed_after).randbytes(1_000_000)
    with contextlib.closing(client.dup()) as sender:
        sender.setblocking(False)
        sent = sender.send(data)
    received = exactly(server, min(healed_after, sent))
    assert either.proxy.heal(NAME)
    client.sendall(b"and on")
    assert received + exactly(server, sent - len(received) + 6) == data[:sent] + b"and on"


def test_the_end_of_a_slow_connection_comes_after_the_data(either: World) -> None:
    client, server = either.connection()
    assert either.proxy.strike(NAME, "slow")
    client.sendall(b"last words")
    client.close()
    assert exactly(server, 10) == b"last words"
    assert server.recv(1) == b""


def test_slow_may_come_over_a_connection_that_is_held_up(tcp: World) -> None:
    client, server = tcp.connection()
    sent = fill(client)
    assert tcp.proxy.strike(NAME, "slow")
    assert tcp.proxy.heal(NAME)
    assert exactly(server, sent) == (PATTERN * (sent // 256 + 1))[:sent]
    assert passes(client, server)
