"""The proxy between plain sockets: it forwards bytes and executes commands."""

import os
import select
import signal
import socket
import struct
import subprocess
import sys

import pytest

from lock_harness.core.errors import MachineError
from lock_harness.core.fault import NetworkFault
from lock_harness.wire.network import why_unavailable
from lock_harness.wire.proxy import proxy
from tests.sockets import (
    CANCEL,
    NAME,
    PATTERN,
    SOON_S,
    World,
    connect,
    die,
    exactly,
    fill,
    is_reset,
    passes,
    silent,
    startup,
)


def test_the_proxy_forwards_bytes_in_both_directions(either: World) -> None:
    client, server = either.connection()
    assert passes(client, server)
    assert passes(server, client)


def test_encryption_is_refused_and_the_startup_message_forwarded(tcp: World) -> None:
    client = tcp.call(struct.pack("!II", 8, 80877103))
    assert exactly(client, 1) == b"N"
    client.sendall(startup(NAME) + b"at once")
    assert passes(tcp.answer(startup(NAME) + b"at once"), client)


def test_a_cancel_request_is_forwarded(tcp: World) -> None:
    client = tcp.call(CANCEL)
    server = tcp.answer(CANCEL)
    server.close()
    assert client.recv(1) == b""


def test_garbage_is_answered_with_an_error(tcp: World) -> None:
    client = tcp.call(b"GET / HTTP/1.1\r\n\r\n")
    answer = exactly(client, 5)
    assert answer[:1] == b"E"
    length = int.from_bytes(answer[1:], "big")
    assert b"startup packet of 1195725856 bytes" in exactly(client, length - 4)
    assert client.recv(1) == b""


@pytest.mark.parametrize("opening", [b"", b"\0\0"])
def test_a_client_that_disconnects_early_does_not_disturb_the_next_client(tcp: World, opening: bytes) -> None:
    tcp.call(opening).close()
    die(tcp.call(opening))
    client, server = tcp.connection()
    assert passes(client, server)


def test_the_eof_of_a_client_arrives_after_the_data(either: World) -> None:
    client, server = either.connection()
    client.sendall(b"last words")
    client.close()
    assert exactly(server, 10) == b"last words"
    assert server.recv(1) == b""


def test_a_client_may_close_for_writing_and_continue_to_read(either: World) -> None:
    client, server = either.connection()
    client.shutdown(socket.SHUT_WR)
    assert server.recv(1) == b""
    assert passes(server, client)
    server.close()
    assert client.recv(1) == b""


@pytest.mark.parametrize("dying", ["client", "server"])
def test_a_reset_of_one_end_resets_the_other(tcp: World, dying: str) -> None:
    client, server = tcp.connection()
    die(client if dying == "client" else server)
    assert is_reset(server if dying == "client" else client)


def test_a_client_is_reset_if_the_server_is_down(tcp: World) -> None:
    tcp.listener.close()
    assert is_reset(tcp.call(startup(NAME)))


def test_a_receiver_that_does_not_read_blocks_the_sender(either: World) -> None:
    client, server = either.connection()
    sent = fill(client)
    assert passes(server, client), "the other direction is free"
    assert exactly(server, sent) == (PATTERN * (sent // 256 + 1))[:sent]
    assert passes(client, server)


# Commands


def test_a_fault_for_an_unknown_name_hits_no_connection(tcp: World) -> None:
    client, server = tcp.connection()
    assert not tcp.proxy.inject("unknown", "reset")
    assert not tcp.proxy.heal("unknown")
    assert passes(client, server)


def test_a_fault_hits_every_connection_of_a_name(tcp: World) -> None:
    (old, _), (new, _), (other, other_server) = map(tcp.connection, (NAME, NAME, "another"))
    assert tcp.proxy.inject(NAME, "cut")
    assert new.recv(1) == old.recv(1) == b""
    assert not tcp.proxy.inject(NAME, "cut")
    assert passes(other, other_server)
    assert passes(*tcp.connection()), "a fault that hits once spares the connections that are opened later"


@pytest.mark.parametrize("kind", ["half_open", "deaf", "mute"])
def test_a_lasting_fault_hits_the_connections_that_are_opened_until_it_is_healed(
    tcp: World, kind: NetworkFault
) -> None:
    if why := why_unavailable(kind):
        pytest.skip(why)
    tcp.connection()
    assert tcp.proxy.inject(NAME, kind)
    late = tcp.call(startup(NAME))
    tcp.call(startup("another"))
    await_startup(tcp, "another")
    assert silent(late)
    assert tcp.proxy.heal(NAME)
    assert is_reset(late)


def await_startup(tcp: World, name: str) -> None:
    """Accept connections at the server until one has got the startup message of `name`."""
    accepted: list[socket.socket] = []
    while True:
        for ready in select.select([tcp.listener, *accepted], [], [], SOON_S)[0]:
            if ready is tcp.listener:
                accepted.append(tcp.stack.enter_context(tcp.listener.accept()[0]))
            elif ready.recv(1000) == startup(name):
                return


def test_a_lasting_fault_ends_with_the_last_connection_that_it_hit(tcp: World) -> None:
    client, _ = tcp.connection()
    assert tcp.proxy.inject(NAME, "slow")
    client.close()
    tcp.proxy.heal(NAME)
    assert passes(*tcp.connection())


def test_healing_a_healthy_connection_changes_nothing(tcp: World) -> None:
    client, server = tcp.connection()
    assert tcp.proxy.heal(NAME)
    assert passes(client, server)


def test_a_proxy_without_a_server_is_an_error() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        with (
            pytest.raises(MachineError, match=r"no server answers at \('127\.0\.0\.1', \d+\)"),
            proxy(probe.getsockname()),
        ):
            pass


def test_the_connections_of_a_closed_proxy_end(tcp: World) -> None:
    client, server = tcp.connection()
    tcp.proxy.close()
    assert client.recv(1) == b""
    assert server.recv(1) == b""


HARNESS = """
import signal, sys
from lock_harness.wire.proxy import proxy
with proxy(("127.0.0.1", int(sys.argv[1]))) as running:
    print(running.port, flush=True)
    signal.pause()
"""


def test_a_proxy_ends_when_its_harness_is_killed(tcp: World) -> None:
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
        tcp.proxy.inject(NAME, "reset")
