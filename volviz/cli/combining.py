"""``volviz combine``, and the same options where another command takes classes from other programs."""

from __future__ import annotations

import argparse
from pathlib import Path

from volviz.cli.progress import Progress

ABOUT = (
    "Make one segmentation of classes from other programs (MemBrain-seg, ilastik ...). Files of one class each, a folder of them, or "
    "files of several channels; MRC, TIFF, HDF5 or OME-Zarr; probabilities, scores, masks or labels. The background is what they leave."
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Take the names and the scales of classes."""
    parser.add_argument(
        "--classes",
        metavar="A,B,...",
        help="names of the classes, in the order of the volumes; - leaves one out (default: as the channels or files are called). Of a "
        "segmentation: those that stay, in this order, as NAME or NEW=NAME",
    )
    parser.add_argument(
        "--scale",
        metavar="S,S,...",
        help="how their numbers become probabilities, one for all or one each: 0..1, 0..255, score>0 (a network's outputs, 0.5 at 0), "
        "mask>0.5, label=3 (default: guessed from the numbers)",
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take what ``volviz combine`` takes."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files or folders of classes")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR|X.zarr", help="folder for MRC files, or one OME-Zarr")
    parser.add_argument("--onto", type=Path, metavar="TOMO", help="the tomogram they belong to, onto whose voxels they are resampled")
    parser.add_argument("--colors", metavar="RRGGBB,...", help="colours of the classes, in that order")
    parser.add_argument("--bits", type=int, choices=[8, 16], default=8, help="how fine the probabilities are (default: 8)")
    add_options(parser)


def divided(text: str | None) -> list[str] | None:
    """Return what stands between commas; None of none."""
    return None if text is None else [part.strip() for part in text.split(",")]


def combine(arguments: argparse.Namespace) -> None:
    """Write classes of other programs as one segmentation."""
    from volviz.tasks.combine import combine_file

    with Progress() as report:
        made, result = combine_file(
            arguments.paths,
            arguments.out,
            classes=divided(arguments.classes),
            scales=divided(arguments.scale),
            colors=divided(arguments.colors),
            onto=arguments.onto,
            bits=arguments.bits,
            overwrite=arguments.overwrite,
            report=report,
        )
    for kept in made.provenance["parts"]:
        print(f"{kept['class']:<13} {kept['file']}  {kept['scale']}")
    print(result)
