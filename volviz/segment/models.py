"""Two lists: segmenters learn; models are fitted and ready (bundled, in the user's folder, or a path)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import is_dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import platformdirs

from volviz.assets import asset
from volviz.core.errors import VolvizError
from volviz.segment.card import Card, read_card
from volviz.segment.protocol import Predictor, Segmenter

if TYPE_CHECKING:
    from volviz.segment.methods.unet import UNetPredictor

# Where volviz's own live. Plug-ins register under the entry-point groups `volviz.segmenters` and `volviz.predictors`.
_SEGMENTERS = {
    "unet": "volviz.segment.methods.unet:UNet",
    "scribble-forest": "volviz.segment.methods.scribble_forest:ScribbleForest",
}
_PREDICTORS = {
    "unet": "volviz.segment.methods.unet:UNetPredictor",
    "scribble-forest": "volviz.segment.methods.scribble_forest:ScribbleForestPredictor",
}
_OWN = ".safetensors"
# Weights that other programs trained.
FOREIGN = (".ckpt", ".pytorch", ".pt", ".pth")


def segmenters() -> tuple[str, ...]:
    """Return the names of the methods that learn, volviz's own first."""
    return tuple(dict.fromkeys([*_SEGMENTERS, *(p.name for p in entry_points(group="volviz.segmenters"))]))


def find_segmenter(name: str) -> type[Segmenter]:
    """Return the class of a method: a frozen dataclass whose fields are its parameters.

    Raises:
        VolvizError: there is none of this name, or it is a plug-in's and broken.
    """
    found = _find(name, _SEGMENTERS, "volviz.segmenters", f"There is no method '{name}'; there are: {_list(segmenters())}.")
    if not (isinstance(found, type) and is_dataclass(found) and hasattr(found, "needs") and callable(getattr(found, "fit", None))):
        raise VolvizError(f"The method '{name}' of a plug-in is no dataclass with needs and fit; update the plug-in, or remove it.")
    return cast("type[Segmenter]", found)


def name_of(method: type[Segmenter]) -> str:
    """Return the name by which a method is found, or that of its class if it is in no list."""
    own = f"{method.__module__}:{method.__qualname__}"
    named = [name for name, place in _SEGMENTERS.items() if place == own]
    named += [plugin.name for plugin in entry_points(group="volviz.segmenters") if plugin.value == own]
    return named[0] if named else method.__name__.lower()


def models() -> dict[str, Path]:
    """Return the models at hand by name, with their weights: bundled ones, and those in the user's folder, which win."""
    return {
        path.stem: path for folder in _folders() for path in sorted(folder.glob("*.safetensors")) if path.with_suffix(".json").is_file()
    }


def user_folder() -> Path:
    """Return the folder where a person keeps models of their own; it need not exist."""
    return Path(platformdirs.user_data_dir("volviz", appauthor=False)) / "models"


def card(name: str | Path) -> Card:
    """Return the card of a model: the one beside its weights, or for another program's what those tell.

    Raises:
        VolvizError: there is no such model, or its card cannot be read.
    """
    path = _weights(name)
    return _foreign(path).card if is_foreign(path) else read_card(path)


def load(name: str | Path) -> Predictor:
    """Return a model, ready to predict: by name, or by the path of its weights.

    Those are volviz's own (``.safetensors``) or a checkpoint of Nano-Oetzi or pytorch-3dunet (`FOREIGN`), of which nothing is
    run.

    Raises:
        VolvizError: there is no such model, or its files are damaged or ask for more than weights need.
    """
    path = _weights(name)
    if is_foreign(path):
        return _foreign(path)
    told = read_card(path)
    known = _list((*_PREDICTORS, *(p.name for p in entry_points(group="volviz.predictors"))))
    kind = _find(
        told.method,
        _PREDICTORS,
        "volviz.predictors",
        f"{path} needs the method '{told.method}', which is not installed; there are: {known}.",
    )
    predictor: Predictor = kind.load(path, told)
    return predictor


def is_foreign(path: Path) -> bool:
    """Whether a file is called as other programs call their weights."""
    return path.suffix.lower() in FOREIGN


def _foreign(path: Path) -> UNetPredictor:
    from volviz.segment.foreign import read_foreign

    return read_foreign(path)


def _folders() -> Iterator[Path]:
    with suppress(FileNotFoundError):
        yield asset("resources/weights")
    yield user_folder()


def _weights(name: str | Path) -> Path:
    known = models()
    if str(name) in known:
        return known[str(name)]
    path = Path(name)
    suffixes = (_OWN, *FOREIGN)
    if path.suffix.lower() not in suffixes:
        raise VolvizError(
            f"There is no model '{name}'; there are: {_list(tuple(known))}. A path to a file of weights ({' '.join(suffixes)}) is fine too."
        )
    if not path.is_file():
        raise VolvizError(f"There is no file {path}; name a file of weights, or one of the models: {_list(tuple(known))}.")
    return path


def _find(name: str, own: dict[str, str], group: str, sentence: str) -> Any:
    if name in own:
        module, _, attribute = own[name].partition(":")
        return getattr(import_module(module), attribute)
    for plugin in entry_points(group=group):
        if plugin.name == name:
            return _loaded(plugin)
    raise VolvizError(sentence)


def _loaded(plugin: EntryPoint) -> Any:
    try:
        return plugin.load()
    except Exception as error:  # whatever another package does when it is imported: it is that package which must be mended
        package = plugin.dist.name if plugin.dist is not None else plugin.value
        why = f"{type(error).__name__}: {error}".rstrip(": .")
        raise VolvizError(
            f"The plug-in {package} with the method '{plugin.name}' cannot be loaded ({why}); update or remove it."
        ) from error


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "none"
