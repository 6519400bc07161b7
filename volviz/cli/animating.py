"""What can be typed about videos, and what it means."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from volviz.core.errors import VolvizError

if TYPE_CHECKING:
    from volviz.core.animation import Keyframe, Keyframes
    from volviz.core.motions import Axis, Motion
    from volviz.core.scene import Scene
    from volviz.tasks.render import View

SECONDS = 10.0
PERIOD = 4.0  # seconds
NEEDED = {"axis": ("spin", "rock"), "period": ("rock",), "slab": ("peel",)}


def add_options(p: argparse.ArgumentParser) -> None:
    """Add what decides how a video moves and how it is written."""
    kinds = p.add_mutually_exclusive_group()
    kinds.add_argument("--spin", type=float, metavar="DEGREES", help="a video that turns so far (default: 360); negative the other way")
    kinds.add_argument("--rock", type=float, metavar="DEGREES", help="a video that swings so far to either side")
    kinds.add_argument("--peel", choices=["x", "y", "z", "view"], help="a video of a cut that travels through and back along this axis")
    kinds.add_argument("--animation", type=Path, metavar="FILE", help="a video of the keyframes of a session or of a JSON file")
    p.add_argument("--axis", choices=["vertical", "horizontal", "x", "y", "z"], help="turn about the picture's, or one of the tomogram's")
    p.add_argument("--period", type=float, metavar="S", help=f"how long --rock swings there and back (default: {PERIOD:g})")
    p.add_argument("--slab", type=float, metavar="FRACTION", help="--peel shows only a slab of this thickness, of the volume")
    p.add_argument("--seconds", type=float, metavar="S", help=f"length of a video (default: {SECONDS:g}, or that of the keyframes)")
    p.add_argument("--fps", type=float, default=30, metavar="F", help="pictures per second of a video (default: 30)")
    p.add_argument("--video-quality", choices=["small", "good", "high", "best"], default="high", help="of .mp4 and .webm (default: high)")


def motion_of(arguments: argparse.Namespace) -> Motion | None:
    """Return the motion that was named, None if none was.

    Raises:
        VolvizError: what was asked for does not go together.
    """
    from volviz.core.motions import Peel, Rocking, Turntable

    for name, kinds in NEEDED.items():
        if getattr(arguments, name) is not None and all(getattr(arguments, kind) is None for kind in kinds):
            raise VolvizError(f"--{name} says how --{' or --'.join(kinds)} should move; give that too, or leave it out.")
    if arguments.seconds is not None and not arguments.seconds > 0:
        raise VolvizError(f"A video lasts a positive number of seconds, not {arguments.seconds:g}.")
    axis: Axis = arguments.axis or "vertical"
    seconds = arguments.seconds or SECONDS
    if arguments.rock is not None:
        return Rocking(arguments.rock, PERIOD if arguments.period is None else arguments.period, seconds, axis)
    if arguments.peel is not None:
        return Peel(arguments.peel, seconds, thickness=arguments.slab)
    return None if arguments.spin is None else Turntable(arguments.spin, seconds, axis)


def frames_of(
    arguments: argparse.Namespace, view: View, dressed: Callable[[Scene], Scene], video: bool
) -> Motion | tuple[Keyframe, ...] | None:
    """Return how a video moves; None for a still of which nothing is said that moves.

    ``dressed`` lays the looks and settings that were asked for over the scenes of keyframes; the view's own has them.

    Raises:
        VolvizError: what was asked for does not go together.
    """
    from volviz.core.animation import lasting
    from volviz.core.motions import Turntable

    motion = motion_of(arguments)
    if motion is not None or (not video and arguments.animation is None):
        return motion
    keyframes = _keyframes(arguments, view)
    if not keyframes:
        return Turntable(seconds=arguments.seconds or SECONDS)
    if arguments.camera is not None:
        raise VolvizError("The keyframes of an animation have cameras of their own; leave out --camera, or add --spin or --rock.")
    shown = tuple(replace(keyframe, scene=dressed(keyframe.scene)) for keyframe in keyframes)
    return shown if arguments.seconds is None else lasting(shown, arguments.seconds)


def _keyframes(arguments: argparse.Namespace, view: View) -> Keyframes:
    """Return those of --animation, else of the session."""
    if arguments.animation is None:
        return view.animation
    from volviz.tasks.keyframes import read_animation

    return read_animation(arguments.animation, view, arguments.size[0] / arguments.size[1])
