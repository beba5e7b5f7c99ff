"""The modules that a fork server may import for a lock: drivers and frameworks, but no module of the lock itself.

Actors share the state of these modules as of their import, which says nothing about the lock.
"""

import sys
from types import FunctionType, ModuleType

# For each package the modules to import.  Their import takes long and has no side effects.
PRELOADABLE = {
    "asyncpg": ("asyncpg",),
    "django": ("django.db.backends.postgresql.base",),
    "hypothesis": ("hypothesis",),
    "psycopg_pool": ("psycopg_pool",),
    "pytest": ("pytest",),
    "sqlalchemy": ("sqlalchemy.orm", "sqlalchemy.dialects.postgresql.psycopg"),
}
# the part of the harness that the file of a scenario with a lock of its own imports
SCENARIO_API = "lock_harness.programs"


def preloadable_modules(lock_module: str) -> set[str]:
    """Return the modules that may be imported ahead for `lock_module`, which uses them itself or through other modules.

    Only modules that this process has imported are known.
    """
    found: set[str] = set()
    seen: set[str] = set()
    waiting = [lock_module]
    while waiting:
        name = waiting.pop()
        package = name.partition(".")[0]
        if package in PRELOADABLE:
            found.update(PRELOADABLE[package])
        elif name.startswith(SCENARIO_API):
            found.add(SCENARIO_API)
        elif name not in seen and package not in sys.stdlib_module_names:
            seen.add(name)
            waiting += _modules_used_by(sys.modules.get(name))
    return found


def _modules_used_by(module: ModuleType | None) -> set[str]:
    """Return the names of the modules from which the global names of a module come."""
    used: set[str] = set()
    names = list(vars(module)) if module else []
    # `__loader__` and the like belong to the import system, and pytest adds names that are no identifiers
    for value in [vars(module)[name] for name in names if name.isidentifier() and name[:2] != "__"]:
        # no isinstance(), which asks a lazy object, such as Django's settings, for its class
        kind = type(value)
        if issubclass(kind, ModuleType):
            used.add(value.__name__)
        else:
            origin = value if issubclass(kind, type | FunctionType) else kind
            used.add(str(getattr(origin, "__module__", "builtins")))
    return used
