"""The world of one worker: server, observer, actors, stall meter; the one owner of every clean-up."""

import contextlib
import platform
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib import metadata
from os import cpu_count
from pathlib import Path

from lock_harness.actors.mailbox import CONDUCTOR, Mailbox
from lock_harness.actors.pool import SPARES, ActorPool
from lock_harness.actors.process import ActorProcess
from lock_harness.actors.stall_meter import StallMeter
from lock_harness.actors.wall_clock import library
from lock_harness.core.clock import now_ns
from lock_harness.core.errors import UserError
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
from lock_harness.servers.lease import DEFAULT_YEARS, Years, lease
from lock_harness.servers.observer import Observer
from lock_harness.servers.pgbouncer import pgbouncer
from lock_harness.servers.server import Server, private_database
from lock_harness.wire.proxy import Proxy, proxy


@dataclass
class Arena:
    """Everything that a scheduler needs to run a program.

    `team` are the actors that are warm from the last program; `years` are ours alone.  A `postmaster` is there
    where the server may have to restart, a `proxy` where the network may have to fail, a `gate` where it is decided who moves next.
    """

    server: Server
    lock: LockSpec | Lock
    bounds: Bounds
    years: Years
    observer: Observer
    mailbox: Mailbox
    pool: ActorPool
    meter: StallMeter
    verbs: frozenset[str]
    team: list[ActorProcess] = field(default_factory=list)
    postmaster: Postmaster | None = None
    proxy: Proxy | None = None
    gate: Gate | None = None

    def gather(self, actors: int) -> list[ActorProcess]:
        """The first `actors` of a warm team, with new ones where it was smaller or has lost some.

        `UserError` if the server has not enough connections for them.
        """
        if actors > len(self.team):
            self._make_room(actors)
        for index in range(actors):
            if index == len(self.team):
                self.team.append(self.pool.take())
            elif not self.team[index].alive():
                self.replace(index)
        return self.team[:actors]

    def _make_room(self, actors: int) -> None:
        """See that the server has connections for a larger team, and start what is missing all at once."""
        missing = actors - len(self.team) - self.pool.spare_count
        free = self.observer.free_connections()
        if missing > free:
            raise UserError(
                f"{actors} actors need {missing} more connections than there are now, but the server has {free} left: "
                "raise its max_connections, or take fewer actors, or fewer workers with -n"
            )
        self.pool.reserve(self.pool.spare_count + max(0, missing))

    def replace(self, index: int) -> ActorProcess:
        """Put a spare in the place of an actor, dead or alive."""
        self.pool.discard(self.team[index])
        self.team[index] = self.pool.take()
        self.pool.reserve(SPARES)
        return self.team[index]

    def dismiss(self, keep: int = 0) -> None:
        """End all actors but the first `keep`, so that the next program meets only fresh sessions."""
        while len(self.team) > keep:
            self.pool.discard(self.team.pop())

    def reset(self) -> bool:
        """End all actors; whether nothing is left then of what their lock has done, so that one can go on here.

        Tables are dropped.  A session that outlives its client, a lock in it, a function: only another arena will do.
        """
        sessions = [name for one in self.team for name in one.all_sessions]
        self.dismiss()
        if not self._gone(sessions):
            return False
        if not self.observer.is_pristine():
            spares = self.pool.spare_sessions  # they may have made the tables
            self.pool.close()
            if not (self._gone(spares) and self.observer.drop_tables(self.bounds.release_ms)):
                return False
            if not self.observer.is_pristine():
                return False
        self.pool.reserve(SPARES)
        return True

    def _gone(self, sessions: Sequence[str]) -> bool:
        """Whether the server ends these sessions, whose clients are dead, within the bound."""
        until_ns = now_ns() + self.bounds.release_ms * 1_000_000
        while alive := self.observer.alive(sessions):
            if now_ns() > until_ns:
                break
        return not alive

    def environment(self) -> Environment:
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
    """An arena for the length of a `with` block, with a database of its own where one may be created."""
    with contextlib.ExitStack() as stack:
        tag = secrets.token_hex(3)
        guardian = stack.enter_context(guarded_directory())
        postmaster = stack.enter_context(own_server()) if equipment.targets("server") else None
        server = postmaster.server if postmaster else server
        home = stack.enter_context(private_database(server, f"lock_harness_{tag}"))
        front, between = stack.enter_context(_front(home, lock, equipment, guardian.directory))
        observer = stack.enter_context(contextlib.closing(Observer(home.dsn, f"lock-harness/{tag}/observer")))
        meter = stack.enter_context(contextlib.closing(StallMeter(guardian)))
        mailbox = stack.enter_context(contextlib.closing(Mailbox(guardian.directory, CONDUCTOR)))
        faketime = library() if equipment.targets("clock") else None
        pool = ActorPool(guardian, mailbox, tag, lock, front.dsn, front.url, faketime)
        stack.callback(pool.close)
        pool.reserve(1 + SPARES)
        first = pool.take()
        assert first.ready is not None
        arena = Arena(
            home, lock, bounds, lease(observer.conn, years), observer, mailbox, pool, meter,
            frozenset({"acquire", "release", *first.ready.verbs}), [first],
            postmaster, between, between if isinstance(between, Gate) else None,
        )  # fmt: skip
        stack.callback(arena.dismiss)
        yield arena


@contextlib.contextmanager
def _front(
    home: Server, lock: LockSpec | Lock, equipment: Equipment, directory: Path
) -> Iterator[tuple[Server, Proxy | None]]:
    """How the actors reach the server, and the proxy or gate in between if there must be one."""
    with contextlib.ExitStack() as stack:
        if equipment.pooler:
            home = stack.enter_context(pgbouncer(home, equipment.pooler))
        tcp = equipment.targets("network")
        dsn = home.url if tcp or (isinstance(lock, LockSpec) and lock.command) else home.dsn
        between: Proxy | None = None
        if equipment.gate:
            between = stack.enter_context(run_gate(dsn, directory))
        elif tcp:
            between = stack.enter_context(proxy(address.place(dsn)))
        if between:
            through = address.redirected(dsn, between.host, between.port)
            home = replace(home, dsn=through, url=through)
        yield home, between
