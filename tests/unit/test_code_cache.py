"""Processes that share compiled code: a module is compiled once, and never stale."""

import os
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from lock_harness.actors.code_cache import share_compiled_code


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The names of the files that are compiled from now on by this process, which shares its code."""
    names: list[str] = []
    compile_source = SourceFileLoader.source_to_code

    def count(loader: SourceFileLoader, data: Any, path: Any) -> CodeType:
        names.append(Path(path).name)
        return compile_source(loader, data, path)

    monkeypatch.setattr(SourceFileLoader, "source_to_code", count)
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    cache = tmp_path / "cache"
    cache.mkdir()
    share_compiled_code(cache)
    return names


def code_of(path: Path) -> CodeType:
    code = SourceFileLoader("lock", str(path)).get_code("lock")
    assert code is not None
    return code


def value_of(path: Path) -> object:
    names: dict[str, object] = {}
    exec(code_of(path), names)
    return names["VALUE"]


def test_a_module_is_compiled_once(compiled: list[str], tmp_path: Path) -> None:
    source = tmp_path / "lock.py"
    source.write_text("VALUE = 1\n")
    assert [value_of(source), value_of(source)] == [1, 1]
    assert compiled == ["lock.py"]


def test_a_changed_source_is_compiled_again_even_if_its_time_and_size_are_the_same(
    compiled: list[str], tmp_path: Path
) -> None:
    source = tmp_path / "lock.py"
    source.write_text("VALUE = 1\n")
    assert value_of(source) == 1
    times = source.stat()
    source.write_text("VALUE = 2\n")
    os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert value_of(source) == 2
    assert len(compiled) == 2


def test_two_files_with_the_same_source_have_code_of_their_own(compiled: list[str], tmp_path: Path) -> None:
    paths = [tmp_path / "one.py", tmp_path / "two.py"]
    for path in paths:
        path.write_text("VALUE = __name__\n")
    assert [code_of(path).co_filename for path in [*paths, *paths]] == [
        str(path) for path in [*paths, *paths]
    ]
    assert compiled == ["one.py", "two.py"]


def test_without_a_directory_to_write_to_modules_are_compiled(compiled: list[str], tmp_path: Path) -> None:
    (tmp_path / "cache").rmdir()
    source = tmp_path / "lock.py"
    source.write_text("VALUE = 1\n")
    assert [value_of(source), value_of(source)] == [1, 1]
    assert len(compiled) == 2


def test_a_source_that_does_not_compile_is_reported_each_time(compiled: list[str], tmp_path: Path) -> None:
    source = tmp_path / "lock.py"
    source.write_text("VALUE = \n")
    for _ in range(2):
        with pytest.raises(SyntaxError):
            code_of(source)
    assert len(compiled) == 2
