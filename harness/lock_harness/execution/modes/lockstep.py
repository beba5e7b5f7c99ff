"""Lockstep: one operation at a time, in the drawn order; waiting operations stay pending.

The whole program goes to the actors first.  Then they pass a baton: who holds it takes its step and hands
the baton straight to the next in line.  The conductor takes part only where it must act itself: it injects
faults, sees that a pending call has really begun to wait, and sees old sessions go.
"""

from lock_harness.actors.actor import conductors_turn
from lock_harness.actors.mailbox import Baton
from lock_harness.core.clock import now_ns
from lock_harness.core.fault import Fault
from lock_harness.core.program import Operation
from lock_harness.execution.stage import Stage

NOTICE_MS = 500  # what a pending call is given to reach the server


class Lockstep(Stage):
    """Runs one program on an arena, step by step."""

    def _take_steps(self) -> None:
        steps = self._program.steps
        number = 0
        while number < len(steps):
            step = steps[number]
            if isinstance(step, Fault):
                self._strike(number, step)
                number += 1
            elif step.pending:
                self._begin_pending(number, step)
                number += 1
            else:
                self._send(step.actor, Baton(number))
                number = self._until_our_turn(number)
                self._see_old_session_go(number - 1)

    def _see_old_session_go(self, number: int) -> None:
        step = self._program.steps[number]
        if isinstance(step, Operation) and step.verb == "reopen":
            old = self._last_known(step.actor)
            self._see_go(old, number, now_ns())
            self._read_journals()

    def _begin_pending(self, number: int, step: Operation) -> None:
        """Give the baton to an actor that will not pass it on, and see that its call reached the server."""
        one = self._team[step.actor]
        if step.actor in self._pending:
            self._until_returned(step.actor)
        before = self._arena.observer.activity(one.session)
        self._pending[step.actor] = number
        self._send(step.actor, Baton(number))
        until = now_ns() + NOTICE_MS * 1_000_000
        while step.actor in self._pending and now_ns() < until:
            if (message := self._receive(0)) is not None:
                self._read(message)
            after = self._arena.observer.activity(one.session)
            if after != before and after is not None and after.quiet:
                return

    def _until_our_turn(self, number: int) -> int:
        """Wait for the baton that was sent out for step `number`; which step is it for now?"""
        end = number + 1
        while not conductors_turn(self._program.steps, end):
            end += 1
        deadline = self._deadline(range(number, end))
        while True:
            message = self._next(deadline)
            if isinstance(message, Baton):
                return message.number

    def _until_returned(self, actor: int) -> None:
        deadline = self._deadline([])
        while actor in self._pending:
            self._next(deadline)
