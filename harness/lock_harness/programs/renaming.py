"""stub"""

from collections.abc import Collection

from lock_harness.core.program import Program


def finding_id(checks: Collection[str], program: Program) -> str:
    return f"{hash((tuple(checks), program)) % 2**32:08x}"


def contains(program: Program, smaller: Program) -> bool:
    return len(program.steps) >= len(smaller.steps)
