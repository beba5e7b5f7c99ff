"""One connection at the gate: which batches wait, in which order they pass, and the effects of faults."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from lock_harness.gate.pending import PendingRequest
from lock_harness.gate.session import GatedConnection
from lock_harness.wire.connection import ProxiedConnection
from lock_harness.wire.loop import Loop
from tests.wire import client, message, server

STARTUP = b"\0\0\0\x08\0\x03\0\0"
STARTED = server("Authentication", "ReadyForQuery")
DONE = server("CommandComplete", "ReadyForQuery")


class Still(Loop):
    """A loop in which no socket is ever ready by itself."""

    def watch(self, sock: socket.socket, mask: int, ready: Callable[[int], None]) -> None:
        pass


class World:
    """A connection whose client and server are controlled by the test, and its gatekeeper."""

    def __init__(self, stack: ExitStack) -> None:
        self.pending: list[PendingRequest] = []
        self.replies = 0
        self.errors: list[str] = []
        (self._client, near), (self._server, far) = [
            [stack.enter_context(sock) for sock in socket.socketpair()] for _ in range(2)
        ]
        for sock in (self._client, self._server):
            sock.setblocking(False)
        self.gone: list[ProxiedConnection] = []
        self.connection = GatedConnection(Still(), near, far, STARTUP, self.gone.append, "a", self)
        self.connection.server.write()
        self.hears(STARTED)
        self.pending.clear()  # the start of the session, which has passed
        self.replies = 0
        self.passed()
        self.client_received()

    def on_request(self, _: str, request: PendingRequest) -> None:
        self.pending.append(request)

    def on_reply(self, _: str, error: str | None) -> None:
        self.replies += 1
        self.errors += [error] if error else []

    def says(self, data: bytes) -> None:
        self.connection.on_data(self.connection.client, memoryview(data))

    def hears(self, data: bytes) -> None:
        self.connection.on_data(self.connection.server, memoryview(data))

    def dies(self) -> None:
        """Close the client's socket, unnoticed by the connection."""
        self._client.close()

    def hangs_up(self) -> None:
        self.connection.on_eof(self.connection.client)

    def passed(self) -> bytes:
        """Return the bytes that have come to the server since the last call."""
        return _read(self._server)

    def client_received(self) -> bytes:
        """Return the bytes that have come to the client since the last call."""
        return _read(self._client)


def _read(sock: socket.socket) -> bytes:
    try:
        return sock.recv(100_000)
    except BlockingIOError:
        return b""


@pytest.fixture
def world() -> Iterator[World]:
    with ExitStack() as stack:
        yield World(stack)


def test_a_batch_waits_and_its_reply_is_counted(world: World) -> None:
    world.says(client("Query"))
    assert (world.passed(), [one.text for one in world.pending]) == (b"", ["SELECT 1"])
    world.pending[0].let_through()
    assert (world.passed(), world.replies) == (client("Query"), 0)
    world.hears(DONE)
    assert (world.client_received(), world.replies) == (DONE, 1)


def test_an_error_of_the_server_is_reported_with_the_reply_that_it_belongs_to(world: World) -> None:
    world.says(client("Query"))
    world.pending[0].let_through()
    world.hears(server("NoticeResponse", "ErrorResponse"))
    assert (world.errors, world.replies) == ([], 0)
    world.hears(server("ReadyForQuery"))
    assert (world.errors, world.replies) == (["22012 division by zero"], 1)
    world.says(client("Query"))
    world.pending[1].let_through()
    world.hears(DONE)
    assert (world.errors, world.replies) == (["22012 division by zero"], 2)


def test_messages_that_pass_at_once_do_not_overtake_a_batch_that_waits(world: World) -> None:
    world.says(client("Query", "CopyData", "CopyDone", "Query"))
    assert world.passed() == b""
    world.pending[0].let_through()
    assert world.passed() == client("Query", "CopyData", "CopyDone")
    world.pending[1].let_through()
    assert world.passed() == client("Query")


def test_no_message_waits_while_the_server_copies_in(world: World) -> None:
    world.says(client("Query", "Parse", "Sync"))
    world.pending[0].let_through()
    world.passed()
    world.hears(server("CopyInResponse"))
    assert world.passed() == client("Parse", "Sync")
    world.says(client("CopyData", "CopyDone"))
    assert world.passed() == client("CopyData", "CopyDone")
    world.pending[1].let_through()
    assert (world.passed(), world.replies) == (b"", 1)


@pytest.mark.parametrize(
    ("messages", "only_prepares"),
    [
        (("Parse", "Sync"), [True]),
        (("Parse", "Bind", "Execute", "Sync"), [False]),
        (("Bind", "Execute", "Flush", "Sync"), [False, False]),
        (("Bind", "Execute", "Flush", "Parse", "Flush", "Sync", "Sync"), [False, True, False, True]),
        (("Query", "Sync"), [False, True]),
    ],
)
def test_a_batch_only_prepares_if_it_neither_runs_nor_completes_anything(
    world: World, messages: tuple[str, ...], only_prepares: list[bool]
) -> None:
    world.says(client(*messages))
    assert [one.only_prepares for one in world.pending] == only_prepares


@pytest.mark.parametrize(
    ("sql", "only_prepares"),
    [(b"DEALLOCATE ALL\0", True), (b"deallocate one\0", True), (b"DEALLOCATE ALL; SELECT 1\0", False)],
)
def test_a_batch_that_only_deallocates_only_prepares(world: World, sql: bytes, only_prepares: bool) -> None:
    """psycopg deallocates after a rollback, but only if it has prepared something."""
    world.says(message("client", "Query", sql))
    assert [one.only_prepares for one in world.pending] == [only_prepares]


def test_the_end_of_a_client_waits_for_its_earlier_batches(world: World) -> None:
    world.says(client("Query", "Terminate"))
    world.hangs_up()
    assert [one.text for one in world.pending] == ["SELECT 1", "Terminate"]
    world.pending[0].let_through()
    world.pending[1].let_through()
    assert world.passed() == client("Query", "Terminate")
    assert world.connection.client.at_eof


def test_an_incomplete_batch_reaches_the_server_when_its_client_has_gone(world: World) -> None:
    begun = client("Parse", "Bind", "Execute") + client("Query")[:3]
    world.says(begun)
    assert world.passed() == b""
    world.hangs_up()
    assert world.passed() == begun
    world.hears(server("ParseComplete", "BindComplete", "CommandComplete"))


def test_a_buffered_reply_comes_when_it_is_passed_on(world: World) -> None:
    world.says(client("Query"))
    world.connection.buffer_replies()
    world.pending[0].let_through()
    world.hears(DONE)
    assert (world.client_received(), world.replies) == (b"", 1)
    world.connection.pass_on()
    assert world.client_received() == DONE
    world.says(client("Query"))
    world.pending[1].let_through()
    world.hears(DONE)
    assert world.client_received() == DONE


def test_half_of_a_reply_is_half_of_its_bytes(world: World) -> None:
    world.says(client("Query"))
    world.connection.buffer_replies()
    world.pending[0].let_through()
    world.hears(DONE)
    world.connection.pass_on(half=True)
    assert world.client_received() == DONE[: len(DONE) // 2]
    world.hears(message("server", "ParameterStatus"))
    assert world.client_received() == b""


def test_a_buffered_reply_comes_before_the_end_of_the_session(world: World) -> None:
    world.says(client("Query"))
    world.connection.buffer_replies()
    world.pending[0].let_through()
    world.hears(DONE)
    world.connection.on_eof(world.connection.server)
    assert world.client_received() == DONE


def test_a_client_that_died_with_its_reply_buffered_is_closed_once(world: World) -> None:
    world.says(client("Query"))
    world.connection.buffer_replies()
    world.pending[0].let_through()
    world.hears(DONE)
    world.dies()
    world.connection.on_eof(world.connection.server)
    assert (world.gone, world.replies) == ([world.connection], 1)


def test_invalid_bytes_of_a_client_that_died_end_its_session_once(world: World) -> None:
    world.dies()
    world.says(b"nonsense")
    assert world.gone == [world.connection]


def test_an_awaited_end_of_the_session_counts_as_one_reply_before_or_after_it_comes(world: World) -> None:
    world.connection.await_end()
    assert world.replies == 0
    world.connection.on_eof(world.connection.server)
    assert world.replies == 1
    world.connection.await_end()
    assert world.replies == 2


def test_a_batch_that_is_forgotten_never_reaches_the_server(world: World) -> None:
    world.says(client("Query"))
    world.connection.forget()
    world.hangs_up()
    assert world.passed() == b""
    assert world.connection.client.at_eof


def test_a_batch_to_a_session_that_has_ended_is_no_move(world: World) -> None:
    world.connection.on_eof(world.connection.server)
    world.says(client("Query", "Terminate"))
    assert world.pending == []
