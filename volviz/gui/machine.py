"""What this machine allows: how much memory may be spent on convenience, and what numbers of bytes are called."""

from __future__ import annotations

import os
from pathlib import Path

SHARE = 4  # of the memory, this part at the most


def budget(most: int) -> int:
    """Return a number of bytes, or a quarter of this machine's memory if that is less."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf
        return most
    return min(most, memory // SHARE)


def gigabytes(count: int) -> str:
    """Write a number of bytes as people say it: 3.2 GB, 450 MB."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def state_folder() -> Path:
    """Return where volviz keeps what outlives a run and is of no use to a person: not made yet."""
    given = os.environ.get("XDG_STATE_HOME") or (os.environ.get("LOCALAPPDATA") if os.name == "nt" else None)
    return (Path(given) if given else Path.home() / ".local" / "state") / "volviz"
