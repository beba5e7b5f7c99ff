"""The gate at work: a proxy in whose process it is decided who moves next."""

import gc
import socket
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from lock_harness.actors.mailbox import (
    CONDUCTOR,
    GATE,
    AllStepsTaken,
    AtGate,
    Baton,
    CommandStarted,
    FaultDue,
    Mailbox,
    SeveralConnections,
)
from lock_harness.core.clock import now_ns
from lock_harness.core.fault import Fault
from lock_harness.core.history import Move
from lock_harness.core.program import Program
from lock_harness.gate.fault_plan import fault_plans
from lock_harness.gate.pending import PendingRequest
from lock_harness.gate.recorder import Recorder
from lock_harness.gate.scheduler_core import SchedulerCore
from lock_harness.gate.schedulers import scheduler_for
from lock_harness.gate.session import GatedConnection
from lock_harness.servers import address
from lock_harness.wire.connection import ProxiedConnection
from lock_harness.wire.loop import READ
from lock_harness.wire.service import Address, ProxyCommand, ProxyService, inherited_sockets
from lock_harness.wire.startup import StartupReader

OBSERVER = "lock-harness/gate"
CLOSING_NS = 20_000_000  # after that a connection that was closed before another was opened has surely ended
GARBAGE = 100_000  # objects: to look for cycles more often would hold everybody up, and there are hardly any
_BLOCKED = """
SELECT a.application_name FROM pg_catalog.pg_stat_activity a
 WHERE a.application_name = ANY(%s) AND a.wait_event_type = 'Lock'
   AND pg_catalog.pg_blocking_pids(a.pid) <> '{}'
"""


class ActorInfo(msgspec.Struct, frozen=True):
    """An actor: its mailbox, its sessions' application_name without their number, its processes, its own one first."""

    name: str
    session: str
    pids: tuple[int, ...]


class ObserveServer(msgspec.Struct, frozen=True, tag=True):
    """Ask this server who waits for whom."""

    dsn: str


class OpenGate(msgspec.Struct, frozen=True, tag=True):
    """From now on let these actors through as the program says; in a race at once, and note what they say."""

    program: Program
    actors: tuple[ActorInfo, ...]


class ReportInjected(msgspec.Struct, frozen=True, tag=True):
    """The fault has struck this actor, who is now `actor`."""

    actor: int
    info: ActorInfo


class CloseGate(msgspec.Struct, frozen=True, tag=True):
    """Let everybody through, and tell what was let through."""


_commands = msgspec.json.Decoder(ObserveServer | OpenGate | ReportInjected | CloseGate | ProxyCommand)


class GateService(ProxyService):
    """A proxy that takes these orders instead, and hears from the actors by a mailbox in `directory`."""

    def __init__(
        self, listener: socket.socket, server: Address, control: socket.socket, directory: Path
    ) -> None:
        super().__init__(listener, server, control)
        self._mailbox = Mailbox(directory, GATE)
        self._loop.watch(self._mailbox.socket, READ, self._hear)
        self._observer: psycopg.Connection[Any] | None = None
        self._core: SchedulerCore | Recorder | None = None
        self._actors: list[ActorInfo] = []
        self._numbers: dict[str, int] = {}
        self._breaks = False  # connections, in this program

    def _new_connection(
        self, client: socket.socket, server: socket.socket, reader: StartupReader, name: str
    ) -> ProxiedConnection:
        if name:
            opening, on_closed = reader.forward, self._on_connection_closed
            self.call_later(CLOSING_NS, self._look_for_several)
            return GatedConnection(self._loop, client, server, opening, on_closed, name, self)
        return super()._new_connection(client, server, reader, name)

    # Orders

    def _handle_command(self, line: bytes) -> bytes:
        command = _commands.decode(line)
        done: list[Move] | bool = True
        match command:
            case ObserveServer():
                self._observer = address.connect(command.dsn, OBSERVER)
            case OpenGate():
                self._open(command)
            case ReportInjected():
                self._go_on(command)
            case ProxyCommand():
                done = self._break(command)
            case CloseGate():
                done = self._close()
        return msgspec.json.encode(done)

    def _open(self, command: OpenGate) -> None:
        self._actors = [*command.actors]
        self._number_actors()
        faults = [step for step in command.program.steps if isinstance(step, Fault)]
        self._breaks = any(fault.kind != "kill" for fault in faults)
        self._look_for_several()
        if command.program.mode == "race":
            self._core = Recorder()
        else:
            self._core = SchedulerCore(fault_plans(command.program), scheduler_for(command.program), self)

    def _look_for_several(self) -> None:
        """A fault strikes one connection; of a session with several it would not be known whether it has ended."""
        names = [
            name
            for one, name in self._connections.items()
            if not one.client.at_eof and self._number(name) is not None
        ]
        if self._breaks and len(names) > len({*names}):
            self._mailbox.send(CONDUCTOR, SeveralConnections())

    def _number_actors(self) -> None:
        self._numbers = {one.session: number for number, one in enumerate(self._actors)}

    def _go_on(self, command: ReportInjected) -> None:
        self._actors[command.actor] = command.info
        self._number_actors()
        if self._core:
            self._core.on_injected(command.actor)

    def _break(self, command: ProxyCommand) -> bool:
        """Break the connection that a fault strikes just now, which need not be the newest of its name."""
        hit = self._core.hit_connection if self._core else None
        if command.kind is None or not isinstance(hit, GatedConnection):
            return self._execute(command)
        alive = hit in self._connections
        if alive:
            hit.inject(command.kind)
        return alive

    def _close(self) -> list[Move]:
        core, self._core = self._core, None
        if core is None:
            return []
        core.close()
        return core.moves

    # What actors and their connections tell

    def _hear(self, _: int) -> None:
        message = self._mailbox.receive()
        if isinstance(message, CommandStarted):
            self._actors = [_with_program(one, message) for one in self._actors]
        if self._core is None:
            return
        if isinstance(message, AtGate):
            name, baton = self._actors[message.actor].name, Baton(message.number)
            self._core.on_step(message, lambda: self._tell(name, baton))
        elif isinstance(message, AllStepsTaken):
            self._core.on_finish(message.actor)

    def _tell(self, name: str, baton: Baton) -> None:
        self._mailbox.send(name, baton)

    def on_request(self, application_name: str, request: PendingRequest) -> None:
        number = self._number(application_name)
        if self._core is None or number is None:
            request.let_through()
        else:
            self._core.on_request(number, request)

    def on_reply(self, application_name: str) -> None:
        number = self._number(application_name)
        if self._core is not None and number is not None:
            self._core.on_reply(number)

    def _number(self, application_name: str) -> int | None:
        return self._numbers.get(application_name.rpartition(".")[0])

    # What the turns ask of the world

    def now_ns(self) -> int:
        return now_ns()

    def call_later(self, delay_ns: int, call: Callable[[], None]) -> None:
        self._loop.call_at(now_ns() + delay_ns, call)

    def inject(self, number: int) -> None:
        hit = self._core.hit_connection if self._core else None
        assert isinstance(hit, GatedConnection)
        self._mailbox.send(CONDUCTOR, FaultDue(number, hit.name))

    def blocked(self, actors: Iterable[int]) -> set[int]:
        assert self._observer is not None
        names = {
            name: number
            for name in set(self._connections.values())
            if (number := self._number(name)) is not None and number in actors
        }
        rows = self._observer.execute(_BLOCKED, ([*names],), prepare=True).fetchall()
        return {names[name] for (name,) in rows}

    def is_actor_running(self, actor: int) -> bool:
        return any(is_running(pid) for pid in self._actors[actor].pids)


def _with_program(actor: ActorInfo, started: CommandStarted) -> ActorInfo:
    """The same, but if it was that actor's lock command that was started anew."""
    if actor.name != started.name:
        return actor
    return msgspec.structs.replace(actor, pids=(actor.pids[0], started.pid))


def is_running(pid: int) -> bool:
    """Whether a thread of the process runs or could run, or reads a disk; where that cannot be told none does."""
    return any(_state(stat) in b"RD" for stat in Path(f"/proc/{pid}/task").glob("*/stat"))


def _state(stat: Path) -> bytes:
    try:
        return stat.read_bytes().rpartition(b") ")[2][:1]
    except OSError:  # it has ended meanwhile
        return b"X"


if __name__ == "__main__":
    gc.set_threshold(GARBAGE)
    GateService(*inherited_sockets(*sys.argv[1:4]), Path(sys.argv[4])).run()
