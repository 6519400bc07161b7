"""What libraries and drivers say when something runs out, in words that a person can act on.

They are told by name and text, so that nothing has to be imported: torch and OpenGL may not be there at all.
"""

from __future__ import annotations

import contextlib
import sys
import traceback

from volviz.core.atomic import reason
from volviz.core.errors import VolvizError

MEMORY = "There is not enough memory for this; close other programs, or work on a smaller or binned volume."
GPU_MEMORY = (
    "The graphics memory is full; close other programs that draw or compute, clip to a smaller region (F in the window), or segment on "
    "the CPU."
)
GPU_LOST = (
    "The graphics driver stopped, as it does after a reset, an update or sleep; save the session and start volviz again, with "
    "volviz open --software if it happens again."
)
GPU_BROKEN = "The GPU failed in the middle of its work; save the session and start volviz again, or segment on the CPU."
DRIVER_OLD = "The NVIDIA driver is too old for this PyTorch; update the driver, or segment on the CPU (--device cpu)."
CARD_OLD = "This PyTorch has no code for this graphics card; segment on the CPU (--device cpu), or install a PyTorch that supports it."
SAID = (  # in lower case, the first that fits counts
    ("cuda out of memory", GPU_MEMORY),
    ("cublas_status_alloc_failed", GPU_MEMORY),
    ("cudnn_status_alloc_failed", GPU_MEMORY),
    ("out of memory", GPU_MEMORY),
    ("driver version is insufficient", DRIVER_OLD),
    ("driver on your system is too old", DRIVER_OLD),
    ("no kernel image is available", CARD_OLD),
    ("context lost", GPU_LOST),
    ("cuda error", GPU_BROKEN),
    ("cudnn_status", GPU_BROKEN),
    ("can't allocate memory", MEMORY),
)
GL_OUT_OF_MEMORY, GL_CONTEXT_LOST = 1285, 1287


def sentence(error: BaseException) -> str | None:
    """Return one sentence on what went wrong and what to do; None for what nobody but a programmer can put right."""
    if isinstance(error, VolvizError):
        return str(error)
    if isinstance(error, MemoryError):
        return MEMORY
    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename else ""
        return f"{name}{reason(error)}; check the path, the permissions and the free space."
    code = getattr(error, "err", None)  # of PyOpenGL's GLError
    if code in {GL_OUT_OF_MEMORY, GL_CONTEXT_LOST}:
        return GPU_MEMORY if code == GL_OUT_OF_MEMORY else GPU_LOST
    if type(error).__name__ in {"OutOfMemoryError", "AcceleratorError", "RuntimeError", "GLError", "EGLError"}:
        text = str(error).lower()
        return next((sentence for part, sentence in SAID if part in text), None)
    return None


def let_go(error: BaseException) -> None:
    """Give back what the frames of an exception hold, on the GPU too: it may be shown for as long as the window is open."""
    traceback.clear_frames(error.__traceback__)
    torch = sys.modules.get("torch")
    if torch is not None:
        with contextlib.suppress(Exception):  # a device that has failed cannot even be tidied
            if torch.cuda.is_initialized():
                torch.cuda.empty_cache()
