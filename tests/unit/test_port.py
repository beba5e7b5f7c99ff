"""A reserved port: only the server that it is reserved for can listen there, repeatedly."""

import socket

import pytest

from lock_harness.servers.port import LOOPBACK, reserved_port


def listener(port: int, *, as_servers_do: bool) -> socket.socket:
    one = socket.socket()
    if as_servers_do:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        one.bind((LOOPBACK, port))
        one.listen()
    except OSError:
        one.close()
        raise
    return one


def test_a_server_can_listen_on_a_reserved_port_again_after_it_was_down() -> None:
    with reserved_port() as port:
        for _ in range(2):
            with listener(port, as_servers_do=True) as server, socket.create_connection((LOOPBACK, port)):
                # leaves a connection in TIME_WAIT
                server.accept()[0].close()
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((LOOPBACK, port))


def test_other_processes_cannot_listen_on_a_reserved_port() -> None:
    with reserved_port() as port, pytest.raises(OSError, match="in use"):
        listener(port, as_servers_do=False)


def test_a_reserved_port_is_free_after_the_block() -> None:
    with reserved_port() as port:
        pass
    listener(port, as_servers_do=False).close()


def test_two_reserved_ports_differ() -> None:
    with reserved_port() as one, reserved_port() as other:
        assert one != other
