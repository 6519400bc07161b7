"""What a segmentation holds: how much of a tomogram is lumen, and how sure the network is of it.

python examples/probabilities.py TOMOGRAM.mrc results/
"""

from __future__ import annotations

import sys

import volviz


def main(tomogram: str, results: str) -> None:
    volume = volviz.open(tomogram)
    classes = volviz.open(results)  # what `volviz segment TOMOGRAM.mrc --out results` wrote
    voxel_nm3 = volume.grid.mean_voxel_size**3 / 1000
    # z slab by z slab, so that a tomogram larger than the memory does as well.
    depth, height, width = volume.grid.shape
    volumes = {label.name: 0.0 for label in classes.labels}
    unsure = 0.0
    for z in range(0, depth, 16):
        slab = volviz.Region((z, 0, 0), (min(z + 16, depth), height, width))
        soft = classes.probabilities(slab)
        for name, probability in zip(volumes, soft, strict=True):
            volumes[name] += float(probability.sum()) * voxel_nm3
        unsure += float((classes.entropy(slab) > 0.5).sum()) * voxel_nm3
    for name, size in volumes.items():
        print(f"{name:<12} {size:12.0f} nm^3")
    print(f"{'unsure':<12} {unsure:12.0f} nm^3")


if __name__ == "__main__":
    main(*sys.argv[1:3])
