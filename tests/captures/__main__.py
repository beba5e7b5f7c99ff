"""Records the captures again: real clients talk to an embedded server through a relay that records the bytes."""

import contextlib
import re
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from psycopg import generators, waiting

from lock_harness.servers.address import redirected
from lock_harness.servers.embedded import embedded_server
from lock_harness.wire.startup import StartupReader
from tests.captures import DIRECTORY, Chunk, Session, Side

SETUP = """
CREATE TABLE numbers (n int);
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no rows today''; END';
CREATE TABLE refusing (n int);
CREATE TRIGGER refuse BEFORE INSERT ON refusing EXECUTE FUNCTION refuse();
"""

Conn = psycopg.Connection[Any]


def simple(conn: Conn) -> None:
    conn.execute("SELECT pg_try_advisory_lock(209001)")
    conn.execute("SELECT 1; SELECT 2")
    conn.execute("")
    conn.execute("SELECT generate_series(1, 3)")
    conn.execute("DO $$BEGIN RAISE NOTICE 'mind the gap'; END$$")
    conn.execute("SET application_name = 'renamed'")


def parameters(conn: Conn) -> None:
    conn.execute("SELECT pg_try_advisory_lock(%s)", [209001])
    conn.execute("SELECT %b::int4, %b::int8, %s, %s::bool", [7, -(2**40), "it's\nso", None])


def prepared(conn: Conn) -> None:
    for key in (209001, 209002):
        conn.execute("SELECT pg_try_advisory_lock(%s)", [key], prepare=True)
    conn.execute("DEALLOCATE ALL")


def pipeline(conn: Conn) -> None:
    with conn.pipeline() as pipe:
        first = conn.execute("SELECT pg_try_advisory_lock(%s)", [209001], prepare=True)
        conn.execute("SELECT pg_try_advisory_lock(%s)", [209002], prepare=True)
        first.fetchone()
        conn.execute("SELECT 1")
        pipe.sync()
        conn.execute("SELECT 2")


def failing_pipeline(conn: Conn) -> None:
    try:
        with conn.pipeline() as pipe:
            conn.execute("SELECT 1 / %s", [0])
            conn.execute("SELECT 'never'")
            pipe.sync()
            conn.execute("SELECT 'again'")
    except psycopg.errors.DivisionByZero:
        conn.execute("SELECT 'after'")


def transactions(conn: Conn) -> None:
    conn.autocommit = False
    conn.execute("SELECT pg_advisory_xact_lock(209001)")
    conn.commit()
    try:
        conn.execute("SELECT wrong")
    except psycopg.errors.UndefinedColumn:
        conn.rollback()


def copies(conn: Conn) -> None:
    with conn.cursor().copy("COPY numbers FROM STDIN") as copy:
        copy.write_row((1,))
        copy.write_row((2,))
    with conn.cursor().copy("COPY numbers TO STDOUT") as copy:
        list(copy)
    for query in ("COPY numbers FROM STDIN", "COPY refusing FROM STDIN"):
        try:
            with conn.cursor().copy(query) as copy:
                copy.write("no number\n")
        except psycopg.Error:
            conn.execute("SELECT 'after'")


def extended_copies(conn: Conn) -> None:
    """COPY as libpq does it: the server ignores the Sync after Execute, and another Sync follows the data."""
    copy_in(conn, "numbers", b"3\n")
    copy_in(conn, "numbers", b"x\n")
    conn.pgconn.exec_params(b"SELECT $1", [b"after"])


def refused_copy(conn: Conn) -> None:
    """An error before the server reads the first Sync, which it then does not ignore; libpq closes the connection."""
    try:
        copy_in(conn, "refusing", b"1\n")
        conn.pgconn.exec_params(b"SELECT $1", [b"after"])
    except psycopg.OperationalError:
        return


def copy_in(conn: Conn, table: str, row: bytes) -> None:
    pgconn = conn.pgconn
    pgconn.exec_params(f"COPY {table} FROM STDIN".encode(), [])
    pgconn.put_copy_data(row)
    pgconn.put_copy_end(None)
    waiting.wait(generators.execute(pgconn), pgconn.socket)


def notifications(conn: Conn) -> None:
    conn.execute("LISTEN months")
    conn.execute("NOTIFY months, '209001'")
    next(conn.notifies(stop_after=1))


def terminated(conn: Conn) -> None:
    try:
        conn.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    except psycopg.OperationalError:
        return


TALKS: list[Callable[[Conn], None]] = [
    simple,
    parameters,
    prepared,
    pipeline,
    failing_pipeline,
    transactions,
    copies,
    extended_copies,
    refused_copy,
    notifications,
    terminated,
]


class Relay:
    """Forwards the bytes of one client and the server, and records them."""

    def __init__(self, server: tuple[str, int]) -> None:
        self.recorded: Session = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._server = server
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def session(self) -> Session:
        self._thread.join()
        return self.recorded

    def _run(self) -> None:
        with (
            self._listener,
            self._listener.accept()[0] as client,
            socket.create_connection(self._server) as server,
        ):
            reader = StartupReader()
            while reader.packet is None:
                client.sendall(reader.feed(client.recv(10_000)))
            assert not reader.rest
            server.sendall(reader.forward)
            answers = threading.Thread(target=self._pass, args=("server", server, client))
            answers.start()
            self._pass("client", client, server)
            answers.join()

    def _pass(self, side: Side, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(ConnectionError, OSError):
            while data := source.recv(100_000):
                self.recorded.append(Chunk(side, data))
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


def record(url: str, talk: Callable[[str], object]) -> Session:
    address = re.search(r"@([^:/]+):(\d+)/", url)
    assert address
    relay = Relay((address[1], int(address[2])))
    talk(redirected(url, "127.0.0.1", relay.port))
    return relay.session()


def from_psycopg(url: str) -> dict[str, Session]:
    def talk_with(talk: Callable[[Conn], None]) -> Callable[[str], None]:
        def connect(dsn: str) -> None:
            with psycopg.connect(dsn, autocommit=True) as conn:
                talk(conn)

        return connect

    return {talk.__name__: record(url, talk_with(talk)) for talk in TALKS}


def from_node(url: str) -> dict[str, Session]:
    with tempfile.TemporaryDirectory() as place:
        script = Path(shutil.copy(DIRECTORY / "talk.mjs", place))
        shutil.copy(DIRECTORY.parent / "foreign" / "package.json", place)
        subprocess.run(["npm", "install", "--silent"], cwd=place, check=True)

        def node(*words: str) -> str:
            command = ["node", str(script), *words]
            return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=60).stdout

        def talk_with(name: str) -> Callable[[str], None]:
            return lambda dsn: print(name, node(name, dsn), sep="\n")

        return {name: record(url, talk_with(name)) for name in node().split()}


def main() -> None:
    with embedded_server() as server:
        with psycopg.connect(server.dsn) as conn:
            conn.execute(SETUP)
        for name, capture in (("psycopg", from_psycopg), ("postgres", from_node)):
            sessions = msgspec.json.encode(capture(server.url))
            (DIRECTORY / f"{name}.json").write_bytes(msgspec.json.format(sessions) + b"\n")


if __name__ == "__main__":
    main()
