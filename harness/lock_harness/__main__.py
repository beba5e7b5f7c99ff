"""Run `lock-harness` by `python -m lock_harness`."""

import sys

from lock_harness.frontends.cli import main

if __name__ == "__main__":
    sys.exit(main())
