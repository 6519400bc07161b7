"""Saving pictures with a note of how they were made inside them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import tifffile
from PIL import Image, PngImagePlugin, TiffImagePlugin, UnidentifiedImageError

from volviz.core.atomic import reason, replacing
from volviz.core.errors import VolvizError
from volviz.core.files import check_file

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".tif": "TIFF", ".tiff": "TIFF"}
DESCRIPTION_TAG = 270  # TIFF's ImageDescription, which EXIF shares
JPEG_QUALITY = 95
PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
LARGEST_TEXT = 2**26  # bytes of one that is read
LARGEST_EXIF = 65_000  # a JPEG segment has 16 bits for its length


def save_image(
    path: str | Path,
    rgba: npt.NDArray[np.uint8],
    *,
    overwrite: bool = False,
    metadata: Mapping[str, str] | None = None,
    dpi: float | None = None,
) -> None:
    """Write a picture (h, w, 4) or (h, w, 3) uint8 as PNG, JPEG or TIFF, by suffix; row 0 is the top.

    Alpha is dropped if the picture is opaque. ``metadata`` becomes text chunks in PNG, and JSON in the description tag
    of the others (left out of a JPEG if too long for one). ``dpi`` says how large it is on paper, in pixels to the inch.

    Raises:
        VolvizError: the suffix is another one, JPEG is asked to be transparent, or the path cannot be written.
    """
    path = Path(path).expanduser()
    kind = check_image_name(path)
    if kind == "JPEG" and rgba.shape[2:] == (4,) and not bool((rgba[..., 3] == 255).all()):
        raise VolvizError(f"{path} is a JPEG, which cannot be transparent; save a .png instead.")
    content = encoded(rgba, kind, metadata, dpi)
    with replacing(path, overwrite=overwrite) as partial:
        partial.write_bytes(content)


def encoded(rgba: npt.NDArray[np.uint8], kind: str, metadata: Mapping[str, str] | None = None, dpi: float | None = None) -> bytes:
    """Return a picture as a file of "PNG", "JPEG" or "TIFF" holds it; see `save_image`."""
    if rgba.ndim != 3 or rgba.shape[2] not in {3, 4} or rgba.dtype != np.uint8:
        raise ValueError(f"a picture is (h, w, 3 or 4) uint8, not {rgba.shape} {rgba.dtype}")
    if rgba.shape[2] == 4 and bool((rgba[..., 3] == 255).all()):
        rgba = rgba[..., :3]
    picture = Image.fromarray(np.ascontiguousarray(rgba))
    texts = {str(k): str(v) for k, v in (metadata or {}).items()}
    options: dict[str, Any] = {}
    if kind == "PNG":
        chunks = PngImagePlugin.PngInfo()
        for key, text in texts.items():
            chunks.add_itxt(key, text)
        options = {"pnginfo": chunks, "compress_level": 6}
    elif kind == "TIFF":
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        tags[DESCRIPTION_TAG] = json.dumps(texts)
        options = {"tiffinfo": tags, "compression": "tiff_deflate"}
    else:
        exif = Image.Exif()
        note = json.dumps(texts)
        if len(note) < LARGEST_EXIF:
            exif[DESCRIPTION_TAG] = note
        # 4:4:4, because the edges of saturated classes are what the picture is about.
        options = {"quality": JPEG_QUALITY, "subsampling": 0, "exif": exif}
    if dpi is not None:
        options["dpi"] = (dpi, dpi)
    held = BytesIO()  # not the file: what writes TIFF has words of its own for a full disk, or none
    picture.save(held, kind, **options)
    return held.getvalue()


def check_image_name(path: Path) -> str:
    """Return the picture format that a suffix stands for.

    Raises:
        VolvizError: it stands for none.
    """
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise VolvizError(f"volviz does not write pictures called {path.name}; end the name in .png, .jpg or .tif.")
    return kind


def read_metadata(path: str | Path) -> dict[str, str]:
    """Return what `save_image` was given as metadata; nothing if it was not volviz that wrote the picture.

    Raises:
        VolvizError: the path leads to no picture.
    """
    path = Path(path).expanduser()
    kind = FORMATS.get(path.suffix.lower())
    check_file(path)
    try:
        if kind == "PNG":
            with path.open("rb") as file:
                return _png_texts(file)
        if kind == "TIFF":
            with tifffile.TiffFile(path) as tiff:
                text = str(tiff.pages.first.description)
        else:
            with Image.open(path) as picture:
                text = str(picture.getexif().get(DESCRIPTION_TAG, ""))
    except (UnidentifiedImageError, Image.DecompressionBombError, tifffile.TiffFileError, ValueError, IndexError) as error:
        raise VolvizError(f"{path} is not a picture that volviz can read.") from error
    except OSError as error:
        raise VolvizError(f"{path} cannot be read ({reason(error)}); check the name.") from error
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def _png_texts(file: BinaryIO) -> dict[str, str]:
    """Read the texts before the pixels of a PNG, however large the picture is.

    Raises:
        ValueError: it is no PNG.
    """
    if file.read(len(PNG_MAGIC)) != PNG_MAGIC:
        raise ValueError("no PNG")
    texts: dict[str, str] = {}
    while len(head := file.read(8)) == 8:
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if kind in {b"IDAT", b"IEND"}:
            break
        if kind not in {b"tEXt", b"iTXt"} or length > LARGEST_TEXT:
            file.seek(length + 4, 1)
            continue
        key, _, rest = file.read(length).partition(b"\0")
        file.seek(4, 1)  # the checksum
        if kind == b"tEXt":
            texts[key.decode("latin-1")] = rest.decode("latin-1")
        elif rest[:1] == b"\0":  # not compressed, as we write them
            texts[key.decode("latin-1")] = rest[2:].split(b"\0", 2)[2].decode("utf-8", "replace")
    return texts
