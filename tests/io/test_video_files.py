"""Videos, decoded again."""

from __future__ import annotations

import av
import numpy as np
import pytest
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from PIL import Image

from volviz.core.errors import Cancelled, VolvizError
from volviz.io.video import Video

WIDTH, HEIGHT = 64, 48


def frame(i: int) -> np.ndarray:
    """Red above; green and blue below; a grey corner that brightens with time."""
    rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    rgb[:24] = (255, 0, 0)
    rgb[24:, :32] = (0, 255, 0)
    rgb[24:, 32:] = (10, 20, 200)
    rgb[:8, :8] = 12 * i
    return rgb


@pytest.mark.parametrize(("suffix", "codec"), [(".mp4", "h264"), (".webm", "vp9")])
def test_frames_colours_and_tags(tmp_path, suffix, codec):
    path = tmp_path / f"x{suffix}"
    with Video(path, (WIDTH, HEIGHT), 25) as video:
        for i in range(20):
            video.write(frame(i))
        assert not path.exists()
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        assert (context.name, context.pix_fmt, context.width, context.height) == (codec, "yuv420p", WIDTH, HEIGHT)
        assert (context.colorspace, context.color_range) == (Colorspace.ITU709, ColorRange.MPEG)
        assert (context.color_primaries, context.color_trc) == (ColorPrimaries.BT709, ColorTrc.BT709)
        assert stream.average_rate == 25
        frames = list(container.decode(stream))
    assert len(frames) == 20
    luma = frames[7].to_ndarray()
    # BT.709: red is 16 + 219 * 0.2126 = 63 where BT.601 would have it at 82.
    assert abs(int(luma[15, 40]) - 63) <= 2
    assert abs(int(luma[40, 10]) - (16 + 219 * 0.7152)) <= 2
    for i in (0, 7, 19):
        rgb = frames[i].to_ndarray(format="rgb24").astype(int)
        for y, x in ((3, 3), (15, 40), (40, 10), (40, 50)):
            assert np.abs(rgb[y, x] - frame(i)[y, x]).max() <= 8
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_folder_of_frames(tmp_path):
    for overwrite in (False, True):
        with Video(tmp_path / "frames", (33, 21), 30, overwrite=overwrite) as video:
            for i in range(3):
                video.write(np.full((21, 33, 3), i, np.uint8))
    assert sorted(p.name for p in (tmp_path / "frames").iterdir()) == [f"frame_{i:05d}.png" for i in range(3)]
    with Image.open(tmp_path / "frames" / "frame_00002.png") as picture:
        assert (np.asarray(picture) == 2).all()
    (tmp_path / "frames" / "notes.txt").write_text("precious")
    with pytest.raises(VolvizError, match="more than frames"):
        Video(tmp_path / "frames", (33, 21), 30, overwrite=True)


@pytest.mark.parametrize("name", ["x.mp4", "x.webm", "frames", "new/x.mp4"])
@pytest.mark.parametrize("error", [Cancelled, KeyboardInterrupt])
@pytest.mark.parametrize("written", [0, 3])
def test_interrupted_videos_leave_nothing(tmp_path, name, error, written):
    def fail() -> None:
        with Video(tmp_path / name, (WIDTH, HEIGHT), 30) as video:
            for i in range(written):
                video.write(frame(i))
            raise error

    with pytest.raises(error):
        fail()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "size", "fps", "words"),
    [
        ("x.mp4", (63, 48), 30, "ask for 64 x 48"),
        ("x.webm", (64, 47), 30, "ask for 64 x 48"),
        ("x.gif", (64, 48), 30, r"\.mp4 or \.webm"),
        ("x.mp4", (0, 48), 30, "positive"),
        ("x.mp4", (64, 48), 0, "positive"),
        ("a/b/x.mp4", (64, 48), 30, "does not exist"),
    ],
)
def test_what_is_refused_before_any_work(tmp_path, name, size, fps, words):
    with pytest.raises(VolvizError, match=words):
        Video(tmp_path / name, size, fps)
    assert list(tmp_path.iterdir()) == []


def test_frames_of_another_size(tmp_path):
    with pytest.raises(ValueError, match="frame"), Video(tmp_path / "x.mp4", (WIDTH, HEIGHT), 30) as video:
        video.write(np.zeros((10, 10, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []


def test_rates_that_are_no_whole_numbers(tmp_path):
    with Video(tmp_path / "x.mp4", (WIDTH, HEIGHT), 29.97) as video:
        for i in range(4):
            video.write(frame(i))
    with av.open(str(tmp_path / "x.mp4")) as container:
        assert float(container.streams.video[0].average_rate) == pytest.approx(29.97, abs=0.01)
