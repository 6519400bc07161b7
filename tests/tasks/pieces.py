"""What `call_apart` is given to do in its tests: in a module, so that another process can import it."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from volviz.core.errors import Enough, VolvizError
from volviz.core.report import Report


def count(to: int, path: Path, report: Report) -> None:
    sys.stdout.write("a library that chatters on standard output\n")
    for i in range(to):
        report(i / to, f"number {i}", square=i * i)
    path.write_text(f"{os.getpid()}")


def refuse(report: Report) -> None:
    raise VolvizError("The batch is too large; make it smaller.")


def fail(report: Report) -> None:
    raise KeyError("a bug")


def die(how: int, report: Report) -> None:
    sys.stderr.write("the last words\n")
    os.kill(os.getpid(), how)
    signal.pause()


def go_on(path: Path, report: Report) -> None:
    """Work until told to stop, and write what ended it."""
    path.with_suffix(".pid").write_text(str(os.getpid()))
    try:
        while True:
            report(0.5, "working", step=1)
            time.sleep(0.01)
    except Enough:
        path.write_text("enough")
    except BaseException as error:
        path.write_text(type(error).__name__)
        raise


def hang(path: Path, report: Report) -> None:
    """Hear nothing."""
    path.with_suffix(".pid").write_text(str(os.getpid()))
    report(0.5, "hanging", step=1)
    signal.pause()
