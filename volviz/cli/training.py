"""``volviz train METHOD``: the options are the fields of the method's dataclass, so nothing is spelled twice."""

from __future__ import annotations

import argparse
import ast
import inspect
import os
import typing
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from volviz.cli.progress import Progress
from volviz.core.errors import VolvizError
from volviz.core.report import silent
from volviz.segment.parameters import REQUIRED, Parameter, parameters


def train(arguments: argparse.Namespace) -> None:
    """Fit a segmenter and save the model."""
    from volviz.segment.models import find_segmenter
    from volviz.tasks.train import train_file

    # A segmenter is a dataclass, which a protocol cannot say.
    method: type[Any] = find_segmenter(arguments.method)
    parser = _Parser(prog=f"volviz train {arguments.method}", description=inspect.getdoc(method))
    parser.add_argument("--out", type=Path, required=True, metavar="MODEL.safetensors", help="where the model goes, with its card (.json)")
    parser.add_argument("tomograms", nargs="*", type=Path, metavar="TOMO", help="tomograms in which you marked something")
    parser.add_argument(
        "--strokes",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="what was marked in each, in the same order: annotations (.annotations.json), a session (.volviz) or a label volume; "
        "of several people with a plus, as in mine.json+hers.json",
    )
    parser.add_argument(
        "--data",
        nargs="+",
        default=[],
        metavar="TOMO:LABELS[+MARKS]|SESSION",
        help=DATA,
    )
    parser.add_argument(
        "--judged-by",
        nargs="+",
        default=[],
        metavar="TOMO:MARKS|TOMO:LABELS|SESSION",
        help="tomograms with marks or labels that teach nothing, and choose a network's best weights",
    )
    parser.add_argument(
        "--simulate", type=int, default=0, metavar="N", help="simulate so many tomograms to learn from (the default without --data: 48)"
    )
    parser.add_argument("--pool", type=Path, metavar="DIR", help="folder that keeps the simulated tomograms for the next run")
    parser.add_argument(
        "--densities",
        type=Path,
        metavar="DIR",
        help="folder of structures for simulations: atomic models (.pdb) give spikes their heads, density maps (.mrc) are free proteins",
    )
    parser.add_argument("--device", choices=["auto", "cuda", "cpu"], default="auto")
    parser.add_argument(
        "--precision",
        choices=["auto", "float32", "bfloat16", "float16"],
        default="auto",
        help="of the convolutions; auto is the fastest that the device has circuits for",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a model that is there already")
    group = parser.add_argument_group(f"parameters of {arguments.method}")
    known = parameters(method)
    for parameter in known:
        _add(group, parameter)
    given = vars(parser.parse_args(arguments.rest))
    segmenter = method(**{p.name: given[p.name] for p in known if given[p.name] is not None})
    leads = os.environ.get("RANK", "0") == "0"  # of the processes of torchrun the first speaks
    with Progress() if leads else nullcontext(silent) as report:
        train_file(
            segmenter,
            given["out"],
            data=[*_together(given["tomograms"], given["strokes"]), *(_files(text) for text in given["data"])],
            judged_by=[_files(text) for text in given["judged_by"]],
            simulated=given["simulate"],
            pool=given["pool"],
            densities=given["densities"],
            device=given["device"],
            precision=given["precision"],
            overwrite=given["overwrite"],
            report=report,
        )
    if leads:
        print(given["out"])


DATA = (
    "your own tomograms with what is known of them: a segmentation, such as one made from scribbles, class numbers, or marks, "
    "or with a plus a segmentation and the marks of one person or several that overrule it, as in ts_16.mrc:found.zarr+mine.json; "
    "or sessions (.volviz) with a segmentation or annotations"
)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> typing.NoReturn:
        raise VolvizError(f"{message[:1].upper()}{message[1:]}; see {self.prog} --help.")


def _add(group: argparse._ArgumentGroup, parameter: Parameter) -> None:
    """Add the option of one field. Its default stays the dataclass's own."""
    name, kind = f"--{parameter.name.replace('_', '-')}", parameter.kind
    default = "" if parameter.default in (REQUIRED, None) else f" (default: {parameter.default})"
    text = f"{parameter.told}{default}".strip().replace("%", "%%")
    if kind is bool:
        group.add_argument(name, action=argparse.BooleanOptionalAction, default=None, help=text)
    elif parameter.choices:
        group.add_argument(name, type=type(parameter.choices[0]), choices=parameter.choices, default=None, help=text)
    else:
        read: Callable[[str], Any] = kind if kind in {int, float, str, Path} else ast.literal_eval
        metavar = {int: "N", float: "X", Path: "PATH"}.get(kind, "VALUE")
        group.add_argument(name, type=read, default=None, metavar=metavar, help=text)


def _together(tomograms: list[Path], strokes: list[Path]) -> list[tuple[Path, ...]]:
    if len(tomograms) != len(strokes):
        raise VolvizError(
            f"{len(tomograms)} tomograms, {len(strokes)} files of --strokes: one belongs to each tomogram, in the same order."
        )
    return [(tomogram, *_several(str(said))) for tomogram, said in zip(tomograms, strokes, strict=True)]


def _files(text: str) -> tuple[Path, ...]:
    if text.lower().endswith(".volviz") and ":" not in text[2:]:
        return Path(text), Path(text)
    tomogram, colon, said = text.rpartition(":")
    if not colon or not tomogram or not said:
        raise VolvizError(f"'{text}' is not a tomogram and its labels; write TOMO.mrc:LABELS.mrc.")
    return (Path(tomogram), *_several(said))


def _several(text: str) -> list[Path]:
    """Return the files that are joined by a plus, unless there is one with a plus in its name."""
    return [Path(text)] if Path(text).exists() else [Path(part) for part in text.split("+")]
