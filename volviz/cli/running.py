"""One command from its text to its exit status: signals, and sentences for what goes wrong."""

from __future__ import annotations

import io
import logging
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Any

from volviz.cli import stopped
from volviz.core.errors import Cancelled
from volviz.core.failures import sentence

WRONG, TERMINATED = 2, 143


class _Terminated(BaseException):
    """Somebody asked the process to end: a way out that still removes what is half written."""


class _Interrupted(KeyboardInterrupt):
    """Ctrl-C. `python -m` remembers a plain KeyboardInterrupt that passed through `exec` of text, and dies of the signal in the end."""


class _Interrupt:
    """Raises at Ctrl-C, and remembers that it did: on its way through a driver's calls that may become another error."""

    def __init__(self) -> None:
        self.heard = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.heard = True
        raise _Interrupted


def run(argv: Sequence[str] | None = None) -> int:
    """Do what `volviz.cli.main` says, from where signals can be listened to."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")  # a terminal that knows no angstrom gets its code, not a failure
    # What it logs about broken files, we say in a sentence.
    logging.getLogger("tifffile").addHandler(logging.NullHandler())
    interrupt = _Interrupt()
    before: dict[int, Any] = {signal.SIGTERM: signal.signal(signal.SIGTERM, _terminate)}
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # as of a job in the background, which Ctrl-C is not meant for
        before[signal.SIGINT] = signal.signal(signal.SIGINT, interrupt)
    try:
        from volviz.cli.parser import parse

        arguments = parse(sys.argv[1:] if argv is None else argv)
        arguments.command(arguments)
    except (KeyboardInterrupt, Cancelled):
        return stopped()
    except _Terminated:
        return TERMINATED
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has gone: nobody is left to tell
        return 0
    except Exception as error:
        if interrupt.heard:
            return stopped()
        said = sentence(error)
        if said is None:
            raise
        return _say(said, WRONG)
    finally:
        if argv is None and signal.SIGINT in before:
            before[signal.SIGINT] = signal.SIG_IGN
        for number, handler in before.items():
            signal.signal(number, handler)
    return 0


def _say(sentence: str, status: int) -> int:
    print(f"volviz: {sentence}", file=sys.stderr)
    return status


def _terminate(number: int, frame: FrameType | None) -> None:
    raise _Terminated
