"""Injects the faults of one program, heals them, and notes when the server has ended the sessions that they hit."""

from lock_harness.core.clock import now_ns
from lock_harness.core.fault import Fault
from lock_harness.core.program import Program
from lock_harness.execution.arena import Arena
from lock_harness.execution.faults import INJECTORS
from lock_harness.execution.history_recorder import HistoryRecorder
from lock_harness.execution.team import ActorSession, Team
from lock_harness.execution.time_limits import NS_PER_MS
from lock_harness.servers.observer import Backend


class FaultDriver:
    """Injects and heals the faults of one program.  A mode decides when.

    The injectors in `lock_harness.execution.faults` implement the kinds of faults.
    """

    def __init__(self, program: Program, arena: Arena, team: Team, recorder: HistoryRecorder) -> None:
        self._program = program
        self._arena = arena
        self._team = team
        self._recorder = recorder
        # the lasting faults that were injected and not healed yet, by their numbers
        self._active: dict[int, ActorSession] = {}

    def inject(self, number: int, session_name: str | None = None) -> None:
        """Inject fault `number`.  If it ends sessions at once, wait until the server has ended them.

        Args:
            session_name: The session that sent the message at which the gate injects the fault.  The actor may be just
                opening it.  By default the fault hits the session that the actor has now.
        """
        fault = self.fault(number)
        if fault.traits.ends_process:
            self._kill(number, fault, session_name)
        elif fault.traits.whole_server:
            self._inject_into_server(number, fault)
        else:
            self._inject_into_actor(number, fault, session_name)

    def fault(self, number: int) -> Fault:
        """Return the fault that is step `number` of the program."""
        fault = self._program.steps[number]
        assert isinstance(fault, Fault)
        return fault

    def _kill(self, number: int, fault: Fault, session_name: str | None) -> None:
        """Send SIGKILL to an actor, wait for the end of its session, and let a spare process take its place."""
        self._heal_actor(fault.actor)
        injected_ns = now_ns()
        # SIGKILL always takes effect, so the result of `inject` is not needed
        INJECTORS[fault.kind].inject(self._arena, self._team.last_known_session(fault.actor))
        # read the journal only now: the actor may have opened another session just before it died
        target = self._target(fault, session_name)
        self._recorder.note("fault", target, number, injected_ns, fault.kind)
        self.await_session_end(target, number, injected_ns)
        self._team.replace(fault.actor)

    def replace_dead(self, actor: int) -> None:
        """Note that the process of an actor has ended by itself, and let a spare process take its place."""
        self._heal_actor(actor)
        target, found_ns = self._recorder.current_session(actor), now_ns()
        number = max(0, self._recorder.last_number_begun(actor))
        self._recorder.note(
            "died", target, number, found_ns, error=self._arena.pool.describe_end(target.process)
        )
        self.await_session_end(target, number, found_ns)
        self._team.replace(actor)

    def _inject_into_actor(self, number: int, fault: Fault, session_name: str | None) -> None:
        """Inject a fault that hits the session of one actor, whose process continues."""
        target, injected_ns = self._target(fault, session_name), now_ns()
        ends_now = fault.traits.ends_session and not fault.traits.lasting
        backends = self._arena.observer.backends([target.name]) if ends_now else None
        if not INJECTORS[fault.kind].inject(self._arena, target):
            return
        point = fault.point if self._program.mode == "gate" else None
        self._recorder.note("fault", target, number, injected_ns, fault.kind, point)
        if fault.traits.lasting:
            self._active[number] = target
        elif ends_now:
            self.await_session_end(target, number, injected_ns, backends)

    def _inject_into_server(self, number: int, fault: Fault) -> None:
        """Inject a fault that ends every session, including those that are opened while it is injected."""
        injected_ns = now_ns()
        before = [self._recorder.current_session(actor) for actor in self._team.actors]
        for target in before:
            self._recorder.note("fault", target, number, injected_ns, fault.kind)
        # the warm actors that this program does not use would lose their sessions without an event in the history
        self._arena.dismiss(keep=len(before))
        backends = self._arena.observer.backends([target.name for target in before])
        INJECTORS[fault.kind].inject(self._arena, before[fault.actor])
        for target in before:
            self.await_session_end(target, number, injected_ns, backends)
        opened = [one for target in before for one in self._recorder.current_sessions_since(target)]
        alive = self._arena.observer.alive([one.name for one in opened])
        for target in opened:
            if target.name not in alive:
                self._recorder.note("fault", target, number, injected_ns, fault.kind)
                self._recorder.note("gone", target, number)

    def _target(self, fault: Fault, session_name: str | None) -> ActorSession:
        """Return the session that a fault hits."""
        now = self._recorder.current_session(fault.actor)
        if session_name is None or session_name == now.name:
            return now
        # the session that an actor is opening belongs to its next incarnation; a killed actor does not get that far
        incarnation = now.incarnation + (not fault.traits.ends_process)
        return now._replace(name=session_name, incarnation=incarnation)

    def await_session_end(
        self, target: ActorSession, number: int, since_ns: int, backends: frozenset[Backend] | None = None
    ) -> None:
        """Ask the server until the session is gone, within the bound for a release, and note the answer.

        Args:
            backends: The connections whose ends are awaited.  By default it is all of the session, but a client that
                continues may open others.
        """
        until_ns = since_ns + self._arena.bounds.release_ms * NS_PER_MS
        while (lingers := self._is_left(target, backends)) and now_ns() < until_ns:
            pass
        self._recorder.note("lingers" if lingers else "gone", target, number)

    def _is_left(self, target: ActorSession, backends: frozenset[Backend] | None) -> bool:
        found = self._arena.observer.backends([target.name])
        return bool(found if backends is None else found & backends)

    # Lasting faults

    def heal(self, number: int) -> None:
        """Undo a lasting fault if it is active.  If it ends its session, wait for that now."""
        if number not in self._active:
            return
        fault, target = self.fault(number), self._active.pop(number)
        ends_session = fault.traits.ends_session
        backends = self._arena.observer.backends([target.name]) if ends_session else None
        INJECTORS[fault.kind].heal(self._arena, target)
        healed_ns = now_ns()
        self._recorder.note("heal", target, number, healed_ns, fault.kind)
        if ends_session:
            self.await_session_end(target, number, healed_ns, backends)

    def heal_all(self) -> None:
        """Undo all lasting faults that are active."""
        for number in [*self._active]:
            self.heal(number)

    def _heal_actor(self, actor: int) -> None:
        """Undo the lasting faults of one actor."""
        for number in self._active_on(actor):
            self.heal(number)

    def overlaps_active(self, number: int) -> bool:
        """Return whether a lasting fault that hits the same part of the same actor is active.

        Its network connection is one such part; otherwise two faults overlap if they are of the same kind.
        """
        new = self.fault(number)
        for active in map(self.fault, self._active_on(new.actor)):
            if active.kind == new.kind or active.traits.target == new.traits.target == "network":
                return True
        return False

    def _active_on(self, actor: int) -> list[int]:
        """Return the numbers of the lasting faults that are active on an actor."""
        return [number for number, target in self._active.items() if target.actor == actor]
