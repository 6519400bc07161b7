"""What classes are called and how they are coloured where the files do not say."""

from __future__ import annotations

import re
from collections.abc import Sequence

from volviz.core.grid import Triple
from volviz.core.segmentation import VIRION_LABELS

# Of a file's name these say what kind of file it is, not which class.
PLAIN = frozenset(
    [
        "probability",
        "probabilities",
        "prob",
        "probs",
        "prediction",
        "predictions",
        "predicted",
        "pred",
        "score",
        "scores",
        "logit",
        "logits",
        "segmented",
        "segmentation",
        "seg",
        "mask",
        "masks",
        "label",
        "labels",
        "class",
        "map",
        "volume",
        "stage",
        "simple",
        "exported",
        "data",
        "bin1",
        "bin2",
        "bin4",
        "bin8",
        "best",
        "ckpt",
    ]
)
REST = frozenset({"background", "bg", "ice", "none", "void", "empty", "unlabelled", "unlabeled"})
# Told apart by most who see colours otherwise, too: Okabe and Ito's, which figures are often asked to use.
PALETTE: tuple[Triple, ...] = (
    (0.90, 0.62, 0.0),
    (0.34, 0.71, 0.91),
    (0.0, 0.62, 0.45),
    (0.94, 0.89, 0.26),
    (0.80, 0.47, 0.65),
    (0.84, 0.37, 0.0),
    (0.0, 0.45, 0.70),
)
_KNOWN = {"membrane": 1, "membranes": 1, "spike": 2, "spikes": 2, "lumen": 3}


def names_from(stems: Sequence[str]) -> list[str]:
    """Return a name for each of some files by what differs between their names, without words that say nothing."""
    words = [[w for w in re.split(r"[_\s]+|(?<!\d)\.|-(?!\d)", stem) if w] for stem in stems]
    shared = set.intersection(*(set(w) for w in words)) if len(words) > 1 else set()
    found = []
    for stem, own in zip(stems, words, strict=True):
        lower = [w.lower() for w in own]
        known = next((w for w in lower if w in _KNOWN or w in REST), None)
        telling = [w for w in own if w not in shared and w.lower() not in PLAIN]
        found.append(known or ("_".join(telling) if len(words) > 1 and telling else telling[-1] if telling else stem))
    return found


def unique(names: Sequence[str]) -> list[str]:
    """Return names of which none occurs twice: the second membrane is membrane 2."""
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return out


def color_of(name: str, place: int) -> Triple:
    """Return the colour of a class: the one it has in volviz if it is one of a virion's, else the next of a palette."""
    known = _KNOWN.get(name.lower())
    return PALETTE[place % len(PALETTE)] if known is None else VIRION_LABELS[known].color


def color_from(text: str) -> Triple | None:
    """Return a colour written as RRGGBB, with a # or without; None if it is none."""
    plain = text.strip().removeprefix("#")
    if not re.fullmatch(r"[0-9a-fA-F]{6}", plain):
        return None
    r, g, b = (int(plain[i : i + 2], 16) / 255 for i in (0, 2, 4))
    return r, g, b
