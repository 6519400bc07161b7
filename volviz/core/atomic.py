"""Outputs that appear under their name whole, or not at all."""

from __future__ import annotations

import atexit
import errno
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from volviz.core.errors import VolvizError

_unfinished: dict[Path, int] = {}  # hidden names that were given out, and the process that asked for them


def partial_name(path: Path) -> Path:
    """Return a hidden name beside a path, with its suffixes, that nothing has yet.

    What still has it when the process ends is removed: a thread may have been at work that nobody waited for.
    """
    suffix = "".join(path.suffixes[-2:]) if path.suffix.lower() in {".gz", ".bz2"} else path.suffix
    stem = path.name.removesuffix(suffix)
    partial = path.absolute().with_name(f".{stem}.{uuid.uuid4().hex[:8]}.part{suffix}")
    _unfinished[partial] = os.getpid()
    return partial


@atexit.register
def _remove_unfinished() -> None:
    for partial, process in list(_unfinished.items()):
        if process == os.getpid():
            with suppress(OSError):
                remove(partial)


def remove(path: Path) -> None:
    """Remove a file or a folder with all it holds, if it is there."""
    _unfinished.pop(path, None)
    if os.path.isdir(path) and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def check_absent(path: Path, *, overwrite: bool) -> None:
    """Refuse a name that is taken.

    Raises:
        VolvizError: the name is taken and may not be reused, or is that of a device or a pipe.
    """
    if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
        # To move a file there would put it in the place of the device, for the whole machine if root does it.
        raise VolvizError(f"{path} is a device or a pipe, which volviz does not replace by a file; choose another name.")
    # os.path, because Path's own questions raise where a folder on the way may not be entered.
    if os.path.lexists(path) and not overwrite:
        raise VolvizError(f"{path} is there already; choose another name, or allow it to be replaced (--overwrite).")


def check_other(path: Path, tomogram: Path | None) -> None:
    """Refuse to write what was made of a tomogram over the tomogram itself, which nothing brings back.

    Raises:
        VolvizError: both are the same file or folder.
    """
    if tomogram is None:
        return
    there = os.path.exists(path) and os.path.exists(tomogram)
    if os.path.samefile(path, tomogram) if there else path.absolute() == tomogram.absolute():
        raise VolvizError(f"{path} is the tomogram itself, which is not written to; choose another name.")


def check_folder(folder: Path) -> None:
    """Make sure, leaving no trace, that files can be written into a folder, or into one that `make_folder` would make.

    Raises:
        VolvizError: the folder cannot be made or written to.
    """
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise VolvizError(f"{folder} is a file, so nothing can be written into it; choose a folder.")
    nearest = folder if os.path.isdir(folder) else folder.absolute().parent
    if not os.path.isdir(nearest):
        raise VolvizError(f"The folder {nearest} does not exist; make it first, or choose another place.")
    try:
        # Permissions, read-only disks and /proc all answer truthfully only when tried.
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        raise VolvizError(f"Nothing can be written into the folder {nearest} ({reason(error)}); choose another place.") from error


def make_folder(folder: Path) -> bool:
    """Make sure that a folder is there and takes files, and say whether it had to be made.

    Only the last level of the path is made: a longer missing path is more often a slip of the pen than a wish.

    Raises:
        VolvizError: the folder cannot be made or written to.
    """
    check_folder(folder)
    made = not folder.is_dir()
    if made:
        folder.mkdir(exist_ok=True)
    return made


def make_folders(folder: Path) -> None:
    """Make sure that a folder is there that the program keeps its own things in, with all above it.

    Raises:
        VolvizError: one of them cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise VolvizError(f"The folder {folder} cannot be made ({reason(error)}); check the permissions and the free space.") from error


def reason(error: OSError) -> str:
    """Return the system's own words for what went wrong, as they go on in a sentence."""
    words = error.strerror or str(error)
    if error.errno is None and words.endswith(" written"):  # "40000 requested and 6472 written": numpy has not kept the reason
        words = os.strerror(errno.ENOSPC)
    return words[:1].lower() + words[1:]


def unwritten(path: Path, error: OSError) -> VolvizError:
    """Return the sentence for what went wrong in writing a file or a folder."""
    return VolvizError(f"{path} could not be written ({reason(error)}); free some space or choose another place.")


class Replacement:
    """A file or folder written under a hidden name beside its own: `commit` puts it in place, `discard` removes it.

    The parent folder is made if only it is missing, and removed again by `discard`.

    Raises:
        VolvizError: on construction: the path is taken, its folder missing or not writable.
    """

    def __init__(self, path: Path, *, overwrite: bool = False, folder: bool = False) -> None:
        check_absent(path, overwrite=overwrite)
        # What is in the way of a folder is the caller's to judge: only it knows what it may replace.
        if not folder and os.path.isdir(path):
            raise VolvizError(f"{path} is a folder, which volviz does not replace by a file; choose another name.")
        self._path, self._made = path, make_folder(path.parent)
        self.partial = partial_name(path)

    def commit(self) -> None:
        """Put what was written in the place of whatever has its name."""
        move(self.partial, self._path)

    def discard(self) -> None:
        """Leave nothing behind; whatever was at the path stays."""
        remove(self.partial)
        if self._made:
            remove_if_empty(self._path.parent)

    def explain(self, error: OSError) -> VolvizError:
        """Return the sentence for what went wrong in writing."""
        return unwritten(self._path, error)


@contextmanager
def replacing(path: Path, *, overwrite: bool = False, folder: bool = False) -> Iterator[Path]:
    """Give a name to write a file or a folder to, and move it into place when the block ends well.

    If the block raises anything, `Cancelled` and KeyboardInterrupt included, what it wrote is removed.

    Raises:
        VolvizError: as `Replacement`, or the disk is full.
    """
    replacement = Replacement(path, overwrite=overwrite, folder=folder)
    try:
        yield replacement.partial
        replacement.commit()
    except BaseException as error:
        replacement.discard()
        if isinstance(error, OSError):
            raise replacement.explain(error) from error
        raise


def remove_if_empty(folder: Path) -> None:
    """Remove a folder unless something is in it."""
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def move(partial: Path, path: Path) -> None:
    """Put a finished file or folder in the place of whatever has its name."""
    _move(partial, path)
    _unfinished.pop(partial, None)


def _move(partial: Path, path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        # A folder that is not empty cannot be replaced in one step: set it aside, and bring it back if the second step fails.
        aside = partial_name(path)
        _unfinished.pop(aside)  # what was there before is not ours to remove
        path.rename(aside)
        try:
            os.replace(partial, path)
        except BaseException:
            aside.rename(path)
            raise
        remove(aside)
    else:
        os.replace(partial, path)
