"""What each command does: open what it names, call a task, say where the result is."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from volviz.cli.combining import divided
from volviz.cli.progress import Progress
from volviz.core.errors import VolvizError
from volviz.core.report import part

MOST_PIXELS = 65_536
DENSE = {"auto": None, "dark": True, "bright": False}


def open_window(arguments: Namespace) -> None:
    """Open the desktop application."""
    from volviz.gui.app import run

    status = run(arguments.paths, find=arguments.find, software=arguments.software)
    if status:
        sys.exit(status)


def demo(arguments: Namespace) -> None:
    """Go the whole way on a sample tomogram."""
    if arguments.out is None and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or sys.platform == "win32"):
        from volviz.gui.app import run

        status = run([], demo=True)
        if status:
            sys.exit(status)
        return
    from volviz.tasks.demo import demo_files

    # Without --out the results of the last demo are volviz's own and may be replaced; a folder of the user's may not.
    overwrite = arguments.out is None if arguments.overwrite is None else arguments.overwrite
    with Progress() as report:
        files = demo_files(arguments.out or Path("volviz-demo"), device=arguments.device, overwrite=overwrite, report=report)
    for name, path in files.items():
        print(f"{name:<13} {path}")


def info(arguments: Namespace) -> None:
    """Say what a file holds."""
    from volviz.io import open as open_path
    from volviz.tasks.describe import describe

    with Progress() as report:
        described = describe(open_path(arguments.path, voxel_size=arguments.voxel_size, index=arguments.index), report)
    if arguments.json:
        print(json.dumps({**described.facts, "notes": list(described.notes)}, indent=2))
    else:
        print("\n".join(described.lines()))


def convert(arguments: Namespace) -> None:
    """Write a file in another format."""
    from volviz.io import open as open_path
    from volviz.io import save
    from volviz.tasks.weights import convert_weights, is_foreign

    if is_foreign(arguments.path):
        _warn(convert_weights(arguments.path, arguments.out, overwrite=arguments.overwrite).assumptions)
        print(arguments.out)
        return
    value = open_path(arguments.path, voxel_size=arguments.voxel_size, index=arguments.index)
    with Progress() as report:
        save(value, arguments.out, overwrite=arguments.overwrite, report=report)
    print(arguments.out)


def simulate(arguments: Namespace) -> None:
    """Make a tomogram and its labels."""
    from volviz.tasks.simulate import read_recipe, simulate_file

    wanted = {
        "virions": arguments.virions,
        "shape": tuple(arguments.shape) if arguments.shape else None,
        "voxel_size": arguments.voxel_size,
        "snr": arguments.snr,
        "seed": arguments.seed,
    }
    given = read_recipe(arguments.spec) if arguments.spec else {}
    given |= {name: value for name, value in wanted.items() if value is not None}
    if arguments.set:
        from volviz.simulate import parse

        given |= dict(parse(setting) for setting in arguments.set)
    with Progress() as report:
        made = simulate_file(
            arguments.out,
            given,
            randomise=arguments.random or bool(arguments.scene or arguments.difficulty),
            difficulty=arguments.difficulty or "mixed",
            scene=arguments.scene,
            densities=arguments.densities,
            overwrite=arguments.overwrite,
            report=report,
        )
    _warn(made.notes)
    print(made.tomogram)
    print(made.labels)


def segment(arguments: Namespace) -> None:
    """Segment a tomogram into files."""
    from volviz.tasks.segment import provenance_notes, segment_file

    with Progress() as report:
        result = segment_file(
            arguments.path,
            arguments.out,
            model=arguments.model,
            device=arguments.device,
            voxel_size=arguments.voxel_size,
            dense_is_dark=DENSE[arguments.dense],
            bits=arguments.bits,
            z=arguments.z,
            augment=arguments.augment,
            uncertainty=arguments.uncertainty,
            overwrite=arguments.overwrite,
            report=report,
        )
    _warn(provenance_notes(result))
    print(result)


def clean(arguments: Namespace) -> None:
    """Clean a segmentation into files."""
    from volviz.tasks.clean import clean_file

    with Progress() as report:
        counts = clean_file(arguments.path, arguments.out, arguments.set, find=arguments.find, overwrite=arguments.overwrite, report=report)
    for name, count in counts.items():
        if count is not None:
            print(f"{name:<13} {count[0]} of {count[1]} objects stay")
    print(arguments.out)


def mesh(arguments: Namespace) -> None:
    """Write the surfaces of classes."""
    from volviz.core.grid import Region
    from volviz.tasks.mesh import expected_file, mesh_file

    try:
        region = None if arguments.region is None else Region.parse(arguments.region)
    except ValueError:
        raise VolvizError(f"'{arguments.region}' is no region; write voxels as Z0:Z1,Y0:Y1,X0:X1.") from None
    options = {
        "classes": arguments.classes or None,
        "level": arguments.level,
        "region": region,
        "closed": arguments.closed,
        "binning": arguments.bin,
        "keep": arguments.keep,
        "triangles": arguments.triangles,
        "find": arguments.find,
    }
    if arguments.estimate:
        counts, size = expected_file(arguments.path, arguments.out, arguments.set, **options)
        for name, count in counts.items():
            print(f"{name:<13} about {count:,} triangles")
        print(f"{arguments.out} would take about {size / 1e6:,.1f} MB")
        return
    with Progress() as report:
        made, files = mesh_file(
            arguments.path,
            arguments.out,
            arguments.set,
            **options,
            unit=arguments.unit,
            overwrite=arguments.overwrite,
            report=report,
        )
    _warn(f"No voxel of {name} reaches its level: it has no surface." for name in arguments.classes if name not in {m.name for m in made})
    count = sum(len(surface.faces) for surface in made)
    if arguments.triangles is not None and count > arguments.triangles:
        more = f"{count:,} triangles are left, more than {arguments.triangles:,}"
        _warn([f"{more}: fewer would fold a surface over, or change what the border cuts."])
    for surface in made:
        inside = f", {surface.volume:,.0f} nm3 inside" if surface.closed else ", open where it meets the border"
        print(f"{surface.name:<13} {len(surface.faces):,} triangles, {surface.area:,.0f} nm2{inside}")
    for file in files:
        print(file)


def measure(arguments: Namespace) -> None:
    """Measure the objects of a segmentation into a table."""
    from volviz.tasks.measure import measure_file

    with Progress() as report:
        found, notes = measure_file(
            arguments.path,
            arguments.out,
            arguments.set,
            classes=arguments.classes,
            threshold=arguments.threshold,
            voxel_size=arguments.voxel_size,
            relion=arguments.relion,
            overwrite=arguments.overwrite,
            report=report,
        )
    _warn(notes)
    for name in dict.fromkeys(one.label for one in found):
        print(f"{name:<13} {sum(one.label == name for one in found)} objects")
    if not found:
        print("no objects")
    print(arguments.out)


def annotation_files(arguments: Namespace) -> None:
    """Write annotations as another kind of file."""
    from volviz.tasks.annotations import convert_annotations

    with Progress() as report:
        count, notes = convert_annotations(
            arguments.path,
            arguments.out,
            arguments.tomogram,
            label=arguments.label,
            relion=arguments.relion,
            pixel_size=arguments.pixel_size,
            voxel_size=arguments.voxel_size,
            overwrite=arguments.overwrite,
            report=report,
        )
    _warn(notes)
    print("one annotation" if count == 1 else f"{count} annotations")
    print(arguments.out)


def evaluate(arguments: Namespace) -> None:
    """Compare a segmentation with labels."""
    from volviz.tasks.evaluate import evaluate_files, table

    scores = evaluate_files(arguments.prediction, arguments.labels, arguments.instances)
    print(json.dumps(scores, indent=2) if arguments.json else "\n".join(table(scores)))


def render(arguments: Namespace) -> None:
    """Draw a still or a video."""
    from volviz.cli.animating import motion_of
    from volviz.tasks.looks import find_look
    from volviz.tasks.render import open_view, write_picture

    motion_of(arguments)
    classes = [str(path) for path in arguments.segmentation or ()] != ["none"]
    look = None if arguments.look is None else find_look(arguments.look)
    with Progress() as report:
        view = open_view(
            arguments.path,
            segmentation=arguments.segmentation if classes else None,
            classes=classes,
            names=divided(arguments.classes),
            scales=divided(arguments.scale),
            model=arguments.model,
            device=arguments.device,
            voxel_size=arguments.voxel_size,
            dense_is_dark=DENSE[arguments.dense],
            find=arguments.find,
            check=lambda view: _check_asked(arguments, view, look),
            bits=arguments.bits or 8,
            marks=arguments.marks,
            report=part(report, 0.0, 0.5),
        )
        _warn(() if look is None else look.notes)
        shown, how = _asked(arguments, view, look)
        write_picture(
            shown,
            arguments.out,
            **how,
            dpi=arguments.dpi,
            marks=bool(arguments.marks),
            video_quality=arguments.video_quality,
            overwrite=arguments.overwrite,
            bits=arguments.bits,
            report=part(report, 0.5, 1.0),
        )
    _warn(view.notes)
    print(arguments.out)


def _asked(arguments: Namespace, view: Any, look: Any) -> tuple[Any, dict[str, Any]]:
    """Return a view in the look and from the side that are asked for, and how it is to be drawn."""
    from volviz.cli.animating import frames_of
    from volviz.core.stages import apply, panels_of
    from volviz.tasks.render import is_video

    def dressed(scene: Any) -> Any:
        scene = scene if look is None else look.apply(scene)
        for setting in arguments.set:
            scene = apply(scene, setting)
        return scene if arguments.region is None else scene.set("region", arguments.region)

    scene, size = dressed(view.scene), _pixels(arguments.size, arguments.dpi)
    shown = replace(view, scene=scene, camera=_camera(arguments.camera, view.camera, view.volume.grid, size))
    return shown, {
        "size": size,
        "quality": arguments.quality,
        "transparent": arguments.transparent,
        "frames": frames_of(arguments, shown, dressed, is_video(arguments.out)),
        "fps": arguments.fps,
        "panels": panels_of(scene, arguments.compare),
    }


def _check_asked(arguments: Namespace, view: Any, look: Any) -> None:
    """Refuse what cannot be drawn or written before the work, which may take minutes, and not after it."""
    from volviz.tasks.render import possible, settled, visible

    shown, how = _asked(arguments, view, look)
    visible(shown, how["frames"], how["panels"])
    possible(arguments.out, how.pop("frames"), **how)
    settled(arguments.out, overwrite=arguments.overwrite)


def _pixels(size: tuple[float, float, str], dpi: float | None) -> tuple[int, int]:
    """Return the pixels of a size that may be in millimetres."""
    width, height, unit = size
    if unit == "mm":
        if dpi is None:
            raise VolvizError("A size in millimetres needs to know how fine the print is; add for example --dpi 300.")
        width, height = width * dpi / 25.4, height * dpi / 25.4
    pixels = max(1, round(width)), max(1, round(height))
    if max(pixels) > MOST_PIXELS:
        raise VolvizError(f"A picture of {pixels[0]} x {pixels[1]} pixels is too large; {MOST_PIXELS} along a side are the most.")
    return pixels


def _camera(text: str | None, otherwise: Any, grid: Any, size: tuple[int, int]) -> Any:
    """Understand --camera: JSON, a file of it, or the name of a side."""
    from volviz.core.camera import VIEWS, Camera
    from volviz.core.json import from_json

    if text is None:
        return otherwise
    if text in VIEWS:
        return Camera.framing(grid, view=text, aspect=size[0] / size[1])
    try:
        given = json.loads(text if text.lstrip().startswith("{") else Path(text).read_text(encoding="utf-8"))
        return from_json(Camera, given).checked()
    except (OSError, ValueError):
        raise VolvizError(f"'{text}' is no camera; give JSON, a file of JSON, or one of {', '.join(VIEWS)}.") from None


def _warn(notes: Iterable[str]) -> None:
    for note in notes:
        print(f"volviz: {note}", file=sys.stderr)
