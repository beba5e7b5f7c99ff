"""A reserved port stays ours: nobody else may listen there, and our server may, again and again."""

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


def test_a_server_listens_there_and_again_after_it_was_down() -> None:
    with reserved_port() as port:
        for _ in range(2):
            with listener(port, as_servers_do=True) as server, socket.create_connection((LOOPBACK, port)):
                server.accept()[0].close()  # the port is left with a connection that lingers
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((LOOPBACK, port))


def test_others_are_kept_away_while_the_server_is_down() -> None:
    with reserved_port() as port, pytest.raises(OSError, match="in use"):
        listener(port, as_servers_do=False)


def test_it_is_free_afterwards() -> None:
    with reserved_port() as port:
        pass
    listener(port, as_servers_do=False).close()


def test_no_two_are_the_same() -> None:
    with reserved_port() as one, reserved_port() as other:
        assert one != other
