"""The command line: ``volviz COMMAND ...``."""

from __future__ import annotations

import io
import logging
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from volviz.core.errors import Cancelled
from volviz.core.failures import sentence

WRONG, INTERRUPTED, TERMINATED = 2, 130, 143


class _Terminated(BaseException):
    """Somebody asked the process to end: a way out that still removes what is half written."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0, 2 for what a person can put right, 130 for Ctrl-C."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")  # a terminal that knows no angstrom gets its code, not a failure
    # What it logs about broken files, we say in a sentence.
    logging.getLogger("tifffile").addHandler(logging.NullHandler())
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        from volviz.cli.parser import parse

        arguments = parse(sys.argv[1:] if argv is None else argv)
        arguments.command(arguments)
    except (KeyboardInterrupt, Cancelled):
        return _say("Stopped; nothing half-done was left behind.", INTERRUPTED)
    except _Terminated:
        return TERMINATED
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has gone: nobody is left to tell
        return 0
    except Exception as error:
        said = sentence(error)
        if said is None:
            raise
        return _say(said, WRONG)
    finally:
        signal.signal(signal.SIGTERM, before)
    return 0


def _say(sentence: str, status: int) -> int:
    print(f"volviz: {sentence}", file=sys.stderr)
    return status


def _terminate(number: int, frame: FrameType | None) -> None:
    raise _Terminated
