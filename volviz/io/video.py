"""Writing videos: H.264 in MP4, VP9 in WebM, or numbered PNG pictures."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, get_args

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorRange, Colorspace

from volviz.core.atomic import Replacement, check_absent, move, remove
from volviz.core.errors import VolvizError, check_choice
from volviz.io.image import encoded

BT709 = 1  # the code of BT.709 among primaries, transfer functions and matrices (ITU-T H.273)
LIMITED_RANGE = 1
CODECS = {".mp4": "libx264", ".mov": "libx264", ".mkv": "libx264", ".webm": "libvpx-vp9"}
FRAME = "frame_%05d.png"  # in a folder of them
NUMBER = re.compile(r"%0?(\d?)d")
QUALITIES = {
    "small": "a small file: soft in fine detail, for mail and drafts",
    "good": "good: for the web and for slides",
    "high": "high: cannot be told from the original by eye",
    "best": "best: for cutting and encoding again; large",
}
VideoQuality = Literal["small", "good", "high", "best"]
# Constant rate factors: what H.264 and VP9 need for the same look differs.
RATE_FACTORS: dict[str, dict[VideoQuality, int]] = {
    "libx264": {"small": 30, "good": 23, "high": 18, "best": 12},
    "libvpx-vp9": {"small": 42, "good": 32, "high": 24, "best": 15},
}
OPTIONS = {"libx264": {"preset": "medium"}, "libvpx-vp9": {"b": "0", "row-mt": "1", "cpu-used": "4"}}
MOST_FPS = 1000
LARGEST_DENOMINATOR = 1001  # 30000/1001 frames per second is the oddest rate in use


class Video:
    """A video being written, frame by frame; use it in a ``with`` block, and it appears when the block ends well.

    ``size`` is (width, height), ``fps`` frames per second, ``quality`` one of `QUALITIES`. The name decides the format:
    ``.mp4`` ``.mov`` ``.mkv`` H.264, ``.webm`` VP9, no suffix a folder of ``frame_00000.png``, ``name_%04d.png`` numbered
    pictures. Chroma is halved (yuv420p) and the colours are tagged BT.709, as all players expect.

    Raises:
        VolvizError: on construction: the name is taken, its folder cannot be written to, the suffix is another one, or the
        size is odd where the codec needs even ones.
    """

    def __init__(
        self, path: str | Path, size: tuple[int, int], fps: float, *, overwrite: bool = False, quality: VideoQuality = "high"
    ) -> None:
        path = Path(path).expanduser()
        codec = check_video(path, size, fps)
        check_video_absent(path, overwrite=overwrite)
        check_choice("The quality of a video", quality, get_args(VideoQuality))
        self._size, self._count = size, 0
        self._replacement = _Numbered(path) if numbered(path) else Replacement(path, overwrite=overwrite, folder=codec is None)
        self._name = path.name if numbered(path) else FRAME
        self._container: Any = None
        try:
            if codec:
                self._open(codec, fps, quality)
            else:
                self._replacement.partial.mkdir()
        except BaseException as error:
            self._discard(error)
            raise

    def _open(self, codec: str, fps: float, quality: VideoQuality) -> None:
        rate = Fraction(fps).limit_denominator(LARGEST_DENOMINATOR)
        # The index first, so that a browser can start before it has the whole file.
        options = {"movflags": "+faststart"} if self._replacement.partial.suffix.lower() in {".mp4", ".mov"} else {}
        self._container = av.open(str(self._replacement.partial), "w", options=options)
        stream = self._container.add_stream(codec, rate=rate)
        stream.width, stream.height = self._size
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": str(RATE_FACTORS[codec][quality]), **OPTIONS[codec]}
        context = stream.codec_context
        context.color_primaries = context.color_trc = context.colorspace = BT709
        context.color_range = LIMITED_RANGE
        self._stream = stream

    def write(self, rgb: npt.NDArray[np.uint8]) -> None:
        """Append a frame (h, w, 3) uint8, row 0 at the top. A fourth channel is ignored."""
        width, height = self._size
        if rgb.shape[:2] != (height, width) or rgb.ndim != 3 or rgb.dtype != np.uint8:
            raise ValueError(f"a frame is ({height}, {width}, 3) uint8, not {rgb.shape} {rgb.dtype}")
        picture = np.ascontiguousarray(rgb[..., :3])
        try:
            if self._container is None:
                (self._replacement.partial / (self._name % self._count)).write_bytes(encoded(picture, "PNG"))
            else:
                self._encode(picture)
        except (OSError, av.FFmpegError) as error:
            raise self._explained(error) from error
        self._count += 1

    def _encode(self, picture: npt.NDArray[np.uint8]) -> None:
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        # Left to itself the converter would use BT.601, and players would show other colours than the stills.
        frame = frame.reformat(
            format="yuv420p", dst_colorspace=Colorspace.ITU709, src_color_range=ColorRange.JPEG, dst_color_range=ColorRange.MPEG
        )
        frame.pts = self._count
        self._container.mux(self._stream.encode(frame))

    def __enter__(self) -> Video:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is not None:
            self._discard(error)
            return
        try:
            if self._container is not None:
                self._container.mux(self._stream.encode())
                self._container.close()
            self._replacement.commit()
        except BaseException as late:
            self._discard(late)
            raise self._explained(late) from late

    def _discard(self, cause: BaseException) -> None:
        if self._container is not None:
            try:
                self._container.close()
            except (OSError, ValueError, av.FFmpegError) as error:
                # The cause is what matters, and the file goes anyway.
                cause.add_note(f"closing the video failed too: {error}")
        self._replacement.discard()

    def _explained(self, error: BaseException) -> BaseException:
        return self._replacement.explain(error) if isinstance(error, OSError) else error


class _Numbered(Replacement):
    """Numbered pictures in a folder that may hold other things: they come together, in the place of those before them."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, overwrite=True, folder=True)

    def commit(self) -> None:
        for old in _pictures(self._path):
            remove(old)
        for picture in sorted(self.partial.iterdir()):
            move(picture, self._path.parent / picture.name)
        self.partial.rmdir()


def numbered(path: Path) -> bool:
    """Say whether a name stands for numbered pictures, such as ``name_%04d.png``."""
    return path.suffix.lower() == ".png" and NUMBER.search(path.name) is not None and path.name.count("%") == 1


def check_video_name(path: Path) -> str | None:
    """Return the codec that a name stands for, None for pictures.

    Raises:
        VolvizError: it stands for neither.
    """
    if not path.suffix or numbered(path):
        return None
    codec = CODECS.get(path.suffix.lower())
    if codec is None:
        raise VolvizError(
            f"volviz does not write videos called {path.name}; end the name in .mp4 or .webm, or for pictures in _%04d.png or in nothing."
        )
    return codec


def check_video(path: Path, size: tuple[int, int], fps: float) -> str | None:
    """Refuse a video that no file of this name can hold; return its codec, None for pictures.

    Raises:
        VolvizError: the name stands for none, the size is odd where the codec needs even ones, or the speed is impossible.
    """
    (width, height), codec = size, check_video_name(path)
    if width < 1 or height < 1 or not 0 < fps <= MOST_FPS:
        raise VolvizError(
            f"A video of {width} x {height} pixels and {fps:g} frames per second is impossible; give positive numbers, up to {MOST_FPS}."
        )
    if codec and (width % 2 or height % 2):
        raise VolvizError(f"A video's sides must be even, not {width} x {height}; ask for {width + width % 2} x {height + height % 2}.")
    return codec


def check_video_absent(path: Path, *, overwrite: bool) -> None:
    """Refuse a video whose name, or that of one of its pictures, is taken.

    Raises:
        VolvizError: it is, and may not be reused; or it is a folder that holds other things too.
    """
    taken = _pictures(path) if numbered(path) else []
    check_absent(taken[0] if taken else path, overwrite=overwrite)
    frame = _matching(FRAME)
    if not path.suffix and path.is_dir() and not all(frame.fullmatch(inner.name) for inner in path.iterdir()):
        raise VolvizError(f"The folder {path} holds more than frames of a video, so volviz does not replace it; choose another name.")


def _pictures(path: Path) -> list[Path]:
    """Return the pictures that are there already of a video of numbered ones."""
    name = _matching(path.name)
    return sorted(inner for inner in path.parent.iterdir() if name.fullmatch(inner.name)) if path.parent.is_dir() else []


def _matching(name: str) -> re.Pattern[str]:
    """Return what the names of pictures numbered like this look like."""
    before, digits, after = NUMBER.split(name, maxsplit=1)
    return re.compile(f"{re.escape(before)}\\d{{{digits or 1},}}{re.escape(after)}")
