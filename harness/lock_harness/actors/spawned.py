"""Programs that an actor starts in the middle of its work, and that outlive the step."""

import subprocess


class SpawnedPrograms:
    """The programs that one actor started and did not kill yet."""

    def __init__(self) -> None:
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start a program that inherits every descriptor that is not closed on exec, as careless code does."""
        self._running.append(subprocess.Popen(["sleep", "infinity"], close_fds=False))

    def kill(self) -> None:
        """Kill all programs."""
        while self._running:
            self._running[-1].kill()
            self._running.pop().wait()
