"""Outputs that appear under their name whole, or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from volviz.core.errors import VolvizError


def partial_name(path: Path) -> Path:
    """Return a hidden name beside a path, with its suffixes, that nothing has yet."""
    suffix = "".join(path.suffixes[-2:]) if path.suffix.lower() in {".gz", ".bz2"} else path.suffix
    stem = path.name.removesuffix(suffix)
    return path.with_name(f".{stem}.{uuid.uuid4().hex[:8]}.part{suffix}")


def remove(path: Path) -> None:
    """Remove a file or a folder with all it holds, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def check_absent(path: Path, *, overwrite: bool) -> None:
    """Refuse a name that is taken.

    Raises:
        VolvizError: the name is taken and may not be reused.
    """
    if path.exists() and not overwrite:
        raise VolvizError(f"{path} is there already; choose another name, or allow it to be replaced (--overwrite).")


def make_folder(folder: Path) -> bool:
    """Make sure that files can be written into a folder, and say whether it had to be made.

    Only the last level of the path is made: a longer missing path is more often a slip of the pen than a wish.

    Raises:
        VolvizError: the folder cannot be made or written to.
    """
    made = False
    try:
        if not folder.is_dir():
            if folder.exists():
                raise VolvizError(f"{folder} is a file, so nothing can be written into it; choose a folder.")
            if not folder.absolute().parent.is_dir():
                raise VolvizError(f"The folder {folder.absolute().parent} does not exist; make it first, or choose another place.")
            folder.mkdir()
            made = True
        # Permissions, read-only disks and /proc all answer truthfully only when tried.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        if made:
            remove(folder)
        raise VolvizError(
            f"Nothing can be written into the folder {folder} ({reason(error)}); choose another place, or ask for permission."
        ) from error
    return made


def reason(error: OSError) -> str:
    """Return the system's own words for what went wrong, in lower case."""
    return (error.strerror or str(error)).lower()


@contextmanager
def replacing(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Give a name beside a path to write a file or a folder to, and move it into place when the block ends well.

    The parent folder is made if only it is missing. If the block raises anything, `Cancelled` and KeyboardInterrupt
    included, what it wrote (and a folder made for it) is removed and whatever was at the path stays.

    Raises:
        VolvizError: the path is taken, its folder missing or not writable, or the disk full.
    """
    check_absent(path, overwrite=overwrite)
    made = make_folder(path.parent)
    partial = partial_name(path)
    try:
        yield partial
        move(partial, path)
    except BaseException as error:
        remove(partial)
        if made:
            path.parent.rmdir()
        if isinstance(error, OSError):
            raise VolvizError(f"{path} could not be written ({reason(error)}); free some space or choose another place.") from error
        raise


def move(partial: Path, path: Path) -> None:
    """Put a finished file or folder in the place of whatever has its name."""
    if path.is_dir() and not path.is_symlink():
        # A folder that is not empty cannot be replaced in one step: set it aside, and bring it back if the second step fails.
        aside = partial_name(path)
        path.rename(aside)
        try:
            os.replace(partial, path)
        except BaseException:
            aside.rename(path)
            raise
        remove(aside)
    else:
        os.replace(partial, path)
