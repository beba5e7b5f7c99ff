"""How long the server takes to release a month after its worker has died."""

import contextlib
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any, NamedTuple, Self

import psycopg
from rich.progress import track
from rich.table import Table

from benchmarks.worker import NAME
from lock_harness.core.clock import now_ns
from lock_harness.core.fault import NetworkFault
from lock_harness.locks.month_lock import acquire_month_lock, get_month_lock_key
from lock_harness.servers import address
from lock_harness.servers.embedded import postmaster
from lock_harness.servers.observer import Observer
from lock_harness.servers.port import LOOPBACK
from lock_harness.servers.server import Server
from lock_harness.wire.proxy import Proxy, proxy

REPEATS = 5
# after this time the next worker dies; the release of the previous one is still observed
SOON_S = 0.25
LIMIT_S = 15.0

CHECKS = {"client_connection_check_interval": "100ms"}
KEEPALIVES = {"tcp_keepalives_idle": "1", "tcp_keepalives_interval": "1", "tcp_keepalives_count": "2"}
COLUMNS = {"default": {}, "check": CHECKS, "keepalives": KEEPALIVES, "both": CHECKS | KEEPALIVES}
LEGEND = (
    "default: server settings as they are; check: client_connection_check_interval 100 ms; "
    "keepalives: tcp_keepalives_idle 1 s, _interval 1 s, _count 2; through TCP on one machine"
)

BUSY = (2099, 12)
IDLE = ""
SLEEPS = "SELECT pg_sleep(600)"
WAITS = f"SELECT pg_advisory_lock({get_month_lock_key(*BUSY)})"
IS_BUSY = """
SELECT count(*) FROM pg_stat_activity
 WHERE application_name = %s AND state = 'active' AND (wait_event = 'PgSleep' OR wait_event_type = 'Lock')
"""
HELD = "SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND granted"


class Watch:
    """Observes when months are held and released, by polling the server."""

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self.gone_ns: dict[int, int] = {}
        self._conn = conn
        self._held: frozenset[int] = frozenset()
        self._over = threading.Event()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._look)

    def wait_until_held(self, key: int) -> None:
        """Wait until the server shows that the month is held."""
        with self._changed:
            assert self._changed.wait_for(lambda: key in self._held, LIMIT_S), f"no session holds {key}"

    def wait_until_free(self, keys: Sequence[int], until_ns: int) -> bool:
        """Wait until all these months are free; return False if they are not by `until_ns`."""
        with self._changed:
            seconds = max(0, until_ns - now_ns()) / 1e9
            return self._changed.wait_for(lambda: self.gone_ns.keys() >= {*keys}, seconds)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.is_set():
            held = frozenset(int(row[0]) for row in self._conn.execute(HELD, prepare=True))
            if held != self._held:
                with self._changed:
                    self.gone_ns |= dict.fromkeys(self._held - held, now_ns())
                    self._held = held
                    self._changed.notify_all()


class Worker:
    """A worker process that holds a month."""

    def __init__(self, dsn: str, number: int, statement: str) -> None:
        year, month = 2000 + number // 12, number % 12 + 1
        self.key = get_month_lock_key(year, month)
        self.name = NAME.format(year, month)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", dsn, str(year), str(month), statement],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def read_line(self) -> str:
        return _pipe(self.process.stdout).readline().strip()

    def close(self) -> int:
        """Make the worker close its connection; return the time when it did, in ns."""
        print(file=_pipe(self.process.stdin), flush=True)
        return int(self.read_line())

    def discard(self) -> None:
        self.process.kill()
        self.process.communicate()


def _pipe(end: IO[str] | None) -> IO[str]:
    assert end is not None
    return end


class Setup(NamedTuple):
    """A server with some settings, a proxy in front of it, and its observers."""

    url: str
    through: Proxy
    acts: Observer
    watch: Watch


class Death(NamedTuple):
    """A way in which a worker dies during a statement; `die` returns the time of its death in ns."""

    title: str
    statement: str
    die: Callable[[Setup, Worker], int]
    by_proxy: bool = False


def _close(_: Setup, worker: Worker) -> int:
    return worker.close()


def _kill(_: Setup, worker: Worker) -> int:
    at_ns = now_ns()
    worker.process.kill()
    return at_ns


def _terminate(setup: Setup, worker: Worker) -> int:
    at_ns = now_ns()
    assert setup.acts.terminate(worker.name)
    return at_ns


def _inject(kind: NetworkFault) -> Callable[[Setup, Worker], int]:
    def inject(setup: Setup, worker: Worker) -> int:
        at_ns = now_ns()
        assert setup.through.inject(worker.name, kind)
        return at_ns

    return inject


DEATHS = (
    Death("close()", IDLE, _close),
    Death("SIGKILL, idle", IDLE, _kill),
    Death("SIGKILL, in pg_sleep", SLEEPS, _kill),
    Death("SIGKILL, waiting for a month", WAITS, _kill),
    Death("pg_terminate_backend", IDLE, _terminate),
    Death("reset, idle", IDLE, _inject("reset"), by_proxy=True),
    Death("reset, waiting for a month", WAITS, _inject("reset"), by_proxy=True),
    Death("half-open, idle", IDLE, _inject("half_open"), by_proxy=True),
    Death("half-open, waiting for a month", WAITS, _inject("half_open"), by_proxy=True),
)


def table(_: Server) -> Table:
    """Measure every death with every choice of settings, on embedded servers."""
    title = f"Time until the server releases a month; median of {REPEATS} and the range"
    drawn = Table(title=title, title_justify="left", caption=LEGEND, caption_justify="left")
    drawn.add_column("how its worker dies")
    columns = []
    for name in track(COLUMNS, "measuring", transient=True):
        drawn.add_column(name, justify="right")
        columns.append([_cell(seconds) for seconds in measure(COLUMNS[name])])
    for death, *cells in zip(DEATHS, *columns, strict=True):
        drawn.add_row(death.title, *cells)
    return drawn


def measure(settings: dict[str, str]) -> list[list[float]]:
    """Return for every death the seconds until the month was free; `inf` if that took longer than LIMIT_S."""
    with _setup(settings) as setup, contextlib.ExitStack() as cleanup:
        died = [_let_workers_die(setup, death, row * REPEATS, cleanup) for row, death in enumerate(DEATHS)]
        every = {key: at_ns for row in died for key, at_ns in row.items()}
        setup.watch.wait_until_free(list(every), max(every.values()) + int(LIMIT_S * 1e9))
        gone_ns = dict(setup.watch.gone_ns)
        return [[_seconds(at_ns, gone_ns.get(key)) for key, at_ns in row.items()] for row in died]


@contextlib.contextmanager
def _setup(settings: dict[str, str]) -> Iterator[Setup]:
    with (
        postmaster(settings) as running,
        contextlib.closing(Observer(running.server.dsn, "acts")) as acts,
        address.connect(running.server.dsn, "watches") as watches,
        Watch(watches) as watch,
    ):
        assert acquire_month_lock(acts.conn, *BUSY, 0)
        url = running.server.url
        with proxy((LOOPBACK, acts.conn.info.port)) as through:
            yield Setup(url, through, acts, watch)


def _let_workers_die(setup: Setup, death: Death, first: int, cleanup: contextlib.ExitStack) -> dict[int, int]:
    """Let REPEATS workers die one after the other; return the times of their deaths by the keys of their months."""
    dsn = setup.url
    if death.by_proxy:
        dsn = address.with_options(dsn, host=setup.through.host, port=str(setup.through.port))
    workers = [Worker(dsn, first + number, death.statement) for number in range(REPEATS)]
    for worker in workers:
        cleanup.callback(worker.discard)
    for worker in workers:
        assert worker.read_line() == "held"
        setup.watch.wait_until_held(worker.key)
        while death.statement and setup.acts.conn.execute(IS_BUSY, (worker.name,)).fetchone() != (1,):
            time.sleep(0.001)
    died = {}
    # all workers are ready now: a starting worker would take the processor from a dying one
    for worker in workers:
        died[worker.key] = death.die(setup, worker)
        setup.watch.wait_until_free([worker.key], now_ns() + int(SOON_S * 1e9))
    return died


def _seconds(died_ns: int, gone_ns: int | None) -> float:
    seconds = float("inf") if gone_ns is None else (gone_ns - died_ns) / 1e9
    return seconds if seconds <= LIMIT_S else float("inf")


def _cell(seconds: Sequence[float]) -> str:
    median, low, high = statistics.median(seconds), min(seconds), max(seconds)
    if low > LIMIT_S:
        return _format(low, 1)
    unit, scale = ("s", 1) if median >= 1 else ("ms", 1000)
    return f"{_format(median, scale)} ({_format(low, scale)} - {_format(high, scale)}) {unit}"


def _format(seconds: float, scale: int) -> str:
    return f"> {LIMIT_S:.0f} s" if seconds > LIMIT_S else f"{seconds * scale:.{1 if scale > 1 else 2}f}"
