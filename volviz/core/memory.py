"""How much memory this machine has."""

from __future__ import annotations

import os


def physical_memory() -> int | None:
    """Return the machine's memory in bytes; None where the system does not say, as Windows does not."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None
