"""The gate process: a proxy that queues requests, and asks the scheduler core which of them may pass."""

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
from lock_harness.gate.commands import ActorInfo, CloseGate, ObserveServer, OpenGate, ReportInjected
from lock_harness.gate.fault_plan import fault_plans
from lock_harness.gate.pending import PendingRequest
from lock_harness.gate.recorder import Recorder
from lock_harness.gate.running import is_running
from lock_harness.gate.scheduler_core import SchedulerCore
from lock_harness.gate.schedulers import scheduler_for
from lock_harness.gate.session import GatedConnection
from lock_harness.servers import address
from lock_harness.wire.connection import ProxiedConnection
from lock_harness.wire.loop import READ
from lock_harness.wire.service import Address, ProxyCommand, ProxyService, inherited_sockets
from lock_harness.wire.startup import StartupReader

OBSERVER = "lock-harness/gate"
# after this time a connection has ended if its client closed it before it opened another one
CLOSING_NS = 20_000_000
# new objects before a garbage collection, which would delay every actor; there are hardly any cycles
GC_THRESHOLD = 100_000
_BLOCKED = """
SELECT a.application_name FROM pg_catalog.pg_stat_activity a
 WHERE a.application_name = ANY(%s) AND a.wait_event_type = 'Lock'
   AND pg_catalog.pg_blocking_pids(a.pid) <> '{}'
"""


_commands = msgspec.json.Decoder(ObserveServer | OpenGate | ReportInjected | CloseGate | ProxyCommand)


class GateService(ProxyService):
    """The proxy of a gate.  It also executes the commands of the gate, and receives messages of the actors.

    Its mailbox is in `directory`.
    """

    def __init__(
        self, listener: socket.socket, server: Address, control: socket.socket, directory: Path
    ) -> None:
        super().__init__(listener, server, control)
        self._mailbox = Mailbox(directory, GATE)
        self._loop.watch(self._mailbox.socket, READ, self._receive)
        self._observer: psycopg.Connection[Any] | None = None
        self._core: SchedulerCore | Recorder | None = None
        self._actors: list[ActorInfo] = []
        self._numbers: dict[str, int] = {}
        # whether a fault of the program hits a single connection
        self._hits_connections = False

    def _new_connection(
        self, client: socket.socket, server: socket.socket, reader: StartupReader, name: str
    ) -> ProxiedConnection:
        if name:
            opening, on_closed = reader.forward, self._on_connection_closed
            self.call_later(CLOSING_NS, self._report_several_connections)
            return GatedConnection(self._loop, client, server, opening, on_closed, name, self)
        return super()._new_connection(client, server, reader, name)

    # Commands

    def _handle_command(self, line: bytes) -> bytes:
        command = _commands.decode(line)
        result: list[Move] | bool = True
        match command:
            case ObserveServer():
                self._observer = address.connect_without_timeouts(command.dsn, OBSERVER)
            case OpenGate():
                self._open_gate(command)
            case ReportInjected():
                self._on_injected(command)
            case ProxyCommand():
                result = self._inject_network_fault(command)
            case CloseGate():
                result = self._close_gate()
        return msgspec.json.encode(result)

    def _open_gate(self, command: OpenGate) -> None:
        self._actors = [*command.actors]
        self._number_actors()
        faults = [step for step in command.program.steps if isinstance(step, Fault)]
        self._hits_connections = any(fault.kind != "kill" for fault in faults)
        self._report_several_connections()
        if command.program.mode == "race":
            self._core = Recorder()
        else:
            self._core = SchedulerCore(fault_plans(command.program), scheduler_for(command.program), self)

    def _report_several_connections(self) -> None:
        """Tell the conductor if a session has several connections: a fault that hits one may not end the session."""
        names = [
            name
            for connection, name in self._connections.items()
            if not connection.client.at_eof and self._number(name) is not None
        ]
        if self._hits_connections and len(names) > len({*names}):
            self._mailbox.send(CONDUCTOR, SeveralConnections())

    def _number_actors(self) -> None:
        self._numbers = {info.session: number for number, info in enumerate(self._actors)}

    def _on_injected(self, command: ReportInjected) -> None:
        self._actors[command.actor] = command.info
        self._number_actors()
        if self._core:
            self._core.on_injected(command.actor)

    def _inject_network_fault(self, command: ProxyCommand) -> bool:
        """Break the connection that the due fault hits, which need not be the newest of its name."""
        hit = self._core.hit_connection if self._core else None
        if command.kind is None or not isinstance(hit, GatedConnection):
            return self._execute(command)
        alive = hit in self._connections
        if alive:
            hit.inject(command.kind)
        return alive

    def _close_gate(self) -> list[Move]:
        core, self._core = self._core, None
        if core is None:
            return []
        core.close()
        return core.moves

    # Messages of actors and their connections

    def _receive(self, _: int) -> None:
        message = self._mailbox.receive()
        if isinstance(message, CommandStarted):
            self._actors = [_with_program(info, message) for info in self._actors]
        if self._core is None:
            return
        if isinstance(message, AtGate):
            name, baton = self._actors[message.actor].name, Baton(message.number)
            self._core.on_step(message, lambda: self._let_step(name, baton))
        elif isinstance(message, AllStepsTaken):
            self._core.on_finish(message.actor)

    def _let_step(self, name: str, baton: Baton) -> None:
        self._mailbox.send(name, baton)

    def on_request(self, application_name: str, request: PendingRequest) -> None:
        number = self._number(application_name)
        if self._core is None or number is None:
            request.let_through()
        else:
            self._core.on_request(number, request)

    def on_reply(self, application_name: str, error: str | None) -> None:
        number = self._number(application_name)
        if self._core is not None and number is not None:
            self._core.on_reply(number, error)

    def _number(self, application_name: str) -> int | None:
        return self._numbers.get(application_name.rpartition(".")[0])

    # Methods for the scheduler core

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


def _with_program(info: ActorInfo, started: CommandStarted) -> ActorInfo:
    """Return `info` with the new process of its lock command, if it was this actor's command that was started."""
    if info.name != started.name:
        return info
    return msgspec.structs.replace(info, pids=(info.pids[0], started.pid))


if __name__ == "__main__":
    gc.set_threshold(GC_THRESHOLD)
    GateService(*inherited_sockets(*sys.argv[1:4]), Path(sys.argv[4])).run()
