"""What a network can do to a connection.  Data and pure functions; sockets only where a socket option is set."""

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
UNREAD_CHUNKS = 256  # a peer that never stops talking does not keep us

LATENCY_NS = 3_000_000
GAP_NS = 1_000_000  # between two slices
SLICES = 16  # of one chunk, at most, so that a large one does not take forever
SMALLEST_SLICE = 3  # bytes: fewer than any message has, so messages are split anywhere

SIOCOUTQ = 0x5411  # Linux, linux/sockios.h
SO_ATTACH_FILTER = 26  # Linux, asm-generic/socket.h
DROP_ALL = struct.pack("HBBI", 0x06, 0, 0, 0)  # one instruction of classic BPF: ret 0
NO_LINGER = struct.pack("ii", 1, 0)


class Course(IntEnum):
    """What becomes of bytes on their way from one end to the other.  The greater, the worse."""

    FORWARD = 0
    SLOW = 1
    LOSE = 2  # taken from the sender, and its closing too, and not passed on
    HOLD = 3  # not even taken


class Condition(NamedTuple):
    """The state of the network under one connection, for each way."""

    to_server: Course
    to_client: Course

    def worsened(self, by: "Condition") -> "Condition":
        """Faults add up."""
        return Condition(max(self.to_server, by.to_server), max(self.to_client, by.to_client))

    @property
    def lossy(self) -> bool:
        """Bytes may be missing, so the connection can never be whole again."""
        return max(self) >= Course.LOSE


HEALTHY = Condition(Course.FORWARD, Course.FORWARD)
LOST = Condition(Course.LOSE, Course.LOSE)
CONDITIONS: dict[NetworkFault, Condition] = {
    "half_open": Condition(Course.HOLD, Course.HOLD),
    "deaf": Condition(Course.FORWARD, Course.LOSE),
    "mute": Condition(Course.LOSE, Course.FORWARD),
    "slow": Condition(Course.SLOW, Course.SLOW),
}


def unavailable(kind: NetworkFault) -> str | None:
    """Why this machine cannot do `kind` to a TCP connection; None if it can."""
    if kind == "half_open" and not sys.platform.startswith("linux"):
        return f"half_open needs socket filters, which Linux has and {sys.platform} has not"
    return None


def slice_size(chunk: int) -> int:
    """Into how many bytes each a slow network splits `chunk` bytes."""
    return max(SMALLEST_SLICE, -(-chunk // SLICES))


def is_tcp(sock: socket.socket) -> bool:
    return sock.family != socket.AF_UNIX


def vanish(sock: socket.socket) -> None:
    """Have the kernel drop every packet that comes for `sock`, unread and unacknowledged: its host is gone.

    The peer learns it as it would learn it of a host without power: from its own timeouts.  A Unix socket has
    no packets and its peer no timeouts; there nothing is to be done.
    """
    if is_tcp(sock):
        code = ctypes.create_string_buffer(DROP_ALL)
        program = struct.pack("HP", 1, ctypes.addressof(code))  # struct sock_fprog
        sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)


def unacknowledged(sock: socket.socket) -> int:
    """Bytes that were sent and may be sent again: the peer has not yet said that it has them."""
    if not is_tcp(sock):
        return 0
    answer = fcntl.ioctl(sock, SIOCOUTQ, bytes(4))
    return int.from_bytes(answer, sys.byteorder)


def reset(sock: socket.socket) -> None:
    """Close with RST, so that the peer gets ECONNRESET.  A Unix socket knows no such thing: EOF."""
    if is_tcp(sock):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    sock.close()


def cut(sock: socket.socket) -> None:
    """Close in order, so that the peer gets EOF: whoever closes with bytes unread sends RST instead."""
    with contextlib.suppress(OSError):  # nothing more to read, or nobody left to tell
        sock.shutdown(socket.SHUT_WR)
        for _ in range(UNREAD_CHUNKS):
            if not sock.recv(CHUNK):
                break
    sock.close()
