"""From a tensor on an NVIDIA card to a buffer of OpenGL on the same card, past the host; and what to do without.

Written from NVIDIA's documentation of the CUDA runtime API and **never run on a card**: there was none where volviz was
made. So nothing depends on it: it is tried when a tensor comes, any error turns it off for the session with one line in
the log, and the values go through the host as they always can.

Only ctypes and the CUDA runtime that whoever made the tensor has loaded: neither torch nor cuda-python is needed.
"""

from __future__ import annotations

import ctypes
import logging
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from OpenGL import GL

NAMES = ("libcudart.so.13", "libcudart.so.12", "libcudart.so.11.0", "libcudart.so", "cudart64_13.dll", "cudart64_12.dll")
WRITE_DISCARD = 2  # cudaGraphicsRegisterFlagsWriteDiscard
DEVICE_TO_DEVICE = 3  # cudaMemcpyDeviceToDevice
ALL_DEVICES = 1  # cudaGLDeviceListAll

log = logging.getLogger(__name__)


class CudaError(RuntimeError):
    """CUDA and OpenGL cannot share memory here."""


@dataclass(frozen=True, slots=True)
class OnCard:
    """An array on a card, as its ``__cuda_array_interface__`` describes it: contiguous, at ``pointer``, made in ``stream``."""

    pointer: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    stream: int

    @property
    def nbytes(self) -> int:
        """Its size."""
        return math.prod(self.shape) * self.dtype.itemsize

    @classmethod
    def of(cls, data: Any) -> OnCard:
        """Understand an array of another library (CUDA array interface, versions 2 and 3).

        Raises:
            CudaError: its values do not lie one after another, or it describes itself in no way known here.
        """
        try:
            said = data.__cuda_array_interface__
            shape, dtype = tuple(int(n) for n in said["shape"]), np.dtype(said["typestr"])
            pointer, strides, stream = int(said["data"][0]), said.get("strides"), said.get("stream")
        except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
            raise CudaError(f"an array describes itself wrongly: {error}") from error
        steps = [dtype.itemsize * math.prod(shape[i + 1 :]) for i in range(len(shape))]
        if strides is not None and any(a != b and n > 1 for a, b, n in zip(strides, steps, shape, strict=True)):
            raise CudaError("an array has gaps between its values")
        if said.get("mask") is not None:
            raise CudaError("an array has a mask")
        return cls(pointer, shape, dtype, int(stream or 0))


def on_card(data: Any) -> bool:
    """Tell whether an array lies on a card. Tensors of torch on the host say no."""
    return not isinstance(data, np.ndarray) and hasattr(data, "__cuda_array_interface__")


def on_host(data: Any) -> npt.NDArray[Any]:
    """Return an array of any library in the memory of the host: as torch, CuPy and DLPack give it.

    Raises:
        TypeError: it has no way there.
    """
    if isinstance(data, np.ndarray):
        return data
    if hasattr(data, "cpu"):
        return np.asarray(data.cpu())
    if hasattr(data, "get") and on_card(data):
        return np.asarray(data.get())
    if not on_card(data):
        return np.asarray(data)
    if hasattr(data, "__dlpack__"):
        return np.from_dlpack(data, device="cpu")
    raise TypeError(f"a {type(data).__name__} on a card has neither cpu() nor get() nor __dlpack__: copy it to the host before")


class Bridge:
    """A buffer of OpenGL that CUDA may write, in the context that is current.

    Raises:
        CudaError: there is no CUDA here, or the context is not drawn by one of its cards.
    """

    def __init__(self) -> None:
        self._cuda = _runtime()
        count, devices = ctypes.c_uint(), (ctypes.c_int * 16)()
        self._call("cudaGLGetDevices", ctypes.byref(count), devices, 16, ALL_DEVICES)
        if count.value < 1:
            raise CudaError("the context is not drawn by a card that CUDA knows")
        self._resource = ctypes.c_void_p()
        self._buffer, self._bytes = 0, 0

    def receive(self, data: OnCard, offset: int = 0) -> int:
        """Copy an array, from a byte on, to the buffer; return the buffer's name. What was in it is gone.

        Raises:
            CudaError: it could not be copied.
        """
        size = data.nbytes - offset
        self._grow(size)
        pointer, room = ctypes.c_void_p(), ctypes.c_size_t()
        stream = ctypes.c_void_p(data.stream)  # what the array is still being computed in
        self._call("cudaGraphicsMapResources", 1, ctypes.byref(self._resource), stream)
        try:
            self._call("cudaGraphicsResourceGetMappedPointer", ctypes.byref(pointer), ctypes.byref(room), self._resource)
            if room.value < size:
                raise CudaError("a shared buffer is smaller than it was made")
            self._call("cudaMemcpyAsync", pointer, ctypes.c_void_p(data.pointer + offset), ctypes.c_size_t(size), DEVICE_TO_DEVICE, stream)
        finally:
            self._call("cudaGraphicsUnmapResources", 1, ctypes.byref(self._resource), stream)
        return self._buffer

    def delete(self) -> None:
        """Give the buffer back to the driver; the context must be current."""
        if self._resource:
            self._cuda.cudaGraphicsUnregisterResource(self._resource)
            self._resource = ctypes.c_void_p()
        if self._buffer:
            GL.glDeleteBuffers(1, [self._buffer])
            self._buffer = 0

    def _grow(self, size: int) -> None:
        if size <= self._bytes and self._resource:
            return
        self.delete()
        self._bytes = -(-size // 4) * 4
        self._buffer = int(GL.glGenBuffers(1))
        GL.glBindBuffer(GL.GL_SHADER_STORAGE_BUFFER, self._buffer)
        GL.glBufferData(GL.GL_SHADER_STORAGE_BUFFER, self._bytes, None, GL.GL_STREAM_COPY)
        GL.glBindBuffer(GL.GL_SHADER_STORAGE_BUFFER, 0)
        self._call("cudaGraphicsGLRegisterBuffer", ctypes.byref(self._resource), ctypes.c_uint(self._buffer), ctypes.c_uint(WRITE_DISCARD))
        if not self._resource:  # seen with some versions: success, and nothing registered
            raise CudaError("CUDA registered a buffer and gave no handle")

    def _call(self, name: str, *arguments: Any) -> None:
        code = int(getattr(self._cuda, name)(*arguments))
        if code != 0:
            raise CudaError(f"{name} returned error {code}")


def _runtime() -> Any:
    """Return the CUDA runtime, at best the one that is loaded already."""
    for name in NAMES:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    raise CudaError("there is no CUDA runtime")
