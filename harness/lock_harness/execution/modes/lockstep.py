"""Lockstep: one operation at a time, in the drawn order; waiting operations stay pending.

All steps are sent to the actors ahead.  Then the actors pass a baton: the actor that has it takes its step and sends
the baton straight to the actor of the next step.  The baton comes back to the conductor only where the conductor must
act itself: it injects faults, waits until a pending call has reached the server, and waits for the end of sessions that
an actor has closed.
"""

from lock_harness.actors.actor import is_conductors_turn
from lock_harness.actors.mailbox import Baton
from lock_harness.core.clock import now_ns
from lock_harness.core.fault import Fault
from lock_harness.core.program import Operation
from lock_harness.execution.context import RunContext
from lock_harness.execution.team import ActorDied
from lock_harness.execution.time_limits import NS_PER_MS

# how long a pending call may take to reach the server
NOTICE_MS = 500


class LockstepMode:
    """Takes the steps of a program one after the other."""

    free_running = False

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._steps = context.program.steps
        self._team = context.team

    def take_steps(self) -> None:
        """Take all steps.  `Stuck` if a call does not return."""
        number = 0
        while number < len(self._steps):
            step = self._steps[number]
            if isinstance(step, Fault):
                self._context.faults.inject(number)
                number += 1
            elif step.pending:
                self._begin_pending(number, step)
                number += 1
            elif self._team.send(step.actor, Baton(number)):
                number = self._await_baton(number)

    def _await_baton(self, number: int) -> int:
        """Wait for the baton that was sent for step `number`, and return the number of the next step.

        If the actor with the baton died, the next step follows its last one.  If another actor died, the program ends,
        because the baton may have been passed to the actor that died.
        """
        end = number + 1
        while not is_conductors_turn(self._steps, end):
            end += 1
        deadline = self._team.deadline_ns(range(number, end))
        while True:
            message = self._team.next_message(deadline)
            if isinstance(message, Baton):
                self._await_end_of_closed_session(message.number - 1)
                return message.number
            if isinstance(message, ActorDied):
                begun = max(number, *map(self._context.recorder.last_step_begun, self._team.actors))
                return begun + 1 if self._steps[begun].actor == message.actor else len(self._steps)

    def _await_end_of_closed_session(self, number: int) -> None:
        """If step `number` closed a session to open another, wait until the server has ended the old one."""
        step = self._steps[number]
        if isinstance(step, Operation) and step.verb == "reopen":
            # the journal has not been read since the reopen, so this is still the old session
            closed = self._team.last_known_session(step.actor)
            self._context.faults.await_session_end(closed, number, now_ns())
            self._context.recorder.read_journals()

    def _begin_pending(self, number: int, step: Operation) -> None:
        """Send the baton to an actor that does not pass it on, and wait until its call has reached the server."""
        if step.actor in self._team.pending:
            self._await_return(step.actor)
        session = self._team.last_known_session(step.actor).name
        activity = self._context.arena.observer.activity
        before = activity(session)
        self._team.pending[step.actor] = number
        self._team.send(step.actor, Baton(number))
        until_ns = now_ns() + NOTICE_MS * NS_PER_MS
        while step.actor in self._team.pending and now_ns() < until_ns:
            self._team.receive(0)
            after = activity(session)
            if after != before and after is not None and after.quiet:
                return

    def _await_return(self, actor: int) -> None:
        """Wait until the pending operation of an actor has returned."""
        deadline = self._team.deadline_ns()
        while actor in self._team.pending:
            self._team.next_message(deadline)
