"""Other programs' weights as a model of volviz's own."""

from __future__ import annotations

from pathlib import Path

from volviz.core.atomic import check_absent, check_folder
from volviz.core.errors import VolvizError
from volviz.segment.card import Card
from volviz.segment.models import card, is_foreign, load, user_folder

__all__ = ["check_model_file", "convert_weights", "is_foreign"]


def convert_weights(path: Path, out: Path, *, overwrite: bool = False) -> Card:
    """Write a checkpoint as safetensors with a model card beside it, and return the card.

    What the card assumes can be corrected there: groups, normalisation, voxel size, the names of the classes.

    Raises:
        VolvizError: the checkpoint cannot be read, or the name is taken or no ``.safetensors``.
    """
    check_model_file(out, overwrite=overwrite)
    load(path).save(out)
    return card(out)


def check_model_file(out: Path, *, overwrite: bool = False) -> None:
    """Refuse a name under which no model can be saved, before the work.

    Raises:
        VolvizError: it does not end in ``.safetensors``, there is a model or a card already, or its folder takes no files.
    """
    if out.suffix != ".safetensors":
        raise VolvizError(f"A model is saved as a .safetensors file, not as {out.name}; give its name that ending.")
    for taken in (out, out.with_suffix(".json")):
        check_absent(taken, overwrite=overwrite)
    if out.absolute().parent != user_folder():  # which is volviz's own to make
        check_folder(out.parent)
