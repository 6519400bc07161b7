"""Draw a volume and its classes: `Renderer` in a context that is current, `still` and `frames` without a window."""

from volviz.render.frames import frames
from volviz.render.still import still

__all__ = ["frames", "still"]
