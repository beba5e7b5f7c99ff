"""Everything that one worker runs programs with: a server, an observer, actors, and the proxy or gate between them.

`open_arena` opens all of it in order, and is the only place that closes it.
"""

import contextlib
import platform
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from os import cpu_count
from pathlib import Path
from typing import NamedTuple

import msgspec

from lock_harness.actors.mailbox import CONDUCTOR, Mailbox
from lock_harness.actors.pool import SPARES, ActorPool, start_fork_servers
from lock_harness.actors.process import ActorProcess
from lock_harness.actors.stall_meter import StallMeter
from lock_harness.actors.wall_clock import library
from lock_harness.core.clock import now_ns
from lock_harness.core.contract import Contract
from lock_harness.core.errors import NotApplicable, UserError
from lock_harness.core.run import Environment
from lock_harness.core.verdict import Bounds
from lock_harness.gate.process import Gate, run_gate
from lock_harness.guardian import guarded_directory
from lock_harness.locks.interface import Lock
from lock_harness.locks.loading import LockSpec
from lock_harness.programs.equipment import NO_EQUIPMENT, Equipment
from lock_harness.servers import address
from lock_harness.servers.embedded import Postmaster
from lock_harness.servers.embedded import postmaster as own_server
from lock_harness.servers.lease import lease, setup_turn
from lock_harness.servers.observer import Observer
from lock_harness.servers.pgbouncer import pgbouncer
from lock_harness.servers.server import Server, private_database
from lock_harness.servers.years import DEFAULT_YEARS, Years
from lock_harness.wire.proxy import Proxy, proxy

# after so many programs that inspect no session, new actors no longer prepare for one that does
INSPECTION_MEMORY = 30


@dataclass
class Arena:
    """Everything that is needed to run programs, one after the other.

    Attributes:
        years: The years whose months belong to this arena alone.
        verbs: The operations that the lock supports.
        contract: What the lock promises.
        bounds: The bounds on time that apply to a lock with this contract.
        warm_actors: The actors that are ready from the last program.
        programs_since_inspection: How many programs have been run since the last one that inspects sessions.
        postmaster: Restarts the server, if a fault needs that.
        proxy: Breaks connections, if a fault needs that; or else the gate, if there is one.
        gate: Decides the order of the messages, or in a race records it, if there is one.
    """

    server: Server
    lock: LockSpec | Lock
    bounds: Bounds
    years: Years
    observer: Observer
    mailbox: Mailbox
    pool: ActorPool
    stall_meter: StallMeter
    verbs: frozenset[str]
    contract: Contract
    warm_actors: list[ActorProcess] = field(default_factory=list)
    programs_since_inspection: int = 0
    postmaster: Postmaster | None = None
    proxy: Proxy | None = None
    gate: Gate | None = None

    def gather(self, count: int, kills: int = 0, *, inspects: bool = False) -> list[ActorProcess]:
        """Return the first `count` warm actors, after new ones have filled the gaps, for a program that kills `kills` of them.

        `inspects`: the program inspects sessions.  `NotApplicable` if the server does not have enough connections for them.
        """
        self._note_inspections(inspects)
        if count > len(self.warm_actors):
            self._make_room(count)
        for index in range(count):
            if index == len(self.warm_actors):
                self.warm_actors.append(self.pool.take())
            elif not self.warm_actors[index].alive():
                self.replace(index)
        self.pool.expect_kills(kills)
        return self.warm_actors[:count]

    def _note_inspections(self, inspects: bool) -> None:
        """Prepare new actors to inspect their sessions, if this program or one of the last ones does that."""
        self.programs_since_inspection = 0 if inspects else self.programs_since_inspection + 1
        if self.programs_since_inspection > INSPECTION_MEMORY:
            self.pool.inspects = False
        elif inspects and not self.pool.inspects:
            others = [*self.pool.spare_sessions, *(process.session for process in self.warm_actors)]
            self.dismiss()
            self.pool.close()
            # their connections may be the last ones that the server has
            self._await_end(others)
            self.pool.inspects = True

    def has_new_actors(self, count: int) -> bool:
        """Return whether one of the first `count` actors is missing, or has never used the lock."""
        actors = self.warm_actors[:count]
        return len(actors) < count or any(actor.is_new or not actor.alive() for actor in actors)

    def _make_room(self, count: int) -> None:
        """Check that the server has connections for `count` actors and their spares, and start all missing actors at once."""
        missing = count - len(self.warm_actors) - self.pool.spare_count
        if why := _why_no_room(self.observer, missing + SPARES):
            raise NotApplicable(f"{count} actors and {SPARES} spare ones need {why}")
        self.pool.reserve(self.pool.spare_count + max(0, missing))

    def replace(self, index: int) -> ActorProcess:
        """Discard an actor, dead or alive, and return the spare that takes its place."""
        old, self.warm_actors[index] = self.warm_actors[index], self.pool.take()
        self.pool.discard(old)
        self.pool.reserve(SPARES)
        return self.warm_actors[index]

    def dismiss(self, keep: int = 0) -> None:
        """End all warm actors but the first `keep`, so that the next program gets new sessions."""
        while len(self.warm_actors) > keep:
            self.pool.discard(self.warm_actors.pop())

    def reset(self) -> bool:
        """End all actors, drop all tables, and return whether the lock has left nothing else behind.

        If something else is left, such as a function, or a session that outlives its client, the arena cannot be used
        any more.
        """
        sessions = [name for process in self.warm_actors for name in process.all_sessions]
        self.dismiss()
        if not self._await_end(sessions):
            return False
        if not self.observer.is_pristine():
            # the spares may have created the tables
            spares = self.pool.spare_sessions
            self.pool.close()
            if not (self._await_end(spares) and self.observer.drop_tables(self.bounds.release_ms)):
                return False
            if not self.observer.is_pristine():
                return False
            _set_up(self.server, self.observer, self.pool)
        self.pool.reserve(SPARES)
        return True

    def _await_end(self, sessions: Sequence[str]) -> bool:
        """Return whether the server ends these sessions, whose clients are dead, within the bound for a release."""
        until_ns = now_ns() + self.bounds.release_ms * 1_000_000
        while alive := self.observer.alive(sessions):
            if now_ns() > until_ns:
                break
        return not alive

    def environment(self) -> Environment:
        """Return the description of machine and server for reports."""
        return Environment(
            harness=metadata.version("lock-harness"),
            python=platform.python_version(),
            system=f"{platform.system()} {platform.machine()}",
            cpus=cpu_count() or 1,
            server=self.server.version,
            server_kind=self.server.kind,
        )


@contextlib.contextmanager
def open_arena(
    server: Server,
    lock: LockSpec | Lock,
    bounds: Bounds,
    years: Years = DEFAULT_YEARS,
    equipment: Equipment = NO_EQUIPMENT,
) -> Iterator[Arena]:
    """Open an arena for the length of a `with` block, with a database of its own if it may create one."""
    with contextlib.ExitStack() as stack:
        tag = secrets.token_hex(3)
        faketime = library() if equipment.targets("clock") else None
        # they start while the database is created
        start_fork_servers(lock, faketime)
        guardian = stack.enter_context(guarded_directory())
        postmaster = stack.enter_context(own_server()) if equipment.targets("server") else None
        server = postmaster.server if postmaster else server
        home = stack.enter_context(private_database(server, f"lock_harness_{tag}", equipment.settings))
        route = stack.enter_context(_open_route(home, equipment, guardian.directory))
        observer = stack.enter_context(contextlib.closing(Observer(home.dsn, f"lock-harness/{tag}/observer")))
        stall_meter = stack.enter_context(contextlib.closing(StallMeter(guardian)))
        mailbox = stack.enter_context(contextlib.closing(Mailbox(guardian.directory, CONDUCTOR)))
        pool = ActorPool(guardian, mailbox, tag, lock, route.url, faketime, equipment.threads)
        stack.callback(pool.close)
        _set_up(home, observer, pool)
        first = _take_first(pool, observer)
        contract = _contract(first, equipment)
        arena = Arena(
            server=home,
            lock=lock,
            bounds=contract.bounds(bounds),
            years=lease(observer.conn, years),
            observer=observer,
            mailbox=mailbox,
            pool=pool,
            stall_meter=stall_meter,
            verbs=frozenset({"acquire", "release", *first.verbs}),
            contract=contract,
            warm_actors=[first],
            postmaster=postmaster,
            proxy=route.proxy,
            gate=route.proxy if isinstance(route.proxy, Gate) else None,
        )
        stack.callback(arena.dismiss)
        yield arena


def _take_first(pool: ActorPool, observer: Observer) -> ActorProcess:
    if why := _why_no_room(observer, 1 + SPARES):
        raise UserError(f"no actor can be started: one and {SPARES} spare ones need {why}")
    pool.reserve(1 + SPARES)
    return pool.take()


def _why_no_room(observer: Observer, connections: int) -> str | None:
    """Return why the server has not so many connections left, and what to do; None if it has."""
    limit = observer.connection_limit()
    if connections <= limit.free:
        return None
    return (
        f"{connections} more connections than there are now, but {limit.subject} has {limit.free} left: "
        f"raise {limit.remedy}, or take fewer actors, or fewer lanes with -n"
    )


def _contract(actor: ActorProcess, equipment: Equipment) -> Contract:
    """Return the contract by which the lock is judged with this equipment: the one that an actor has reported."""
    assert actor.ready is not None
    if equipment.threads == 1:
        return actor.ready.contract
    # the server sees one session, whichever of its threads holds the month
    return msgspec.structs.replace(actor.ready.contract, evidence="none")


def _set_up(server: Server, observer: Observer, pool: ActorPool) -> None:
    """Let the lock prepare the database, which it reaches without proxy and pooler."""
    with setup_turn(observer.conn):
        pool.set_up(server.url)


class Route(NamedTuple):
    """How the actors reach the server: its address for them, and the proxy or gate in between if there is one."""

    url: str
    proxy: Proxy | None


@contextlib.contextmanager
def _open_route(server: Server, equipment: Equipment, directory: Path) -> Iterator[Route]:
    """Start the pooler, the proxy or the gate that `equipment` asks for."""
    with contextlib.ExitStack() as stack:
        if equipment.pooler:
            server = stack.enter_context(pgbouncer(server, equipment.pooler))
        between: Proxy | None = None
        if equipment.gate:
            between = stack.enter_context(run_gate(server, directory))
        elif equipment.targets("network"):
            between = stack.enter_context(proxy(address.endpoint(server.url)))
        url = address.redirected(server.url, between.host, between.port) if between else server.url
        yield Route(url, between)
