"""The run of one program, from the first message to the actors to the finished history."""

from lock_harness.actors import counter
from lock_harness.actors.mailbox import Finish, Probe
from lock_harness.core.clock import now_ns
from lock_harness.core.history import History
from lock_harness.core.program import Program
from lock_harness.execution.arena import Arena
from lock_harness.execution.context import RunContext
from lock_harness.execution.fault_driver import FaultDriver
from lock_harness.execution.history_recorder import HistoryRecorder
from lock_harness.execution.modes import MODES
from lock_harness.execution.team import Stuck, Team
from lock_harness.execution.time_limits import opening_ms

# the most actors that ask for each month at the end: all of them would take long in a large team
MAX_PROBERS = 8


class ProgramRun:
    """Runs one program on an arena.  The program's mode takes the steps; the rest is the same in all modes."""

    def __init__(self, program: Program, arena: Arena) -> None:
        mode = MODES[program.mode]
        self._program = program
        self._arena = arena
        self._free_running = mode.free_running
        self._team = Team(program, arena, mode.free_running)
        self._recorder = HistoryRecorder(program, arena, self._team)
        faults = FaultDriver(program, arena, self._team, self._recorder)
        self._team.replace_dead = faults.replace_dead
        self._mode = mode(RunContext(program, arena, self._team, self._recorder, faults))

    def run(self) -> History:
        """Take all steps, let the actors release their holds, and check that no lock is left behind."""
        self._forget_last_program()
        gave_up_ns = None
        try:
            self._team.begin()
            self._mode.take_steps()
            self._recorder.read_journals()
            self._finish()
            audit = self._recorder.audit("at the end")
            # a month that is left locked would only keep a probe waiting
            if self._arena.contract.evidence == "none" or not any(lock.granted for lock in audit.locks):
                self._probe()
        except Stuck:
            gave_up_ns = now_ns()
        self._recorder.read_journals()
        self._discard_unusable_actors(stuck=gave_up_ns is not None or self._team.died > 0)
        # read the stall meter as late as possible: it logs a stall only when the stall is over
        return self._recorder.history(gave_up_ns)

    def _forget_last_program(self) -> None:
        self._arena.stall_meter.read()
        self._arena.pool.deferred.clear()
        counter.reset(self._arena.pool.directory, self._program.months)

    def _finish(self) -> None:
        """Audit, let the actors release their holds, and let those that lost their sessions open others.

        Free-running actors have released everything at the end of their steps already.
        """
        lost = self._recorder.actors_without_session()
        finishing = lost if self._free_running else {*self._team.actors}
        if not finishing:
            return
        if not self._team.pending:
            self._recorder.audit("after the steps")
        messages = [
            Finish(reopen=actor in lost) if actor in finishing else None for actor in self._team.actors
        ]
        self._team.run_to_finish(
            messages, extra_ms=opening_ms(self._arena.lock) if self._recorder.has_lost_sessions else 0
        )
        self._team.pending.clear()

    def _probe(self) -> None:
        """Let each actor acquire and release each month once more, to show that none is stuck.

        In each turn the actors ask for different months.  In the end each has asked for all, so that it does not depend on
        the numbers of the actors, which change when the program is shrunk, whether a stuck month is noticed.  The turn
        with the first refusal is the last one.
        """
        bounds = self._arena.bounds
        # long enough for a correct lock to grant each month
        timeout_ms = bounds.release_ms + 2 * bounds.handover_ms
        probers, months = self._probers(), self._program.months
        shares = [months[place :: len(probers)] for place in range(len(probers))]
        for turn in range(len(probers)):
            asked = {actor: shares[(place + turn) % len(probers)] for place, actor in enumerate(probers)}
            messages = [
                Probe(share, timeout_ms) if (share := asked.get(actor)) else None
                for actor in self._team.actors
            ]
            self._team.run_to_finish(messages, extra_ms=timeout_ms * 12)
            if self._recorder.has_refused_extra_acquire():
                return

    def _probers(self) -> list[int]:
        """Return the actors that ask for the months at the end: of a large team those that were active last.

        An actor takes part only if it has a session, as a lock may fail to open another after a fault.
        """
        lost = self._recorder.actors_without_session()
        able = [actor for actor in self._team.actors if actor not in lost] or [*self._team.actors]
        return able if len(able) <= MAX_PROBERS else self._recorder.active_last(able)[:MAX_PROBERS]

    def _discard_unusable_actors(self, stuck: bool) -> None:
        """Keep only the actors that have a session and are not in a call, and none that may get a message of this program."""
        if stuck:
            self._arena.dismiss()
            return
        for actor in self._recorder.actors_without_session():
            self._arena.replace(actor)
