"""The command `lock-harness`, which is also `python -m lock_harness`."""

import sys

from lock_harness.frontends.signals import SignalReceived, end_on_signals


def main() -> int:
    """Run the command line, and return its exit code."""
    end_on_signals()
    try:
        # a signal may arrive while modules are imported
        from lock_harness.frontends.cli import run_command_line

        return run_command_line(sys.argv[1:])
    except SignalReceived as received:
        print(f"lock-harness: {received}", file=sys.stderr)
        return received.exit_code


if __name__ == "__main__":
    sys.exit(main())
