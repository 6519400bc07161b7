"""What may be read as a file at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from volviz.core.errors import VolvizError

_KINDS = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


def check_file(path: Path) -> None:
    """Refuse what is neither a file nor a folder: who reads a pipe waits for what nobody may ever write, and cannot go back in it.

    What is not there, or may not be looked at, is left to whoever opens it.

    Raises:
        VolvizError: it is a pipe, a socket or a device.
    """
    try:
        kind = stat.S_IFMT(os.stat(path).st_mode)
    except (OSError, ValueError):
        return
    if kind in _KINDS:
        raise VolvizError(f"{path} is {_KINDS[kind]}, which volviz does not read; save what comes from it as a file, and open that.")


def read_text(path: Path, *, encoding: str = "utf-8", errors: str = "strict") -> str:
    """Return what a text file holds.

    Raises:
        VolvizError: it is no file, see `check_file`.
        OSError: it cannot be read.
        UnicodeDecodeError: it is no text.
    """
    check_file(path)
    return path.read_text(encoding=encoding, errors=errors)
