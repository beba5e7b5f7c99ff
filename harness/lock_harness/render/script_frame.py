"""The part of a generated script that is the same in all scripts."""

BEFORE = '''
import importlib
import multiprocessing
import os
import signal
import sys
import time

import psycopg
from psycopg.conninfo import make_conninfo

DSN = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("DATABASE_URL", "")
LOCK = sys.argv[2] if len(sys.argv) > 2 else @LOCK@
ACTORS = @ACTORS@
MONTHS = @MONTHS@
# how long the server may take to end a session, and a call to return after its timeout
END_S = @END_S@
LATE_S = 10
SPAWN = multiprocessing.get_context("spawn")


# In the process of an actor


class BodyError(Exception):
    """The error that the body of a hold raises."""


def find_lock(name):
    sys.path.insert(0, os.getcwd())
    module, _, path = name.partition(":")
    found = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    return found


def call(client, verb, *arguments):
    if verb == "list":
        keys = {lock.lock_key for lock in client.all_locks() if lock.granted and not getattr(lock, "pair", False)}
        return [month for month in MONTHS if client.key(*month) in keys]
    if verb != "hold":
        return getattr(client, verb)(*arguments)
    year, month, timeout_ms, raises = arguments
    acquired = False
    try:
        with client.hold(year, month, timeout_ms) as acquired:
            if acquired and raises:
                raise BodyError("the body failed")
    except BodyError:
        pass
    return acquired


def run_actor(pipe, lock_name, dsn):
    lock = find_lock(lock_name)
    client = None
    while True:
        verb, *arguments = pipe.recv()
        try:
            if verb == "open":
                client, answer = lock(dsn), None
                if not hasattr(client, "acquire"):
                    raise TypeError("this script needs a lock with acquire and release")
            else:
                answer = call(client, verb, *arguments)
        except Exception as error:
            answer = f"{type(error).__name__}: {error}"
        pipe.send(answer)


# In the main process


server = None
processes = {}
pipes = {}
started = {}


def name(actor):
    return f"script-{os.getpid()}-actor-{actor}"


def stop(why, code):
    print(why)
    for process in processes.values():
        process.kill()
    sys.exit(code)


def answer_of(actor, timeout_ms):
    try:
        return pipes[actor].recv() if pipes[actor].poll(timeout_ms / 1000 + LATE_S) else "no answer"
    except EOFError:
        return "its process has ended"


def open_session(actor):
    pipes[actor].send(["open"])
    answer = answer_of(actor, 20000)
    if answer is not None:
        stop(f"actor {actor} has no session: {answer}", 2)


def start_process(actor):
    pipes[actor], other = SPAWN.Pipe()
    arguments = (other, LOCK, make_conninfo(DSN, application_name=name(actor)))
    processes[actor] = SPAWN.Process(target=run_actor, args=arguments, daemon=True)
    processes[actor].start()
    other.close()
    open_session(actor)


def await_end_of_session(actor):
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
    until = time.monotonic() + END_S
    while server.execute(query, [name(actor)]).fetchone()[0] and time.monotonic() < until:
        time.sleep(0.01)


def check(actor, operation, answer, expect, why):
    text = f"actor {actor}: {operation[0]}({', '.join(map(str, operation[1:]))})"
    print(f"{text} = {answer}", flush=True)
    if expect is not None and answer != expect:
        stop(f"VIOLATION: {text} = {answer}, expected {expect}: {why}", 1)


def timeout_of(operation):
    return operation[3] if operation[0] in ("acquire", "hold") else 0


def tell(actor, *operation, expect=None, why=""):
    """Let an actor make a call, and compare the answer."""
    pipes[actor].send(operation)
    check(actor, operation, answer_of(actor, timeout_of(operation)), expect, why)


def start(actor, *operation):
    """Let an actor begin a call that has to wait."""
    pipes[actor].send(operation)
    started[actor] = operation
    # the call reaches the server meanwhile
    time.sleep(0.2)


def join(actor, expect=None, why=""):
    """Wait until the call that an actor has started returns, and compare the answer."""
    operation = started.pop(actor)
    check(actor, operation, answer_of(actor, timeout_of(operation)), expect, why)


def reopen(actor):
    """Let an actor close its session without releasing anything, and open another."""
    print(f"actor {actor}: reopen", flush=True)
    pipes[actor].send(["close"])
    answer_of(actor, 0)
    await_end_of_session(actor)
    open_session(actor)


def crash(actor):
    """Kill the process of an actor; another takes its place."""
    print(f"actor {actor}: SIGKILL", flush=True)
    started.pop(actor, None)
    os.kill(processes[actor].pid, signal.SIGKILL)
    processes[actor].join()
    await_end_of_session(actor)
    start_process(actor)


def terminate(actor):
    """Let the server end the session of an actor."""
    print(f"actor {actor}: pg_terminate_backend", flush=True)
    query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"
    server.execute(query, [name(actor)])
    await_end_of_session(actor)


def main():
    global server
    server = psycopg.connect(DSN, autocommit=True)
    setup = getattr(find_lock(LOCK), "setup", None)
    if callable(setup):
        setup(DSN)
    for actor in range(ACTORS):
        start_process(actor)

'''

AFTER = """
    stop("holds", 0)


if __name__ == "__main__":
    main()
"""
