"""Where networks run and in which precision."""

from __future__ import annotations

import torch

from volviz.core.errors import VolvizError
from volviz.segment.protocol import Device, Precision

# The picture lives on the same GPU: a network may take this part of what is free.
FREE_MEMORY = 0.7


def torch_device(wish: Device) -> torch.device:
    """Return the device asked for; "auto" is the GPU if there is one.

    Raises:
        VolvizError: CUDA was asked for and is not there.
    """
    if wish == "cuda" and not torch.cuda.is_available():
        raise VolvizError("No CUDA device was found; run with --device cpu, or install an NVIDIA driver and a CUDA build of PyTorch.")
    if wish == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda")


def torch_dtype(wish: Precision, device: torch.device) -> torch.dtype:
    """Return the type in which convolutions compute; "auto" is the fastest that the device has circuits for."""
    if wish != "auto":
        return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[wish]
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.bfloat16 if _cpu_multiplies_bfloat16() else torch.float32


def _cpu_multiplies_bfloat16() -> bool:
    """Tell whether the processor has bfloat16 dot products: without them that type is emulated, and slower than float32."""
    return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())
