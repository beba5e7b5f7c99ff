"""The cached data directory of the embedded server is restored as it was, and is not used unless it can be trusted."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lock_harness.guardian import Guardian, guarded_directory
from lock_harness.servers.daemon import server_account
from lock_harness.servers.data_cache import KEPT, DataCache
from tests.unit.test_guardian import wait_for_end

CONTENT = {
    "PG_VERSION": b"18\n",
    "base/1/empty": b"",
    "base/1/zeros": bytes(8192),
    "base/1/zeros_at_the_end": b"\0x\0" + bytes(500),
}
OPTIONS = ("--encoding=UTF8",)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "lock-harness"


@pytest.fixture
def installation(tmp_path: Path) -> Path:
    """An installation of PostgreSQL, with the file that decides what initdb creates."""
    return new_installation(tmp_path / "pginstall", b"catalogue")


@pytest.fixture
def guardian() -> Iterator[Guardian]:
    with guarded_directory() as guardian:
        yield guardian


def new_installation(path: Path, catalogue: bytes) -> Path:
    (path / "share").mkdir(parents=True)
    (path / "share" / "postgres.bki").write_bytes(catalogue)
    return path


def new_data(path: Path) -> Path:
    (path / "pg_empty").mkdir(parents=True)
    for name, content in CONTENT.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def content_of(path: Path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def stored(folder: Path, installation: Path, guardian: Guardian) -> Path:
    """Store a data directory, and return its file in the cache."""
    DataCache.open(installation, OPTIONS).store(new_data(guardian.directory / "original"), guardian)
    (file,) = folder.iterdir()
    return file


def restored(installation: Path, guardian: Guardian, options: tuple[str, ...] = OPTIONS) -> bool:
    return DataCache.open(installation, options).restore(guardian.directory / "data")


def test_a_stored_directory_is_restored_as_it_was(
    folder: Path, installation: Path, guardian: Guardian
) -> None:
    stored(folder, installation, guardian)
    assert restored(installation, guardian)
    data = guardian.directory / "data"
    assert content_of(data) == CONTENT
    assert (data / "pg_empty").is_dir()
    account = server_account()
    for path in (data, *data.rglob("*")):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600)
        assert path.stat().st_uid == (account.pw_uid if account else os.geteuid())


def test_an_empty_cache_restores_nothing(folder: Path, installation: Path, guardian: Guardian) -> None:
    assert not restored(installation, guardian)
    assert not (guardian.directory / "data").exists()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("change", ["options", "catalogue", "time zone"])
def test_a_directory_of_other_options_or_another_version_or_time_zone_is_not_used(
    folder: Path,
    installation: Path,
    guardian: Guardian,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: str,
) -> None:
    stored(folder, installation, guardian)
    options = OPTIONS
    if change == "options":
        options = ("--encoding=LATIN1",)
    elif change == "catalogue":
        installation = new_installation(tmp_path / "newer", b"another catalogue")
    else:
        monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert not restored(installation, guardian, options)


def damage(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def replace_by_link(file: Path) -> None:
    file.rename(file.with_suffix(".moved"))
    file.symlink_to(file.with_suffix(".moved"))


@pytest.mark.parametrize(
    "spoil",
    [
        damage,
        cut,
        replace_by_link,
        lambda file: file.write_bytes(b""),
        lambda file: file.chmod(0o620),
        lambda file: file.chmod(0o602),
        pytest.param(
            lambda file: os.chown(file, 65534, 65534),
            marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root can change the owner of a file"),
        ),
    ],
    ids=[
        "damaged",
        "cut short",
        "symbolic link",
        "empty",
        "writable by the group",
        "writable by others",
        "foreign",
    ],
)
def test_a_file_that_cannot_be_trusted_is_not_used_and_is_replaced(
    folder: Path, installation: Path, guardian: Guardian, spoil: Callable[[Path], object]
) -> None:
    file = stored(folder, installation, guardian)
    spoil(file)
    assert not restored(installation, guardian)
    assert not (guardian.directory / "data").exists()
    DataCache.open(installation, OPTIONS).store(guardian.directory / "original", guardian)
    assert not file.is_symlink()
    assert restored(installation, guardian)


@pytest.mark.parametrize("place", ["/proc/nowhere", "file"])
def test_without_a_place_for_the_cache_nothing_is_stored_or_restored(
    installation: Path, guardian: Guardian, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / place))
    DataCache.open(installation, OPTIONS).store(new_data(guardian.directory / "original"), guardian)
    assert not restored(installation, guardian)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change the owner of a file")
def test_root_writes_nothing_into_the_home_directory_of_another_account(
    folder: Path, installation: Path, guardian: Guardian
) -> None:
    folder.parent.mkdir()
    os.chown(folder.parent, 65534, 65534)
    DataCache.open(installation, OPTIONS).store(new_data(guardian.directory / "original"), guardian)
    assert not folder.exists()


def test_only_the_newest_directories_are_kept(folder: Path, guardian: Guardian, tmp_path: Path) -> None:
    original = new_data(guardian.directory / "original")
    for number in range(KEPT + 1):
        version = new_installation(tmp_path / f"version {number}", b"%d" % number)
        DataCache.open(version, OPTIONS).store(original, guardian)
        for file in folder.iterdir():
            os.utime(file, ns=(0, file.stat().st_mtime_ns - 1_000_000_000))
    assert len(list(folder.iterdir())) == KEPT
    assert restored(tmp_path / f"version {KEPT}", guardian)


KILLED = """
import os, signal, sys
from pathlib import Path
from lock_harness.guardian import Guardian
from lock_harness.servers import data_cache

def write_a_half(file, content):
    Path(file).write_bytes(content[:50])
    os.kill(os.getpid(), signal.SIGKILL)

data_cache._write_private = write_a_half
guardian = Guardian()
print(guardian._process.pid, flush=True)
data_cache.DataCache.open(Path(sys.argv[1]), ()).store(Path(sys.argv[2]), guardian)
"""


def test_sigkill_while_a_directory_is_stored_leaves_nothing_in_the_cache(
    folder: Path, installation: Path, tmp_path: Path
) -> None:
    original = new_data(tmp_path / "original")
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(installation), str(original)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    wait_for_end(int(done.stdout))
    assert list(folder.iterdir()) == []


def test_an_installation_of_another_layout_is_not_cached(
    folder: Path, guardian: Guardian, tmp_path: Path
) -> None:
    DataCache.open(tmp_path / "other", OPTIONS).store(new_data(guardian.directory / "original"), guardian)
    assert not folder.exists() or list(folder.iterdir()) == []
    assert not restored(tmp_path / "other", guardian)
