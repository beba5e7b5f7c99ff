"""The cache of an initialised data directory: only the first start of an embedded server runs initdb.

The directory is packed into one file with a checksum, so a copy is complete or not there at all.  A file that is
damaged, or that another account could have written, is not used but replaced.  Without a cache everything works, but
each start takes longer.
"""

import contextlib
import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import msgspec

from lock_harness.guardian import Guardian
from lock_harness.servers.daemon import give_to_server_account, server_account

FORMAT = 1
CHECKSUM = hashlib.sha256
CHECKSUM_BYTES = CHECKSUM().digest_size
SUFFIX = ".data"
# how many data directories are kept, for different versions or settings
KEPT = 3


class _PackedFile(msgspec.Struct, array_like=True):
    """A file of the data directory; `content` lacks the zeros at the end."""

    name: str
    size: int
    content: bytes


class _PackedData(msgspec.Struct, array_like=True):
    """A data directory; a folder comes before the folders in it."""

    folders: list[str]
    files: list[_PackedFile]


class DataCache:
    """The place of one initialised data directory in the cache of the user."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    @classmethod
    def open(cls, installation: Path, options: Sequence[str]) -> Self:
        """Return the place for what initdb of this installation creates with these options."""
        try:
            return cls(_cache_folder() / (_key(installation, options) + SUFFIX))
        except (OSError, RuntimeError):
            return cls(None)

    def restore(self, data: Path) -> bool:
        """Create `data` as a copy of the cached directory, or return False if there is none that can be trusted.

        Raises:
            OSError: `data` cannot be written.
        """
        packed = self._read()
        if packed is not None:
            _unpack(packed, data)
        return packed is not None

    def store(self, data: Path, guardian: Guardian) -> None:
        """Keep a copy of `data`, if the cache can be written.  The guardian removes what a killed harness leaves."""
        if self._file is None:
            return
        packed = msgspec.msgpack.encode(_pack(data))
        unfinished = self._file.with_suffix(f".{secrets.token_hex(8)}")
        guardian.discard(unfinished)
        with contextlib.suppress(OSError):
            try:
                _write_private(unfinished, CHECKSUM(packed).digest() + packed)
                unfinished.replace(self._file)
            finally:
                unfinished.unlink(missing_ok=True)
            _remove_old(self._file.parent)

    def _read(self) -> _PackedData | None:
        if self._file is None:
            return None
        try:
            with open(os.open(self._file, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
                if not _is_private(os.fstat(file.fileno())):
                    return None
                checksum, packed = file.read(CHECKSUM_BYTES), file.read()
        except OSError:
            return None
        if CHECKSUM(packed).digest() != checksum:
            return None
        return msgspec.msgpack.decode(packed, type=_PackedData)


def _cache_folder() -> Path:
    """Create and return the folder of the cache; raise `OSError` or `RuntimeError` if that is not possible."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not base.is_absolute():
        base = Path.home() / ".cache"
    folder = base / "lock-harness"
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    # root may have the home directory of another account, which could not remove files of root
    if os.geteuid() == 0 and existing.stat().st_uid != 0:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(existing))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _is_private(status: os.stat_result) -> bool:
    """Return whether a file belongs to this account, and no other account can write it."""
    others = stat.S_IWGRP | stat.S_IWOTH
    return stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & others


def _write_private(file: Path, content: bytes) -> None:
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        opened.write(content)


def _remove_old(folder: Path) -> None:
    files = sorted(folder.glob(f"*{SUFFIX}"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in files[KEPT:]:
        file.unlink(missing_ok=True)


def _key(installation: Path, options: Sequence[str]) -> str:
    """Return a name for what initdb creates, which depends on its options, the machine and the initial catalogue."""
    parts = [str(FORMAT), os.uname().machine, *options]
    # initdb writes the time zone of the machine into the settings
    parts += [os.environ.get("TZ", ""), str(Path("/etc/localtime").resolve())]
    key = hashlib.sha256("\0".join(parts).encode())
    key.update((installation / "share" / "postgres.bki").read_bytes())
    return key.hexdigest()[:32]


def _pack(data: Path) -> _PackedData:
    packed = _PackedData([], [])
    # sorted: a folder comes before its entries
    for path in sorted(data.rglob("*")):
        name = str(path.relative_to(data))
        if path.is_dir():
            packed.folders.append(name)
        else:
            content = path.read_bytes()
            packed.files.append(_PackedFile(name, len(content), content.rstrip(b"\0")))
    return packed


def _unpack(packed: _PackedData, data: Path) -> None:
    """Create the data directory.  There are a thousand files, so each takes as few system calls as possible."""
    for folder in (data, *(data / name for name in packed.folders)):
        folder.mkdir(mode=0o700)
        give_to_server_account(folder)
    user = server_account()
    for file in packed.files:
        descriptor = os.open(f"{data}/{file.name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            # a disk that becomes full stores only a part
            if os.write(descriptor, file.content) < len(file.content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if len(file.content) < file.size:
                os.truncate(descriptor, file.size)
            if user:
                os.fchown(descriptor, user.pw_uid, user.pw_gid)
        finally:
            os.close(descriptor)
