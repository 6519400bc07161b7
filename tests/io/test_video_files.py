"""Videos, decoded again."""

from __future__ import annotations

import av
import numpy as np
import pytest
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from PIL import Image

from volviz.core.errors import Cancelled, VolvizError
from volviz.io.video import QUALITIES, Video

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


def test_numbered_pictures_come_together_beside_other_things(tmp_path):
    (tmp_path / "notes.txt").write_text("precious")
    (tmp_path / "turn_x.png").write_text("precious")
    path = tmp_path / "turn_%04d.png"
    for count in (3, 2):
        with Video(path, (33, 21), 30, overwrite=count == 2) as video:
            for i in range(count):
                video.write(np.full((21, 33, 3), 10 * count + i, np.uint8))
            assert not (tmp_path / "turn_0002.png").exists() or count == 2
        # Fewer than before: what is left over of the longer video would be taken for a part of the shorter.
        names = [f"turn_{i:04d}.png" for i in range(count)]
        assert sorted(p.name for p in tmp_path.iterdir()) == ["notes.txt", *names, "turn_x.png"]
        with Image.open(tmp_path / "turn_0001.png") as picture:
            assert (np.asarray(picture) == 10 * count + 1).all()
    with pytest.raises(VolvizError, match=r"turn_0000\.png is there already"):
        Video(path, (33, 21), 30)


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_each_quality_is_larger_and_nearer_than_the_one_before(tmp_path, suffix):
    rng = np.random.default_rng(0)
    smooth = np.asarray(Image.fromarray(rng.integers(0, 255, (32, 32, 3), np.uint8)).resize((128, 128)))
    errors, sizes = [], []
    for quality in QUALITIES:
        path = tmp_path / f"{quality}{suffix}"
        with Video(path, (128, 128), 10, quality=quality) as video:
            for i in range(5):
                video.write(np.roll(smooth, 3 * i, axis=1))
        with av.open(str(path)) as container:
            last = list(container.decode(video=0))[-1].to_ndarray(format="rgb24")
        errors.append(np.abs(last.astype(int) - np.roll(smooth, 12, axis=1)).mean())
        sizes.append(path.stat().st_size)
    assert sizes == sorted(sizes)
    assert errors == sorted(errors, reverse=True)


@pytest.mark.parametrize("name", ["x.mp4", "x.webm", "frames", "x_%04d.png", "new/x.mp4", "new/x_%04d.png"])
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
        ("x.png", (64, 48), 30, r"_%04d\.png"),
        ("x_%d_%d.png", (64, 48), 30, r"_%04d\.png"),
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


@pytest.mark.parametrize("name", ["x.mp4", "x.webm", "x", "x_%03d.png"])
@pytest.mark.parametrize("after", [0, 8000])
def test_a_full_disk_is_a_sentence_about_the_video(tmp_path, full_disk, name, after):
    noise = np.random.default_rng(0)

    def make() -> None:
        with Video(tmp_path / name, (64, 48), 25) as video:
            for _ in range(40):
                video.write(noise.integers(0, 256, (48, 64, 3), np.uint8))

    with full_disk(after), pytest.raises(VolvizError, match=f"/{name} could not be written"):
        make()
    assert list(tmp_path.iterdir()) == []
