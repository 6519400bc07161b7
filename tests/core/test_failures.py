"""What drivers and libraries say, in sentences."""

from __future__ import annotations

import pytest

from volviz.core.errors import VolvizError
from volviz.core.failures import let_go, sentence


class OutOfMemoryError(RuntimeError):
    """As torch names it."""


class GLError(Exception):
    """As PyOpenGL names it."""

    def __init__(self, err: int) -> None:
        super().__init__(f"GLError( err = {err} )")
        self.err = err


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (VolvizError("Choose another."), "Choose another."),
        (MemoryError(), "not enough memory"),
        (FileNotFoundError(2, "No such file", "x.mrc"), "x.mrc: no such file"),
        (OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), "graphics memory is full"),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory"), "not enough memory"),
        (RuntimeError("CUDA error: no kernel image is available for execution on the device"), "no code for this graphics card"),
        (RuntimeError("The NVIDIA driver on your system is too old (found version 11040)."), "driver is too old"),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), "GPU failed"),
        (GLError(1285), "graphics memory is full"),
        (GLError(1287), "graphics driver stopped"),
    ],
)
def test_each_has_a_sentence(error: BaseException, words: str) -> None:
    said = sentence(error)
    assert said is not None
    assert words in said
    assert "\n" not in said


@pytest.mark.parametrize("error", [ValueError("out of memory"), RuntimeError("shapes do not match"), GLError(1282)])
def test_a_mistake_of_the_program_has_none(error: BaseException) -> None:
    assert sentence(error) is None


def test_a_kept_exception_holds_nothing() -> None:
    class Large:
        pass

    import weakref

    seen = []

    def work() -> None:
        tensor = Large()
        seen.append(weakref.ref(tensor))
        raise RuntimeError

    try:
        work()
    except RuntimeError as error:
        kept = error
        assert seen[0]() is not None
        let_go(kept)
    assert seen[0]() is None
    assert kept.__traceback__ is not None
