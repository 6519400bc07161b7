"""What this machine allows: how much memory may be spent on convenience, and what numbers of bytes are called."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

from volviz.core.memory import physical_memory

SHARE = 4  # of the memory, this part at the most


def budget(most: int) -> int:
    """Return a number of bytes, or a quarter of this machine's memory if that is less."""
    memory = physical_memory()
    return most if memory is None else min(most, memory // SHARE)


def gigabytes(count: int) -> str:
    """Write a number of bytes as people say it: 3.2 GB, 450 MB."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def state_folder() -> Path:
    """Return where volviz keeps what outlives a run and is of no use to a person: not made yet."""
    given = os.environ.get("XDG_STATE_HOME") or (os.environ.get("LOCALAPPDATA") if os.name == "nt" else None)
    return (Path(given) if given else Path.home() / ".local" / "state") / "volviz"


def nvidia_gpu() -> str | None:
    """Return the name of the GPU that networks would run on, None where there is none that PyTorch could use.

    PyTorch itself is not asked: to import it takes seconds, in which the window would stutter.
    """
    from importlib.metadata import PackageNotFoundError, version

    try:
        if "+cpu" in version("torch"):
            return None
        cuda = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except (PackageNotFoundError, OSError):
        return None
    count, name = ctypes.c_int(), ctypes.create_string_buffer(128)
    if cuda.cuInit(0) or cuda.cuDeviceGetCount(ctypes.byref(count)) or not count.value:
        return None
    return name.value.decode(errors="replace") if cuda.cuDeviceGetName(name, len(name), 0) == 0 else "GPU"
