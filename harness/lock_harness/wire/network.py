"""The conditions of a network, as data, and the functions that apply them to a socket."""

import contextlib
import ctypes
import fcntl
import socket
import struct
import sys
from enum import IntEnum
from typing import NamedTuple

from lock_harness.core.fault import NetworkFault

CHUNK = 65_536
UNREAD_CHUNKS = 256  # the limit for a peer that never stops sending

LATENCY_NS = 3_000_000
GAP_NS = 1_000_000  # between two slices
SLICES = 16  # per chunk, at most, so that a large chunk does not take too long
SMALLEST_SLICE = 3  # bytes: less than the smallest message, so that messages are split anywhere

SIOCOUTQ = 0x5411  # Linux, linux/sockios.h
SO_ATTACH_FILTER = 26  # Linux, asm-generic/socket.h
DROP_ALL = struct.pack("HBBI", 0x06, 0, 0, 0)  # one instruction of classic BPF: ret 0
NO_LINGER = struct.pack("ii", 1, 0)


class Course(IntEnum):
    """How the network treats bytes in one direction.  A greater value is worse."""

    FORWARD = 0
    SLOW = 1
    LOSE = 2  # bytes and EOF are read from the sender and discarded
    HOLD = 3  # nothing is read from the sender


class Condition(NamedTuple):
    """The state of the network under one connection, for each direction."""

    to_server: Course
    to_client: Course

    def worsened(self, by: "Condition") -> "Condition":
        """Return this condition with the fault `by` added to it."""
        return Condition(max(self.to_server, by.to_server), max(self.to_client, by.to_client))

    @property
    def lossy(self) -> bool:
        """Whether bytes may have been lost, so that the connection can never be intact again."""
        return max(self) >= Course.LOSE


HEALTHY = Condition(Course.FORWARD, Course.FORWARD)
LOST = Condition(Course.LOSE, Course.LOSE)
CONDITIONS: dict[NetworkFault, Condition] = {
    "half_open": Condition(Course.HOLD, Course.HOLD),
    "deaf": Condition(Course.FORWARD, Course.LOSE),
    "mute": Condition(Course.LOSE, Course.FORWARD),
    "slow": Condition(Course.SLOW, Course.SLOW),
}


def why_unavailable(kind: NetworkFault) -> str | None:
    """Return why this machine cannot inject `kind` into a TCP connection; None if it can."""
    if kind == "half_open" and not sys.platform.startswith("linux"):
        return f"half_open needs the socket filters of Linux, which {sys.platform} does not have"
    return None


def slice_size(chunk: int) -> int:
    """Return the size of the slices into which a slow network splits `chunk` bytes."""
    return max(SMALLEST_SLICE, -(-chunk // SLICES))


def is_tcp(sock: socket.socket) -> bool:
    return sock.family != socket.AF_UNIX


def vanish(sock: socket.socket) -> None:
    """Make the kernel drop every packet for `sock`, unread and unacknowledged, as if its host had lost power.

    The peer notices only by its own timeouts.  A Unix socket has no packets and no timeouts, so nothing is
    done to it.
    """
    if is_tcp(sock):
        code = ctypes.create_string_buffer(DROP_ALL)
        program = struct.pack("HP", 1, ctypes.addressof(code))  # struct sock_fprog
        sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)


def unacknowledged(sock: socket.socket) -> int:
    """Return the number of bytes that the peer has not acknowledged, so that the kernel may send them again."""
    if not is_tcp(sock):
        return 0
    answer = fcntl.ioctl(sock, SIOCOUTQ, bytes(4))
    return int.from_bytes(answer, sys.byteorder)


def reset(sock: socket.socket) -> None:
    """Close with RST, so that the peer gets ECONNRESET.  The peer of a Unix socket gets EOF instead."""
    if is_tcp(sock):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    sock.close()


def cut(sock: socket.socket) -> None:
    """Close in order, so that the peer gets EOF.

    The received bytes are read first, because closing a socket with unread bytes sends RST.
    """
    # OSError: there is nothing more to read, or the peer has closed
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_WR)
        for _ in range(UNREAD_CHUNKS):
            if not sock.recv(CHUNK):
                break
    sock.close()
