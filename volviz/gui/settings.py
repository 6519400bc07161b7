"""What the window remembers between sessions: its shape, and what was open last."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings, QSize
from PySide6.QtWidgets import QMainWindow, QSplitter

RECENT = 8
TOGETHER = "\n"  # between the paths of an entry
UNSIZED = "unknown"
USUAL, LARGEST, SHARE = QSize(1280, 800), QSize(1680, 1050), 0.85  # of the room on the screen, at first
FRAME = QSize(8, 40)  # what a window manager puts around a window, at most
LAYOUT = 6  # raised when docks change, so that an old layout is not forced on new ones


def settings() -> QSettings:
    """Return the store."""
    return QSettings("volviz", "volviz")


def recent() -> list[tuple[Path, ...]]:
    """Return what was open last, newest first, whether it is still there or not; files that were open together are one entry."""
    value = settings().value("recent", [])
    entries = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return [tuple(Path(path) for path in entry.split(TOGETHER)) for entry in entries]


def remember(paths: Sequence[Path]) -> None:
    """Put files that are open together at the head of the list, in place of any of them alone, or with fewer of the others."""
    if not paths:
        return
    new = tuple(dict.fromkeys(path.absolute() for path in paths))
    kept = [new, *(entry for entry in recent() if not set(entry) <= set(new))]
    settings().setValue("recent", [TOGETHER.join(map(str, entry)) for entry in kept[:RECENT]])


def turntable() -> bool:
    """Whether the 3D view turns as on a table, rather than freely."""
    return settings().value("turntable", "false") in {True, "true"}


def voxel_size(path: Path) -> float | None:
    """Return what a person said of a file whose header knows no voxel size (A)."""
    value = settings().value(f"voxel_sizes/{_key(path)}")
    try:
        return float(str(value)) if value is not None else None
    except ValueError:
        return None


def remember_voxel_size(path: Path, size: float) -> None:
    """Keep what a person said of a file, so that they are asked once."""
    settings().setValue(f"voxel_sizes/{_key(path)}", repr(size))


def leave_voxel_size(path: Path) -> None:
    """Keep that a person does not know the voxel size of a file either."""
    settings().setValue(f"voxel_sizes/{_key(path)}", UNSIZED)


def unsized(path: Path) -> bool:
    """Whether a person was asked for the voxel size of this file, and left it as it is."""
    return bool(settings().value(f"voxel_sizes/{_key(path)}") == UNSIZED)


def _key(path: Path) -> str:
    return hashlib.sha1(str(path.absolute()).encode(), usedforsecurity=False).hexdigest()


def first_size(room: QSize) -> QSize:
    """Return how large a window begins where a screen has this much room (pixels): never so large that its foot is cut off."""
    wanted = (room * SHARE).expandedTo(USUAL).boundedTo(LARGEST)
    return wanted.boundedTo(room - FRAME)


def save_layout(window: QMainWindow) -> None:
    """Keep the window's size and its docks."""
    store = settings()
    store.setValue("geometry", window.saveGeometry())
    store.setValue("docks", window.saveState(LAYOUT))


def restore_layout(window: QMainWindow) -> None:
    """Bring back the window's size and its docks, if they fit this version."""
    store = settings()
    geometry, docks = store.value("geometry"), store.value("docks")
    if isinstance(geometry, QByteArray):
        window.restoreGeometry(geometry)
    if isinstance(docks, QByteArray):
        window.restoreState(docks, LAYOUT)


def save_splitters(splitters: Mapping[str, QSplitter]) -> None:
    """Keep how views share the room."""
    for name, splitter in splitters.items():
        settings().setValue(f"splitters/{name}", splitter.saveState())


def restore_splitters(splitters: Mapping[str, QSplitter]) -> None:
    """Bring back how views shared the room."""
    for name, splitter in splitters.items():
        state = settings().value(f"splitters/{name}")
        if isinstance(state, QByteArray):
            splitter.restoreState(state)
