"""A lock command in Python that runs a statement as soon as its session is open, so that a fault can hit it."""

import json
import os
import sys
from typing import Any

import psycopg


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps({"id": request["id"], "ok": answer(request)}), flush=True)


def answer(request: dict[str, Any]) -> Any:
    if request["verb"] == "open":
        sessions.append(
            psycopg.connect(request["dsn"], application_name=os.environ["PGAPPNAME"], autocommit=True)
        )
        sessions[0].execute("SELECT 1")
        return []
    function = {"acquire": "pg_try_advisory_lock", "release": "pg_advisory_unlock"}[request["verb"]]
    row = sessions[0].execute(f"SELECT {function}({request['year'] * 100 + request['month']})").fetchone()
    assert row is not None
    return row[0]


sessions: list[psycopg.Connection[Any]] = []
main()
