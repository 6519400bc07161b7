"""Torch, loaded by whatever thread needs it first, without the window standing still meanwhile.

Python lets no other thread run while it maps a compiled module into memory. For torch that is one library of 400 MB: a
quarter of a second from memory, a second and more while other programs compute or when the disk has to be read. The
system's own ``dlopen``, called as any function of C, lets the others run; when Python then asks for the library it is there.
Full searches for garbage, of which each looks at half a million new objects, would follow one another in the import.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType

# In the order, and with the visibility, in which torch does it. The second brings all that computes with it.
_LIBRARIES = (("libtorch_global_deps.so", "RTLD_GLOBAL"), ("libtorch.so", "RTLD_LOCAL"))


def prepare() -> None:
    """See to it that the first ``import torch``, in whatever thread, lets the others run."""
    if sys.platform.startswith("linux") and "torch" not in sys.modules and not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    """Finds torch, once, and what it is made of comes into memory before it is imported."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return where torch is, or None for everything else."""
        if name != "torch":
            return None
        with suppress(ValueError):
            sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.origin is not None and type(spec.loader) is SourceFileLoader:
            _load(Path(spec.origin).parent / "lib")
            spec.loader = _Loader(name, spec.origin)
        return spec


class _Loader(SourceFileLoader):
    """Runs a module without searches for garbage; nearly all that it makes is there to stay."""

    def exec_module(self, module: ModuleType) -> None:
        """Run it."""
        searching = gc.isenabled()
        gc.disable()
        try:
            super().exec_module(module)
        finally:
            gc.freeze()
            gc.unfreeze()  # all is old now: the next search, among what is new, is as short as ever
            if searching:
                gc.enable()


def _load(folder: Path) -> None:
    """Map torch's libraries into memory. What fails here is told by the import that follows."""
    dlopen = ctypes.CDLL(None).dlopen
    dlopen.restype, dlopen.argtypes = ctypes.c_void_p, (ctypes.c_char_p, ctypes.c_int)
    for library, visible in _LIBRARIES:
        dlopen(os.fsencode(folder / library), os.RTLD_NOW | getattr(os, visible))
