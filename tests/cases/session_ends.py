"""Histories for the checks of ended sessions and of remaining locks."""

from tests.histories import JAN, Case, acquire, audit, call, died, fault, history, kill, lingers, stall

KEEPS_RUNNING: list[Case] = [
    ("holds", "a process was killed", history(acquire(0, 0, True), kill(0, at=5))),
    ("violated", "a process ended by itself during a call", history(
        acquire(0, 0, None, took=None), died(0, at=5))),
    ("violated", "a process ended by itself between two calls", history(acquire(0, 0, True), died(0, at=500))),
    ("holds", "a process ended after its session had been ended", history(
        acquire(0, 0, True), fault("terminate", 0, at=5), call(0, "release", JAN, at=7, took=None), died(0, at=9))),
    ("violated", "a process ended by itself although only an earlier session had been ended", history(
        acquire(0, 0, True), fault("terminate", 0, at=5), call(0, "reopen", at=7),
        acquire(0, 10, None, incarnation=1, took=None), died(0, at=15, incarnation=1))),
    ("violated", "a process ended by itself although the session of another one had been ended", history(
        fault("terminate", 1, at=5), acquire(0, 7, None, took=None), died(0, at=9))),
    ("unknown", "a process was killed from outside", history(
        acquire(0, 0, None, took=None), died(0, at=5, how="signal SIGKILL; it printed: Killed"))),
]  # fmt: skip

AUTO_RELEASE: list[Case] = [
    ("violated", "refused after the bound although the process of the holder had ended by itself", history(
        acquire(0, 0, True), died(0, at=5), acquire(1, 1100, False))),
    ("holds", "refused within the bound after the process of the holder was found to have ended by itself", history(
        acquire(0, 0, True), died(0, at=2000), acquire(1, 2500, False))),
    ("violated", "refused after the bound although the server ended the holder's session", history(
        acquire(0, 0, True), fault("terminate", 0, at=5), acquire(1, 1100, False))),
    ("holds", "granted after the death of the holder", history(
        acquire(0, 0, True), kill(0, at=5), acquire(1, 1100, True))),
    ("violated", "refused after the bound although the holder died", history(
        acquire(0, 0, True), kill(0, at=5), acquire(1, 1100, False))),
    ("holds", "refused within the bound after the death of the holder", history(
        acquire(0, 0, True), kill(0, at=5), acquire(1, 500, False))),
    ("violated", "refused to a waiting session although the month was free for long at the end", history(
        acquire(0, 0, True), kill(0, at=5), acquire(1, 500, False, took=1000, timeout=1000))),
    ("unknown", "refused to a waiting session while the machine stalled", history(
        acquire(0, 0, True), kill(0, at=5), acquire(1, 500, False, took=1000, timeout=1000),
        stalls=(stall(1200, 100),))),
    ("violated", "refused after the bound although the holder closed its session", history(
        acquire(0, 0, True), call(0, "reopen", at=5), acquire(1, 1100, False))),
    ("holds", "refused because the next incarnation of the actor holds the month", history(
        acquire(0, 0, True), kill(0, at=5), acquire(0, 600, True, incarnation=1), acquire(1, 1100, False))),
    ("violated", "refused after the bound although the possible holder died during its acquire", history(
        acquire(0, 0, True, took=None), kill(0, at=5), acquire(1, 1100, False))),
    ("holds", "refused while the holder's session is half-open", history(
        acquire(0, 0, True), fault("half_open", 0, at=5, healed=3000), acquire(1, 2500, False))),
    ("violated", "refused after the bound although the half-open session was reset", history(
        acquire(0, 0, True), fault("half_open", 0, at=5, healed=3000), acquire(1, 4100, False))),
    ("violated", "the server still has the session of an actor that held the month", history(
        acquire(0, 0, True), kill(0, at=5, gone_after=None), lingers(0, at=1005))),
    ("unknown", "the server still has the session of an actor that held the month while the machine stalled", history(
        acquire(0, 0, True), kill(0, at=5, gone_after=None), lingers(0, at=1005), stalls=(stall(900, 100),))),
    ("holds", "the server still has the session of an actor that held nothing", history(
        acquire(0, 0, True), call(0, "release", JAN, at=2, answer=True), kill(0, at=5, gone_after=None),
        lingers(0, at=1005))),
]  # fmt: skip

NOTHING_LEFT_BEHIND: list[Case] = [
    ("holds", "the server has the locks that the clients know of", history(
        acquire(0, 0, True), audits=(audit([(0, JAN)], [(0, "k")]),))),
    ("violated", "the server has a lock that no client knows of", history(
        acquire(0, 0, True), audits=(audit([], [(0, "k")]),))),
    ("violated", "the server has the lock for another session", history(
        acquire(0, 0, True), audits=(audit([(0, JAN)], [(1, "k")]),))),
    ("unknown", "the harness gave up although every call had returned", history(
        acquire(0, 0, True), gave_up=8000)),
    ("holds", "the harness gave up on a call that hangs", history(
        acquire(0, 0, True), call(0, "release", JAN, at=2, took=None), gave_up=8000)),
    ("unknown", "the server cannot name the sessions", history(
        acquire(0, 0, True), audits=(audit([(0, JAN)], [], sessions=0),))),
]  # fmt: skip
