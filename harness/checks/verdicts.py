"""How a check says what it found."""

from harness.model import Status, Verdict

Finding = tuple[Status, str, tuple[int, ...]]  # status, why, numbers of the events that prove it


def verdict(check: str, findings: list[Finding]) -> Verdict:
    """The first violation if there is one, else the first doubt, else holds."""
    for wanted in ("violated", "unknown"):
        for status, why, evidence in findings:
            if status == wanted:
                return Verdict(check, status, why, evidence)
    return Verdict(check, "holds")


def ms(nanoseconds: int) -> str:
    return f"{nanoseconds / 1e6:.1f} ms"
