"""Files that PyTorch wrote, read without running what is in them.

Such a file is a pickle: a program that may import anything. What it asks for is listed first, without running it, and
anything but tensors and plain containers is refused by name. Settings of the training program (Lightning's callbacks,
parsed arguments) become empty classes. PyTorch's own restricted reader then does the work.
"""

from __future__ import annotations

import io
import pickletools
import re
import tarfile
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor

from volviz.core.errors import VolvizError

# What a file of weights needs to rebuild its tensors and containers.
_NEEDED = re.compile(
    r"collections\.OrderedDict|torch\._utils\._rebuild_(tensor|tensor_v2|parameter)|torch\.nn\.parameter\.Parameter"
    r"|torch\.(\w+Storage|storage\.(Untyped|Typed)Storage|Size|device|b?float(16|32|64)?|double|half|u?int(8|16|32|64)|long|bool)"
)
# What says how training went. Nothing of it is run, so an empty class does.
_SETTINGS = ("pytorch_lightning.", "argparse.")
# How a file from before PyTorch 1.6 begins: a number by which it is known, as a pickle of its own.
_MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."


def read_checkpoint(path: Path) -> Mapping[str, Any]:
    """Read a file of tensors and plain values; no code of it is run.

    Objects of Lightning and argparse are empty ones that have the original's attributes.

    Raises:
        VolvizError: it wants to import something else, is damaged, or is no file of weights.
    """
    settings: dict[str, None] = {}
    try:
        for name in _imports(path):
            if name.startswith(_SETTINGS):
                settings[name] = None
            elif not _NEEDED.fullmatch(name):
                raise _refused(path, name)
    except OSError as error:
        raise VolvizError(f"{path} cannot be read ({error.strerror}); check its name and permissions.") from error
    # PyTorch fills no dictionary but its own kinds.
    stubs: list[Any] = [(OrderedDict, name) if name.endswith("Dict") else _stub(name) for name in settings]
    try:
        with torch.serialization.safe_globals(stubs), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of storages in old files
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a stranger's file may be wrong in any way
        asked = re.search(r"GLOBAL ([\w.]+)", str(error))
        if asked:
            raise _refused(path, asked[1]) from error
        raise VolvizError(
            f"{path} is damaged, or holds more than weights; fetch it anew, or ask for a file of the state_dict alone."
        ) from error
    if not isinstance(content, Mapping):
        raise VolvizError(f"{path} holds no weights by name, but a {type(content).__name__}; save the state_dict of the network.")
    return content


def tensors_of(path: Path, content: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return the weights of a checkpoint by name, in float32, without the prefixes of wrappers around the network.

    Raises:
        VolvizError: there are none, or a tensor claims more than the file holds, or is no number.
    """
    found = next((content[key] for key in ("state_dict", "model_state_dict") if isinstance(content.get(key), Mapping)), content)
    tensors: dict[str, Tensor] = {}
    for name, value in found.items():
        if not isinstance(value, Tensor):
            raise VolvizError(f"{path} holds no weights that volviz can find: there is no state_dict or model_state_dict in it.")
        if value.layout != torch.strided or value.is_quantized or value.numel() * value.element_size() > value.untyped_storage().nbytes():
            raise VolvizError(f"{path} is damaged: its tensor {name} claims more numbers than the file holds.")
        if value.is_floating_point():
            tensors[str(name)] = value.detach().to(torch.float32).contiguous()
            if not bool(tensors[str(name)].isfinite().all()):
                raise VolvizError(f"{path} holds values in {name} that are no numbers: the training that made it has failed.")
    if not tensors:
        raise VolvizError(f"{path} holds no weights.")
    for prefix in ("module.", "model.", "module."):
        if all(name.startswith(prefix) for name in tensors):
            tensors = {name.removeprefix(prefix): value for name, value in tensors.items()}
    return tensors


def _refused(path: Path, name: str) -> VolvizError:
    # Python hides `os` behind the name of the system.
    known = f"{name} (os.{name.partition('.')[2]})" if name.startswith(("posix.", "nt.")) else name or "something without a name"
    return VolvizError(
        f"{path} was not loaded, because it wants to import {known}, which weights have no need of; ask for a file of the state_dict alone."
    )


def _stub(name: str) -> type:
    """Return an empty class of a name, which takes any arguments and does nothing."""
    module, _, last = name.rpartition(".")
    return type(last, (), {"__module__": module, "__init__": lambda self, *_, **__: None})


def _imports(path: Path) -> Iterator[str]:
    """Yield the names that a file would import, in order, without running it.

    Raises:
        OSError: it cannot be read.
        VolvizError: it is no file of weights.
    """
    with path.open("rb") as file:
        start = file.read(4)
        file.seek(0)
        if start == b"PK\x03\x04":
            yield from _named(path, io.BytesIO(_pickle_in_zip(path, file)))
            return
        if start[:1] != b"\x80":
            if tarfile.is_tarfile(path):
                raise VolvizError(
                    f"{path} is in the form of PyTorch before 0.4, which cannot be read safely; load it there and save it anew."
                )
            raise VolvizError(f"{path} is no file of weights that PyTorch wrote, or is damaged; fetch it anew.")
        # Before 1.6: a number that says so, a version, facts on the machine, the content; then bare numbers.
        magic = file.read(len(_MAGIC))
        file.seek(0)
        for _ in range(4 if magic == _MAGIC else 1):
            yield from _named(path, file)
        if magic != _MAGIC:
            raise VolvizError(f"{path} is a pickle, but no file of weights that PyTorch wrote; save the state_dict of the network.")


def _pickle_in_zip(path: Path, file: BinaryIO) -> bytes:
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            if any(entry.filename.endswith("/constants.pkl") for entry in entries):
                raise VolvizError(f"{path} is a TorchScript program, not a file of weights; save the state_dict of the network.")
            # PyTorch never compresses: what says that it unfolds into more than the file is no file of its.
            if sum(entry.file_size for entry in entries) > path.stat().st_size or any(entry.compress_type for entry in entries):
                raise VolvizError(f"{path} claims to hold more than its size, as no file does that PyTorch wrote; fetch it anew.")
            (content,) = (entry for entry in entries if entry.filename.endswith("/data.pkl") or entry.filename == "data.pkl")
            return archive.read(content)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise VolvizError(f"{path} is damaged or cut short; fetch it anew.") from error


def _named(path: Path, file: BinaryIO) -> Iterator[str]:
    """Yield what one pickle names to be imported."""
    strings: list[str] = []
    try:
        for code, argument, _ in pickletools.genops(file):
            if code.name in {"GLOBAL", "INST"}:
                yield str(argument).replace(" ", ".")
            elif code.name == "STACK_GLOBAL":
                yield ".".join(strings[-2:])
            elif isinstance(argument, str):
                strings.append(argument)
    except (ValueError, UnicodeDecodeError, IndexError, OverflowError) as error:
        raise VolvizError(f"{path} is damaged or cut short; fetch it anew.") from error
