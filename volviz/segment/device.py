"""Where networks run and in which precision."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any, Protocol

import torch

from volviz.core.errors import VolvizError, check_choice
from volviz.core.failures import sentence
from volviz.segment.protocol import Device, Precision


class DeviceMemory(Protocol):
    """How much memory a device has, and how much of it some work takes."""

    def start(self) -> int:
        """Begin to measure; return how many bytes are free."""

    def used(self) -> int:
        """Return how many bytes more than at the start were taken at the most."""

    def empty(self) -> None:
        """Give back what is kept for later."""


class CudaMemory:
    """The memory of an NVIDIA GPU. What PyTorch keeps for later counts as free: it is what the next tiles are put into."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._before = 0

    def start(self) -> int:
        """Begin to measure; return how many bytes are free."""
        torch.cuda.reset_peak_memory_stats(self._device)
        self._before = torch.cuda.memory_allocated(self._device)
        kept = torch.cuda.memory_reserved(self._device) - self._before
        return int(torch.cuda.mem_get_info(self._device)[0]) + kept

    def used(self) -> int:
        """Return how many bytes more than at the start were taken at the most."""
        return torch.cuda.max_memory_allocated(self._device) - self._before

    def empty(self) -> None:
        """Give back what is kept for later."""
        torch.cuda.empty_cache()


def torch_device(wish: Device) -> torch.device:
    """Return the device asked for; "auto" is the GPU if there is one.

    Raises:
        VolvizError: CUDA was asked for and is not there.
    """
    if wish == "cuda" and not torch.cuda.is_available():
        raise VolvizError(_why_no_cuda())
    if wish == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda")


def _why_no_cuda() -> str:
    """Return why no GPU can be computed on here: PyTorch says so when it is made to try."""
    try:
        torch.cuda.current_device()
    except (AssertionError, RuntimeError) as error:
        if said := sentence(error):
            return said
        if "not compiled with" in str(error):
            return (
                "No CUDA device can be used, as this PyTorch is made for CPUs; run with --device cpu, or install a CUDA build of PyTorch."
            )
    return "No CUDA device was found; run with --device cpu, or install an NVIDIA driver and a CUDA build of PyTorch."


TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def torch_dtype(wish: Precision, device: torch.device) -> torch.dtype:
    """Return the type in which convolutions compute; "auto" is the fastest that the device has circuits for."""
    check_choice("The precision", wish, ("auto", *TYPES))
    if wish != "auto":
        return TYPES[wish]
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.bfloat16 if _cpu_multiplies_bfloat16() else torch.float32


def _cpu_multiplies_bfloat16() -> bool:
    """Tell whether the processor has bfloat16 dot products: without them that type is emulated, and slower than float32."""
    return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())


def empty(device: torch.device) -> None:
    """Give back what PyTorch keeps for later of a GPU's memory."""
    if device.type == "cuda":
        torch.cuda.empty_cache()


def give_back() -> None:
    """Give the memory that this process has freed back to the system.

    glibc keeps what tiles leave between blocks that are still in use, and most of what one thread takes and another
    frees: of 400x160x160 voxels in tiles of 64, 30 bytes per voxel.
    """
    if (trim := _trim()) is not None:
        trim(0)


@cache
def _trim() -> Any:
    """Return the function of glibc, or None where there is another library."""
    try:
        return getattr(ctypes.CDLL(None), "malloc_trim", None)
    except (OSError, TypeError):  # Windows knows no library without a name
        return None
