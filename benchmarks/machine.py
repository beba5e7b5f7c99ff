"""The facts of the machine on which the figures were measured."""

import os
import platform
from importlib import metadata
from pathlib import Path


def facts(server: str) -> str:
    """Return one line with the processor, cores, load, system, Python and server."""
    return (
        f"{_processor()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {platform.platform(terse=True)}, "
        f"Python {platform.python_version()}, psycopg {metadata.version('psycopg')}, {server}"
    )


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()
