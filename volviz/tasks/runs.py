"""Trainings that a window has started: what was asked of each, in a folder with its checkpoints, so that one that was stopped can go on."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

from volviz.core.atomic import make_folders, replacing
from volviz.core.errors import VolvizError
from volviz.segment.models import models, user_folder

_NAME = re.compile(r"[\w][\w.+-]{0,63}")
_FILE = "run.json"


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """What was asked: the method by its name and its parameters as JSON has them, and what to learn from.

    ``data`` are tomograms, each with its labels and marks, or sessions twice; ``shown`` adds what was open in the window.
    """

    name: str
    method: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    data: tuple[tuple[str, ...], ...] = ()
    simulated: int = 0
    shown: bool = False
    device: str = "auto"

    @property
    def folder(self) -> Path:
        """Where its checkpoints are."""
        return runs_folder() / self.name

    @property
    def out(self) -> Path:
        """Where its model goes: among the person's own."""
        return user_folder() / f"{self.name}.safetensors"

    @property
    def session(self) -> Path:
        """Where what was open in the window is kept."""
        return self.folder / "open.volviz"

    @property
    def pairs(self) -> list[tuple[Path, ...]]:
        """What `train_file` takes as its data."""
        own = [tuple(map(Path, files)) for files in self.data]
        return [*own, (self.session, self.session)] if self.shown else own

    def check(self) -> None:
        """Look whether it can begin.

        Raises:
            VolvizError: this is no name, there is a model of this name, or there is nothing to learn from.
        """
        if not _NAME.fullmatch(self.name):
            raise VolvizError(f"'{self.name}' cannot be the name of a model; use letters, digits, hyphens and underscores.")
        if self.name in models():
            raise VolvizError(f"There is a model called '{self.name}' already; choose another name.")
        if not (self.data or self.simulated or self.shown):
            raise VolvizError("There is nothing to learn from; simulate tomograms, add your own with their labels, or take what is open.")

    @property
    def goes_on(self) -> bool:
        """Whether a checkpoint remains, of one stage or another."""
        return any((self.folder / "checkpoints").rglob("checkpoint.pt"))

    @property
    def left(self) -> tuple[int, float]:
        """How many bytes its folder takes, and when (seconds since 1970) it was last written to."""
        files = [path.stat() for path in self.folder.rglob("*") if path.is_file()]
        return sum(one.st_size for one in files), max((one.st_mtime for one in files), default=0.0)

    def keep(self) -> None:
        """Write it down, so that it can be found again."""
        make_folders(self.folder)
        with replacing(self.folder / _FILE, overwrite=True) as beside:
            beside.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    def forget(self) -> None:
        """Delete its folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


def runs_folder() -> Path:
    """Return the folder of the trainings that are not finished; it need not exist."""
    return Path(platformdirs.user_data_dir("volviz", appauthor=False)) / "training"


def unfinished() -> dict[str, TrainingRun]:
    """Return the trainings that can go on, by name: those of which a checkpoint remains."""
    found = {}
    for path in sorted(runs_folder().glob(f"*/{_FILE}")):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            run = TrainingRun(**{**content, "data": tuple(map(tuple, content["data"]))})
        except (OSError, ValueError, TypeError, KeyError):
            continue
        if run.goes_on:
            found[run.name] = run
    return found
