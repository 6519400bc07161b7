"""Which kind of shader marches faster here: measured once on every kind of device, on the scene at hand."""

from __future__ import annotations

import time

from OpenGL import GL

from volviz.render.gl.target import Target
from volviz.render.gl.timer import in_software
from volviz.render.passes.march import ENTRIES, Entry, march
from volviz.render.shaders import Shaders, Variant

EDGE = 256  # pixels of the picture that is drawn for it
RUNS = 3
CLEARLY = 0.9  # compute must take less than this share of the other's time

_known: dict[str, Entry] = {}  # by the name of the device, for as long as the program runs


def chosen(shaders: Shaders, variant: Variant) -> Entry:
    """Return the faster kind for the context that is current.

    Needs what `march` needs, and the block `VIEW` of a picture of `EDGE` x `EDGE` pixels. A software driver runs both on
    the same units and was measured to take the same time within a twentieth, so its first picture does not wait for a
    second program to be compiled.
    """
    device = (GL.glGetString(GL.GL_RENDERER) or b"").decode(errors="replace")
    if device not in _known:
        _known[device] = "fragment" if in_software() else measured(shaders, variant)
    return _known[device]


def measured(shaders: Shaders, variant: Variant) -> Entry:
    """Return the faster kind by drawing a few pictures with each."""
    seconds = times(shaders, variant)
    return "compute" if seconds["compute"] < CLEARLY * seconds["fragment"] else "fragment"


def times(shaders: Shaders, variant: Variant) -> dict[Entry, float]:
    """Return the seconds that a picture takes with each kind, the least of a few; the first compiles and does not count."""
    target, size = Target((EDGE, EDGE)), (EDGE, EDGE)
    out: dict[Entry, float] = {}
    for entry in ENTRIES:
        taken = []
        for _ in range(RUNS + 1):
            GL.glFinish()
            began = time.perf_counter()
            march(shaders, target, size, variant=variant, entry=entry)
            GL.glFinish()
            taken.append(time.perf_counter() - began)
        out[entry] = min(taken[1:])
    target.delete()
    return out
