"""How good the weights are by now, on volumes that are never trained on."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from volviz.segment.nn.crops import Source


def f1_scores(network: nn.Module, sources: Sequence[Source], names: Sequence[str], dtype: torch.dtype, size: int = 128) -> dict[str, float]:
    """Return F1 of each class but the background, voxels of all volumes together, and their mean.

    Of each volume the cube in its middle is judged, so that the cost stays bounded.
    """
    device = next(network.parameters()).device

    @torch.no_grad()
    def count(source: Source) -> npt.NDArray[np.float64]:
        counts = np.zeros((len(names), 3))
        side = min(size, max(8, min(source.grid.shape) // 8 * 8))
        z, y, x = ((n - side) // 2 for n in source.grid.shape)
        density, target = source.crop((z, y, x), side)
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            logits = network(density[None, None].to(device).contiguous(memory_format=torch.channels_last_3d))
        found, true = logits[0].float().argmax(dim=0).cpu(), target.argmax(dim=0)
        known = target.sum(dim=0) > 0
        for c in range(1, len(names)):
            f, t = (found == c) & known, (true == c) & known
            counts[c] = [int((f & t).sum()), int(f.sum()), int(t.sum())]
        return counts

    with ThreadPoolExecutor(2 if device.type == "cpu" else 1) as workers:
        counts = sum(workers.map(count, sources), np.zeros((len(names), 3)))
    f1 = {f"f1.{name}": float(2 * counts[c, 0] / max(1.0, counts[c, 1] + counts[c, 2])) for c, name in enumerate(names) if c}
    return {**f1, "macro_f1": float(np.mean(list(f1.values())))}
