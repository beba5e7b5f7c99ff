"""A PostgreSQL server in a container, by testcontainers."""

import contextlib
from collections.abc import Iterator

from lock_harness.core.errors import MachineError, UserError, one_line
from lock_harness.servers.server import Server, version_of

IMAGE = "postgres:17"


@contextlib.contextmanager
def container_server() -> Iterator[Server]:
    """Run a server in a container for a `with` block.

    If the harness is killed, the reaper of testcontainers removes the container.
    """
    try:
        from docker.errors import DockerException  # noqa: PLC0415 - an optional dependency
        from testcontainers.postgres import PostgresContainer  # noqa: PLC0415
    except ImportError:
        raise UserError(
            "a server in a container needs testcontainers: pip install lock-harness[container]"
        ) from None
    try:
        container = PostgresContainer(IMAGE, driver=None).start()
    except DockerException as error:
        why = one_line(error)
        raise MachineError(f"no container could be started: {why}; is a container engine running?") from None
    try:
        url = container.get_connection_url()
        yield Server(url, url, "container", version_of(url))
    finally:
        container.stop()
