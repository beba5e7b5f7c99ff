"""Compiled code that the processes of one arena share, so that the first of them compiles a module for all.

Each actor imports the lock for itself, because no two actors may share the state of a module.  Code is not such state:
it never changes, and follows from the source alone.  Python keeps it in `__pycache__`, but not if the folder is
read-only or PYTHONDONTWRITEBYTECODE is set.
"""

import contextlib
import hashlib
import marshal
import os
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any


def share_compiled_code(directory: Path) -> None:
    """Keep what this process compiles for its imports in `directory`, and take from there what others have compiled.

    A file is named after the path and the bytes of its source, so code of an older source is never taken.
    """
    compile_source = SourceFileLoader.source_to_code

    def source_to_code(loader: SourceFileLoader, data: Any, path: Any, **options: Any) -> Any:
        if not isinstance(data, bytes) or options:
            return compile_source(loader, data, path, **options)
        digest = hashlib.sha256(os.fsencode(path) + b"\0" + data).hexdigest()
        file = directory / f"{digest}.code"
        with contextlib.suppress(FileNotFoundError):
            return marshal.loads(file.read_bytes())  # noqa: S302 - the directory is private
        code = compile_source(loader, data, path)
        # without the file the next process compiles the module, too
        with contextlib.suppress(OSError):
            _write_as_a_whole(file, marshal.dumps(code))
        return code

    # the loaders of all finders, those of editable installs included, have this method
    SourceFileLoader.source_to_code = source_to_code  # type: ignore[method-assign, assignment]


def _write_as_a_whole(file: Path, content: bytes) -> None:
    """Write a file so that another process, even of a killed writer, never reads half of it."""
    new = file.with_suffix(f".{os.getpid()}")
    new.write_bytes(content)
    new.replace(file)
