"""The command line: ``volviz COMMAND ...``."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # as in typing, whose import takes longer than all that is done here
if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0, 2 for what a person can put right, 130 for Ctrl-C.

    Without ``argv`` it is what the process was started with, which then has nothing left to do and takes no Ctrl-C any more.
    """
    try:  # from here on Ctrl-C is answered: what takes time to import comes after it
        from volviz.cli.running import run

        return run(argv)
    except KeyboardInterrupt:
        return stopped()


def stopped() -> int:
    """Say that Ctrl-C was heard, and return the exit status for it."""
    print("volviz: Stopped; nothing half-done was left behind.", file=sys.stderr)
    return INTERRUPTED
