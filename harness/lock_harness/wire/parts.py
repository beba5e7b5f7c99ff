"""The parts of a client's messages: batches, and messages that belong to no batch."""

import msgspec

from lock_harness.wire.messages import Message


class Part(msgspec.Struct, frozen=True, eq=False, gc=False):
    """Consecutive messages of the client.  The server must get the parts in their order.

    Attributes:
        names: The names of `messages`.
        raw: The bytes of `messages`.
    """

    messages: tuple[Message, ...]
    names: tuple[str, ...]
    raw: bytes


class PassThrough(Part, frozen=True, eq=False, gc=False):
    """A message outside of batches: a password, COPY data, a Flush without anything to flush, Terminate."""


class Batch(Part, frozen=True, eq=False, gc=False):
    """Messages that the client sends before it must wait for the server; `text` is their SQL on one line."""

    text: str
