"""sqlalchemy-dlock 0.9.0: if a statement of the body fails, another error is raised, and the lock stays held."""

import sys

import psycopg
import sqlalchemy
from sqlalchemy_dlock import create_sadlock

engine = sqlalchemy.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(sys.argv[1]))
with engine.connect() as first, engine.connect() as second:
    try:
        with create_sadlock(first, "month"):
            first.exec_driver_sql("SELECT 1 / 0")
    except sqlalchemy.exc.DBAPIError as error:
        raised = type(error.orig).__name__
    first.rollback()
    granted = create_sadlock(second, "month").acquire(block=False)
    print(f"the with statement raised {raised}; another connection gets the lock: {granted}")
assert (raised, granted) == ("InFailedSqlTransaction", False)
