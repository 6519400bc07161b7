"""Other programs' weights as a model of volviz's own."""

from __future__ import annotations

from pathlib import Path

from volviz.core.errors import VolvizError
from volviz.io.atomic import check_absent, check_folder
from volviz.segment.card import Card
from volviz.segment.models import is_foreign, load

__all__ = ["convert_weights", "is_foreign"]


def convert_weights(path: Path, out: Path, *, overwrite: bool = False) -> Card:
    """Write a checkpoint as safetensors with a model card beside it, and return the card.

    What the card assumes can be corrected there: groups, normalisation, voxel size, the names of the classes.

    Raises:
        VolvizError: the checkpoint cannot be read, or the name is taken or no ``.safetensors``.
    """
    if out.suffix != ".safetensors":
        raise VolvizError(f"Weights are written as .safetensors, not as {out.name}; give a name that ends so.")
    for taken in (out, out.with_suffix(".json")):
        check_absent(taken, overwrite=overwrite)
    predictor = load(path)
    check_folder(out.parent)
    predictor.save(out)
    from volviz.segment.models import card

    return card(out)
