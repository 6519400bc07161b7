"""A model's card as people read it: what it tells apart, what it learnt from, how well it did, where it fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from volviz.core.errors import VolvizError

if TYPE_CHECKING:
    from volviz.segment.card import Card

KINDS = {"unet": "residual 3D U-Net", "unet3d": "3D U-Net", "dense": "dense network"}


def model_text(card: Card) -> str:
    """Return the card as rich text."""
    return "".join(f"<p style='margin: 0 0 5px 0'><b>{escape(title)}</b> {escape(text)}</p>" for title, text in _facts(card) if text)


def weights_of(path: str) -> str | None:
    """Return which weights a file has, or None if there is none."""
    from volviz.segment.models import card

    try:
        return card(path).sha256
    except VolvizError:
        return None


def text_of(name: str) -> str:
    """Return the card of a model as text, or why there is none."""
    from volviz.segment.models import card

    try:
        return model_text(card(name))
    except VolvizError as error:
        return str(error)


def _facts(card: Card) -> Iterator[tuple[str, str]]:
    names = ", ".join(label.name for label in card.labels[1:])
    yield "Tells apart", names
    if card.method == "unet":
        network = KINDS.get(str(card.architecture.get("kind", "unet")), str(card.architecture.get("kind")))
        levels = f", {card.architecture['num_levels']} levels" if "num_levels" in card.architecture else ""
        yield "Network", f"{network}{levels}"
    else:
        yield "Method", card.method
    low, high = card.bricks.voxel_size_range
    if card.bricks.voxel_size is None:
        yield "Voxel size", "sees a tomogram as it is"
    else:
        yield "Voxel size", f"sees {card.bricks.voxel_size:g} Å; tried from {low:g} to {high:g} Å"
    yield "Learnt from", _learnt(card.training)
    yield "Scores", _scores(card.scores)
    for limit in card.limits:
        yield "•", limit
    for assumption in card.assumptions:
        yield "Assumed:", assumption
    yield "Licence", card.license


def _learnt(training: Mapping[str, Any]) -> str:
    own = training.get("own_tomograms") or ()
    parts = [str(training["data"])] if "data" in training else []
    if training.get("simulated"):
        parts.append(f"{training['simulated']} simulated tomograms")
    if own:
        parts.append(f"{len(own)} of one's own: {', '.join(map(str, own))}")
    if "steps" in training:
        parts.append(f"{training['steps']:,} steps" if isinstance(training["steps"], int) else f"{training['steps']} steps")
    if isinstance(training.get("voxels"), Mapping):
        parts.append("marked voxels: " + ", ".join(f"{name} {count:,}" for name, count in training["voxels"].items()))
    return "; ".join(parts)


def _scores(scores: Mapping[str, Any]) -> str:
    """Return the F1 of each class on what was held out: the fairest single line there is."""
    marks = "held_back" in scores
    held = scores.get("held_back" if marks else "held_out")
    if not isinstance(held, Mapping):
        return ""
    f1 = [f"{name.removeprefix('f1.')} {value:.2f}" for name, value in held.items() if name.startswith("f1.") and isinstance(value, float)]
    return f"F1 on {'marks that were held back' if marks else 'what was held out'}: {', '.join(f1)}" if f1 else ""
