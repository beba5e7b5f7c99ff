"""The change from one state of a session to another, in words."""

from lock_harness.core.history import SessionState


def describe_change(before: SessionState, after: SessionState) -> str:
    """Return the change of a session's state, such as `now lock_timeout=200`; `unchanged` if there is none."""
    added = [one for one in after if one not in before]
    names = {one.partition("=")[0] for one in added}
    gone = [one for one in before if one not in after and one.partition("=")[0] not in names]
    words = [f"now {one}" for one in added] + [f"no more {one}" for one in gone]
    return ", ".join(words) or "unchanged"
