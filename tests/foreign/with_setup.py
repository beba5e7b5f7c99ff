"""A lock command whose sessions need a table, which its setup creates; an argument is the SQL of another setup."""

import json
import os
import sys
from collections.abc import Callable
from typing import Any

import psycopg


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"ok": VERBS[request["verb"]](request)}
        except psycopg.Error as error:
            answer = {"error": str(error)}
        print(json.dumps({"id": request["id"], **answer}), flush=True)


def connect(request: dict[str, Any]) -> psycopg.Connection[Any]:
    return psycopg.connect(request["dsn"], application_name=os.environ["PGAPPNAME"], autocommit=True)


def set_up(request: dict[str, Any]) -> bool:
    with connect(request) as conn:
        conn.execute(sys.argv[1] if sys.argv[1:] else "CREATE TABLE IF NOT EXISTS prepared ()")
    return True


def open_session(request: dict[str, Any]) -> list[str]:
    sessions.append(connect(request))
    if not sys.argv[1:]:
        sessions[0].execute("SELECT FROM prepared")
    return ["setup"]


def call(function: str, request: dict[str, Any]) -> bool:
    row = sessions[0].execute(f"SELECT {function}({request['year'] * 100 + request['month']})").fetchone()
    assert row is not None
    return bool(row[0])


VERBS: dict[str, Callable[[dict[str, Any]], object]] = {
    "setup": set_up,
    "open": open_session,
    "acquire": lambda request: call("pg_try_advisory_lock", request),
    "release": lambda request: call("pg_advisory_unlock", request),
}
sessions: list[psycopg.Connection[Any]] = []
main()
