"""The tables of states and events on the architecture page are those of the code."""

from collections.abc import Mapping
from enum import Enum
from pathlib import Path

import pytest

from lock_harness.gate.states import ACTOR_TRANSITIONS, SERVER_TRANSITIONS, ActorEvent, ServerEvent

PAGE = Path(__file__).parents[2] / "docs/architecture.md"
Transitions = Mapping[Enum, Mapping[Enum, Enum]]


def state_table(transitions: Transitions, subject: str) -> str:
    rows = [f"| state | the {subject} ... |", "|---|---|"]
    rows += [f"| `{state.name}` | {state.value} |" for state in transitions]
    return "\n".join(rows) + "\n"


def event_table(transitions: Transitions, events: type[Enum], subject: str) -> str:
    """One row for each event: its meaning, and the state that it leads to from each state; empty if it is illegal."""
    names = " | ".join(state.name for state in transitions)
    rows = [f"| event | the {subject} ... | {names} |", "|---|---|" + "---|" * len(transitions)]
    for event in events:
        after = [transitions[state].get(event) for state in transitions]
        cells = " | ".join(state.name if state else "" for state in after)
        rows.append(f"| `{event.name}` | {event.value} | {cells} |")
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize(
    ("transitions", "events", "subject"),
    [(ACTOR_TRANSITIONS, ActorEvent, "actor"), (SERVER_TRANSITIONS, ServerEvent, "server")],
    ids=["actor", "server"],
)
def test_the_states_and_events_on_the_page_are_those_of_the_code(
    transitions: Transitions, events: type[Enum], subject: str
) -> None:
    page = PAGE.read_text()
    assert state_table(transitions, subject) in page
    assert event_table(transitions, events, subject) in page
