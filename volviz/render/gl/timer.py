"""How long the GPU takes for pieces of work, without waiting for it where that can be had."""

from __future__ import annotations

import time
from typing import Generic, TypeVar

import numpy as np
from OpenGL import GL

AHEAD = 4  # measurements that may be on their way at once
SOFTWARE = ("llvmpipe", "softpipe", "swrast", "software", "swiftshader")

Note = TypeVar("Note")


def in_software() -> bool:
    """Whether the context that is current draws on the CPU."""
    name = (GL.glGetString(GL.GL_RENDERER) or b"").decode(errors="replace").lower()
    return any(word in name for word in SOFTWARE)


class Timer(Generic[Note]):
    """Measures from `begin` to `end`. What came out, and the note it was taken with, is in `taken` a frame or two later.

    A card stamps the time into queries that are read when they are there, so that nobody waits. Drawing in software has
    no such clock worth its name and waits for the end, which it would a moment later anyway.
    """

    def __init__(self) -> None:
        self._waits = in_software() or not GL.glGetQueryiv(GL.GL_TIMESTAMP, GL.GL_QUERY_COUNTER_BITS)
        self._free = [] if self._waits else [tuple(int(q) for q in GL.glGenQueries(2)) for _ in range(AHEAD)]
        self._all = list(self._free)
        self._waiting: list[tuple[tuple[int, ...], Note]] = []
        self._taken: list[tuple[float, Note]] = []
        self._began = 0.0
        self._now: tuple[int, ...] | None = None

    def begin(self) -> None:
        """Start the clock."""
        if self._waits:
            GL.glFinish()
            self._began = time.perf_counter()
        elif self._free:
            self._now = self._free.pop()
            GL.glQueryCounter(self._now[0], GL.GL_TIMESTAMP)

    def end(self, note: Note) -> None:
        """Stop it."""
        if self._waits:
            GL.glFinish()
            self._taken.append((time.perf_counter() - self._began, note))
        elif self._now is not None:
            GL.glQueryCounter(self._now[1], GL.GL_TIMESTAMP)
            self._waiting.append((self._now, note))
            self._now = None

    def taken(self) -> list[tuple[float, Note]]:
        """Return the measurements, seconds and note, that were finished since the last call."""
        while self._waiting and GL.glGetQueryObjectiv(self._waiting[0][0][1], GL.GL_QUERY_RESULT_AVAILABLE):
            queries, note = self._waiting.pop(0)
            began, ended = (_stamp(query) for query in queries)
            self._taken.append(((ended - began) * 1e-9, note))
            self._free.append(queries)
        taken, self._taken = self._taken, []
        return taken

    def delete(self) -> None:
        """Give the queries back to the driver."""
        for pair in self._all:
            GL.glDeleteQueries(2, list(pair))
        self._all, self._free, self._waiting = [], [], []


def _stamp(query: int) -> int:
    value = np.zeros(1, np.uint64)
    GL.glGetQueryObjectui64v(query, GL.GL_QUERY_RESULT, value)
    return int(value[0])
