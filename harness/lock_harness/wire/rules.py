"""The rules of a PostgreSQL session after its start, as tables: who may say what when, and what answers what.

See "Message Flow" in the chapter "Frontend/Backend Protocol" of PostgreSQL's manual.
"""

from enum import Enum
from typing import NamedTuple

from lock_harness.wire.messages import FRONTEND

# What the client says


class Phase(Enum):
    """Where the client stands."""

    STARTING = "while the session starts"
    ASKING = "after the start"
    COPYING = "while it copies in"  # the server has asked for data
    COPIED = "after it copied in"  # there are no more, but a Sync may have to follow


COPY = frozenset({"CopyData", "CopyDone", "CopyFail"})
AFTER_START = frozenset(message_type.name for message_type in FRONTEND.values()) - {"PasswordMessage"}
ALLOWED = {
    Phase.STARTING: AFTER_START | {"PasswordMessage"},
    Phase.ASKING: AFTER_START,
    Phase.COPYING: COPY | {"Flush", "Sync", "Terminate"},
    Phase.COPIED: AFTER_START,
}

ENDS_BATCH = frozenset({"Query", "FunctionCall", "Sync", "Flush", "Terminate"})

# What is no part of a batch, unless it comes in the midst of one.  The Sync after data ends the batch that asked
# to copy: the server ignores the one that this batch may have ended with.
PASSES = {
    Phase.STARTING: COPY | {"PasswordMessage", "Flush", "Terminate"},
    Phase.ASKING: COPY | {"Flush", "Terminate"},
    Phase.COPYING: COPY | {"Flush", "Sync", "Terminate"},
    Phase.COPIED: COPY | {"Flush", "Sync", "Terminate"},
}

# Where a message leads; if it is not named here, to ASKING.
LEADS_TO = {
    Phase.STARTING: {"PasswordMessage": Phase.STARTING},
    Phase.ASKING: dict[str, Phase](),
    Phase.COPYING: {
        "CopyData": Phase.COPYING,
        "Flush": Phase.COPYING,
        "Sync": Phase.COPYING,
        "CopyDone": Phase.COPIED,
        "CopyFail": Phase.COPIED,
    },
    Phase.COPIED: dict.fromkeys(
        COPY | {"Flush"}, Phase.COPIED
    ),  # it may not know yet that the copy has failed
}


class Rule(NamedTuple):
    """Of a message in a phase: whether it is no part of a batch, unless in the midst of one; and where it leads."""

    passes: bool
    leads_to: Phase


RULES = {
    phase: {name: Rule(name in PASSES[phase], LEADS_TO[phase].get(name, Phase.ASKING)) for name in allowed}
    for phase, allowed in ALLOWED.items()
}

# What the server says


class ExpectedReply(NamedTuple):
    """What answers a message: what may come first, and what comes last."""

    intermediate: frozenset[str]
    final: frozenset[str]


def _expect(intermediate: str, final: str) -> ExpectedReply:
    return ExpectedReply(frozenset(intermediate.split()), frozenset(final.split()))


NOTHING = _expect("", "")
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

# ErrorResponse, too, answers any of these; then ReadyForQuery still follows where it is due, and after all others
# the server ignores everything up to the next Sync.
ENDS_READY = frozenset(name for name, reply in EXPECTED_REPLIES.items() if "ReadyForQuery" in reply.final)

UNTRACKED = frozenset({"CopyData", "PasswordMessage"})  # no answer, and nothing depends on their place
IGNORED_IN_COPY = frozenset({"Sync", "Flush"})  # by a server that is copying in


# What an answer can consist of that changes nothing but the status of the session.
PLAIN = frozenset(
    {
        "BindComplete", "CloseComplete", "CommandComplete", "DataRow", "EmptyQueryResponse", "FunctionCallResponse",
        "NoData", "NoticeResponse", "ParseComplete", "PortalSuspended", "ReadyForQuery", "RowDescription",
    }
)  # fmt: skip
