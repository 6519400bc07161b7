"""Pictures and what is written inside them."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from volviz.core.errors import VolvizError
from volviz.io.image import read_metadata, save_image


@pytest.fixture
def picture():
    rgba = np.random.default_rng(0).integers(0, 256, (5, 7, 4), np.uint8)
    rgba[..., 3] = 255
    return rgba


@pytest.mark.parametrize("name", ["x.png", "x.tif", "x.TIFF"])
def test_pixels_and_notes_survive(tmp_path, picture, name):
    notes = {"volviz": '{"scene": "Å, µ"}' * 9000, "title": "virions"}
    save_image(tmp_path / name, picture, metadata=notes)
    with Image.open(tmp_path / name) as back:
        assert back.mode == "RGB"  # opaque: no alpha
        np.testing.assert_array_equal(np.asarray(back), picture[..., :3])
    assert read_metadata(tmp_path / name) == notes


def test_transparency(tmp_path, picture):
    picture[0, 0, 3] = 0
    save_image(tmp_path / "x.png", picture)
    with Image.open(tmp_path / "x.png") as back:
        np.testing.assert_array_equal(np.asarray(back), picture)
    with pytest.raises(VolvizError, match="cannot be transparent"):
        save_image(tmp_path / "x.jpg", picture)
    assert [p.name for p in tmp_path.iterdir()] == ["x.png"]


def test_jpeg(tmp_path):
    ramp = np.linspace(0, 255, 64, dtype=np.uint8)
    rgb = np.stack(np.broadcast_arrays(ramp[:, None], ramp[None, :], np.uint8(90)), axis=-1)
    save_image(tmp_path / "x.jpg", rgb, metadata={"volviz": "a"})
    with Image.open(tmp_path / "x.jpg") as back:
        assert np.abs(np.asarray(back).astype(int) - rgb).max() < 12
    assert read_metadata(tmp_path / "x.jpg") == {"volviz": "a"}
    save_image(tmp_path / "long.jpg", rgb, metadata={"volviz": "a" * 100_000})
    assert read_metadata(tmp_path / "long.jpg") == {}


def test_what_is_refused(tmp_path, picture):
    with pytest.raises(VolvizError, match=r"\.png, \.jpg or \.tif"):
        save_image(tmp_path / "x.gif", picture)
    save_image(tmp_path / "x.png", picture)
    with pytest.raises(VolvizError, match="--overwrite"):
        save_image(tmp_path / "x.png", picture)
    save_image(tmp_path / "x.png", picture, overwrite=True)
    with pytest.raises(ValueError, match="uint8"):
        save_image(tmp_path / "y.png", picture.astype(float))
    (tmp_path / "text.png").write_text("hello")
    with pytest.raises(VolvizError, match="not a picture"):
        read_metadata(tmp_path / "text.png")
    with pytest.raises(VolvizError, match="cannot be read"):
        read_metadata(tmp_path / "missing.png")


def test_how_large_it_is_on_paper_and_texts_of_others(tmp_path, picture):
    for name in ("x.png", "x.tif", "x.jpg"):
        save_image(tmp_path / name, picture, dpi=300)
        with Image.open(tmp_path / name) as back:
            assert back.info["dpi"] == pytest.approx((300, 300), abs=0.02)
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "caf\u00e9")
    info.add_itxt("title", "\u00c5", lang="sv")
    info.add_itxt("packed", "long", zip=True)
    Image.new("RGB", (4, 4)).save(tmp_path / "other.png", pnginfo=info)
    assert read_metadata(tmp_path / "other.png") == {"Comment": "caf\u00e9", "title": "\u00c5"}


@pytest.mark.parametrize("name", ["x.png", "x.tif", "x.jpg"])
@pytest.mark.parametrize("after", [0, 2000])
def test_a_full_disk_is_a_sentence_and_the_picture_before_stays(tmp_path, full_disk, name, after):
    noise = np.random.default_rng(0).integers(0, 256, (60, 70, 3), np.uint8)
    (tmp_path / name).write_text("older")
    with full_disk(after), pytest.raises(VolvizError, match=f"{name} could not be written"):
        save_image(tmp_path / name, noise, overwrite=True)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["older"]
