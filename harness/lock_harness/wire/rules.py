"""The rules of a PostgreSQL session after its start, as tables: which messages are allowed, and which messages reply to them.

See "Message Flow" in the chapter "Frontend/Backend Protocol" of PostgreSQL's manual.
"""

from enum import Enum
from typing import NamedTuple

from lock_harness.wire.messages import FRONTEND

# Messages of the client


class ClientPhase(Enum):
    """The phase of a session on the client's side; the value ends an error message."""

    STARTING = "during the start of the session"
    ASKING = "after the start of the session"
    COPYING = "during COPY FROM STDIN"  # the server has asked for data
    COPIED = "after COPY FROM STDIN"  # the data have ended, but a Sync may have to follow


COPY = frozenset({"CopyData", "CopyDone", "CopyFail"})
AFTER_START = frozenset(message_type.name for message_type in FRONTEND.values()) - {"PasswordMessage"}
ALLOWED = {
    ClientPhase.STARTING: AFTER_START | {"PasswordMessage"},
    ClientPhase.ASKING: AFTER_START,
    ClientPhase.COPYING: COPY | {"Flush", "Sync", "Terminate"},
    ClientPhase.COPIED: AFTER_START,
}

ENDS_BATCH = frozenset({"Query", "FunctionCall", "Sync", "Flush", "Terminate"})

# Messages that belong to no batch unless a batch is open.  The Sync after COPY data ends the batch that began the
# COPY: the server ignores the Sync that this batch may have ended with.
STANDALONE = {
    ClientPhase.STARTING: COPY | {"PasswordMessage", "Flush", "Terminate"},
    ClientPhase.ASKING: COPY | {"Flush", "Terminate"},
    ClientPhase.COPYING: COPY | {"Flush", "Sync", "Terminate"},
    ClientPhase.COPIED: COPY | {"Flush", "Sync", "Terminate"},
}

# The phase after a message; ASKING if the message is not listed.  A client that does not know yet that its COPY has
# failed still sends data in COPIED.
NEXT_PHASE = {
    ClientPhase.STARTING: {"PasswordMessage": ClientPhase.STARTING},
    ClientPhase.ASKING: dict[str, ClientPhase](),
    ClientPhase.COPYING: {
        "CopyData": ClientPhase.COPYING,
        "Flush": ClientPhase.COPYING,
        "Sync": ClientPhase.COPYING,
        "CopyDone": ClientPhase.COPIED,
        "CopyFail": ClientPhase.COPIED,
    },
    ClientPhase.COPIED: dict.fromkeys(COPY | {"Flush"}, ClientPhase.COPIED),
}


class Rule(NamedTuple):
    """The rule for a message in a phase: whether it belongs to no batch unless one is open, and the next phase."""

    standalone: bool
    next_phase: ClientPhase


RULES = {
    phase: {
        name: Rule(name in STANDALONE[phase], NEXT_PHASE[phase].get(name, ClientPhase.ASKING))
        for name in allowed
    }
    for phase, allowed in ALLOWED.items()
}

# Messages of the server


class ExpectedReply(NamedTuple):
    """The reply to a message: the messages that may come first, and those that end it."""

    intermediate: frozenset[str]
    final: frozenset[str]


def _expect(intermediate: str, final: str) -> ExpectedReply:
    return ExpectedReply(frozenset(intermediate.split()), frozenset(final.split()))


NO_REPLY = _expect("", "")
_COPIES = "CopyInResponse CopyOutResponse CopyBothResponse CopyData CopyDone"
_RESULTS = f"RowDescription DataRow CommandComplete EmptyQueryResponse {_COPIES}"
EXPECTED_REPLIES = {
    "StartupMessage": _expect("Authentication NegotiateProtocolVersion BackendKeyData", "ReadyForQuery"),
    "Query": _expect(_RESULTS, "ReadyForQuery"),
    "FunctionCall": _expect("FunctionCallResponse", "ReadyForQuery"),
    "Sync": _expect("", "ReadyForQuery"),
    "Parse": _expect("", "ParseComplete"),
    "Bind": _expect("", "BindComplete"),
    "Close": _expect("", "CloseComplete"),
    "Describe": _expect("ParameterDescription", "RowDescription NoData"),
    "Execute": _expect(f"DataRow {_COPIES}", "CommandComplete EmptyQueryResponse PortalSuspended"),
}

# An ErrorResponse, too, can reply to each of these.  After it, ReadyForQuery still follows to the messages in
# ENDS_WITH_READY; to the others nothing follows, and the server ignores everything up to the next Sync.
ENDS_WITH_READY = frozenset(
    name for name, reply in EXPECTED_REPLIES.items() if "ReadyForQuery" in reply.final
)

UNTRACKED = frozenset({"CopyData", "PasswordMessage"})  # they get no reply, and their place does not matter
IGNORED_IN_COPY = frozenset({"Sync", "Flush"})  # by a server that is copying in


# A reply of only these messages changes nothing but the transaction status of the session.
CACHEABLE = frozenset(
    {
        "BindComplete", "CloseComplete", "CommandComplete", "DataRow", "EmptyQueryResponse", "FunctionCallResponse",
        "NoData", "NoticeResponse", "ParseComplete", "PortalSuspended", "ReadyForQuery", "RowDescription",
    }
)  # fmt: skip
