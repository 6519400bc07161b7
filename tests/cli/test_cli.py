"""What a person types, gets, and gets wrong."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import mrcfile
import numpy as np
import pytest
import tifffile
from PIL import Image

import volviz
from volviz.cli import main
from volviz.cli.progress import Progress
from volviz.render.textures import Textures


def tomogram(path: Path, shape=(24, 40, 40), voxel_size=10.0, seed=0) -> Path:
    data = np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)
    data[8:16, 10:30, 12:28] -= 1.5
    with mrcfile.new(path) as mrc:
        mrc.set_data(data)
        mrc.voxel_size = voxel_size
    return path


def said(capsys) -> str:
    return capsys.readouterr().err.strip().splitlines()[-1]


def test_simulate_segment_evaluate_render(tmp_path, capsys, monkeypatch):
    sample = tmp_path / "sample.mrc"
    assert main(["simulate", str(sample), "--shape", "32", "72", "72", "--virions", "1", "--seed", "3"]) == 0
    with mrcfile.open(tmp_path / "sample_labels.mrc") as labels:
        assert labels.data.dtype == np.int8
        assert set(np.unique(labels.data)) == {0, 1, 2, 3}

    assert main(["segment", str(sample), "--out", str(tmp_path / "seg")]) == 0
    names = {p.name for p in (tmp_path / "seg").iterdir()}
    assert names == {
        "sample_background.mrc",
        "sample_membrane.mrc",
        "sample_spikes.mrc",
        "sample_lumen.mrc",
        "sample_labels.mrc",
        "sample_segmentation.json",
    }
    capsys.readouterr()
    assert main(["evaluate", str(tmp_path / "seg"), str(tmp_path / "sample_labels.mrc"), "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert {"f1.membrane", "f1.spikes", "f1.lumen", "macro_f1", "iou.lumen", "miou", "accuracy", "ece"} <= set(scores)
    assert main(["evaluate", str(tmp_path / "sample_labels.mrc"), str(tmp_path / "sample_labels.mrc"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["macro_f1"] == 1.0
    assert main(["evaluate", str(tmp_path / "seg"), str(tmp_path / "sample_labels.mrc")]) == 0
    table = {line.split()[0]: line.split()[1:] for line in capsys.readouterr().out.splitlines() if line}
    assert float(table["lumen"][0]) == pytest.approx(scores["f1.lumen"], abs=1e-4)
    assert table["envelopes"][:2] == [str(scores["instances.envelopes.found"]), str(scores["instances.envelopes.true"])]

    picture = tmp_path / "view.png"
    options = ["--segmentation", str(tmp_path / "seg"), "--size", "96x64", "--set", "spikes.visible=off", "--look", "print"]
    assert main(["render", str(sample), "--out", str(picture), *options]) == 0
    with Image.open(picture) as image:
        assert image.size == (96, 64)
        assert image.getpixel((0, 0))[:3] == (255, 255, 255)  # the look's page
        scene = json.loads(image.text["volviz.session"])["project"]["scene"]
        assert scene["ramps"]["spikes"]["visible"] is False

    beside = ["--compare", "stages", "--compare", "mode=maximum", "--overwrite"]
    assert main(["render", str(sample), "--out", str(picture), *options, *beside]) == 0
    with Image.open(picture) as image:
        assert image.size == (96, 64)
        assert len({image.getpixel((x, 20))[:3] for x in range(96)}) > 3
    assert main(["render", str(sample), "--out", str(picture), *options, "--set", "mode=mip", "--overwrite"]) == 2
    assert "takes classes, raw, maximum, average or surface" in said(capsys)

    assert main(["segment", str(sample), "--out", str(tmp_path / "fine.zarr"), "--bits", "16"]) == 0
    fine, coarse = volviz.open(tmp_path / "fine.zarr"), volviz.open(tmp_path / "seg")
    assert (fine.bits, coarse.bits) == (16, 8)
    np.testing.assert_allclose(np.asarray(fine.data) / 257, coarse.data[:], atol=0.51)
    loaded = []
    for bits in ([], ["--bits", "8"]):
        with monkeypatch.context() as patch:
            patch.setattr("volviz.render.storage.Textures", lambda *a, **k: loaded.append(Textures(*a, **k)) or loaded[-1])
            options = ["--segmentation", str(tmp_path / "fine.zarr"), "--size", "64x48", *bits, "--overwrite"]
            assert main(["render", str(sample), "--out", str(picture), *options]) == 0
    assert [textures.source.dtype for textures in loaded] == [np.uint16, np.uint8]

    film = tmp_path / "turn.mp4"
    clip = ["--seconds", "0.5", "--fps", "8", "--spin", "90"]
    assert main(["render", str(sample), "--out", str(film), "--segmentation", str(tmp_path / "seg"), "--size", "96x64", *clip]) == 0
    import av

    with av.open(str(film)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 4


def test_render_runs_the_model_when_there_is_no_segmentation(tmp_path):
    out = tmp_path / "x.png"
    assert main(["render", str(tomogram(tmp_path / "t.mrc")), "--out", str(out), "--size", "64x48", "--transparent"]) == 0
    with Image.open(out) as image:
        assert image.mode == "RGBA"
        # What the model sees in noise may reach a corner of the picture, but not everywhere.
        assert image.getchannel("A").getextrema()[0] == 0


def test_info_says_what_will_be_done(tmp_path, capsys):
    assert main(["info", str(tomogram(tmp_path / "t.mrc", voxel_size=0.0))]) == 0
    text = capsys.readouterr().out
    lines = dict(re.split(r"  +", line, maxsplit=1) for line in text.splitlines() if not line.startswith("- "))
    assert lines["Voxels"] == "40 x 40 x 24 (x, y, z)"
    assert lines["Voxel size"] == "1 Å, a guess"
    assert lines["Extent"] == "4 x 4 x 2.4 nm (x, y, z)"
    assert lines["Stored as"] == "float32, 0.2 MB"
    assert lines["Dense matter"] == "dark"
    assert "_" not in text
    assert "--voxel-size" in text
    assert main(["info", str(tmp_path / "t.mrc"), "--voxel-size", "7.5", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["voxel_size_zyx_angstrom"] == [7.5, 7.5, 7.5]
    assert facts["dense_is"] == "dark"


def test_info_says_in_words_which_way_round_bytes_are(tmp_path, capsys):
    for order, said in (("<", "int16, 0.0 MB"), (">", "int16, big-endian, 0.0 MB")):
        np.zeros((4, 5, 6), f"{order}i2").tofile(tmp_path / "raw")
        with mrcfile.new(tmp_path / "t.mrc", overwrite=True) as mrc:
            mrc.set_data(np.zeros((4, 5, 6), np.int16))
        head, raw = (tmp_path / "t.mrc").read_bytes()[:1024], (tmp_path / "raw").read_bytes()
        if order == ">":
            words = np.frombuffer(head[:224], "<i4").astype(">i4").tobytes()
            head = words[:208] + b"MAP " + b"\x11\x11\0\0" + words[216:] + head[224:]
        (tmp_path / "t.mrc").write_bytes(head + raw)
        assert main(["info", str(tmp_path / "t.mrc")]) == 0
        assert re.search("Stored as +(.*)", capsys.readouterr().out)[1] == said


@pytest.mark.filterwarnings("error")
def test_info_of_strange_numbers_is_json(tmp_path, capsys):
    values = np.random.default_rng(0).normal(0, 1e30, (8, 8, 8)).astype(np.float32)
    values[0, 0, 0] = np.nan
    with mrcfile.new(tmp_path / "t.mrc") as mrc:
        mrc.header.map = b"MAP "
        with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
            mrc.set_data(values)
    assert main(["info", str(tmp_path / "t.mrc"), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert facts["standard_deviation"] == pytest.approx(1e30, rel=0.1)
    assert any("NaN" in note for note in facts["notes"])
    with mrcfile.new(tmp_path / "flat.mrc") as mrc:
        mrc.set_data(np.full((4, 4, 4), 7, np.int16))
    assert main(["info", str(tmp_path / "flat.mrc")]) == 0
    assert "same value" in capsys.readouterr().out


def test_one_of_several_volumes(tmp_path, capsys):
    tifffile.imwrite(
        tmp_path / "two.tif",
        np.stack([np.zeros((4, 5, 6), np.uint8), np.ones((4, 5, 6), np.uint8)]),
        photometric="minisblack",
        metadata={"axes": "CZYX"},
    )
    assert main(["info", str(tmp_path / "two.tif"), "--index", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["mean"] == 1
    assert main(["convert", str(tmp_path / "two.tif"), str(tmp_path / "one.mrc"), "--index", "1"]) == 0
    with mrcfile.open(tmp_path / "one.mrc") as mrc:
        assert (mrc.data == 1).all()
    assert main(["info", str(tmp_path / "two.tif"), "--index", "2"]) == 2
    assert "0 to 1" in said(capsys)


def test_convert_keeps_numbers_and_place(tmp_path):
    source = tomogram(tmp_path / "t.mrc")
    assert main(["convert", str(source), str(tmp_path / "t.zarr")]) == 0
    assert main(["convert", str(tmp_path / "t.zarr"), str(tmp_path / "back.mrc")]) == 0
    with mrcfile.open(source) as a, mrcfile.open(tmp_path / "back.mrc") as b:
        np.testing.assert_array_equal(a.data, b.data)
        assert a.voxel_size.x == pytest.approx(b.voxel_size.x)


WRONG = {
    "missing file": (["info", "nothing.mrc"], "no file"),
    "text named mrc": (["info", "text.mrc"], "text.mrc"),
    "truncated": (["segment", "short.mrc", "--out", "o"], "short.mrc"),
    "folder named mrc": (["info", "folder.mrc"], "folder"),
    "truncated tiff": (["render", "short.tif", "--out", "o.png"], "short.tif"),
    "no slices": (["segment", "t.mrc", "--out", "o", "--z", "5"], "5 is no range of slices such as 40:200"),
    "beyond the slices": (["segment", "t.mrc", "--out", "o", "--z", "4000:"], "none from 4000 on"),
    "spread of one view": (["segment", "t.mrc", "--out", "o", "--uncertainty", "spread"], "--augment 4"),
    "a folder called as a file": (["segment", "t.mrc", "--out", "o.mrc"], "would be a folder"),
    "unknown model": (["segment", "t.mrc", "--out", "o", "--model", "nnunet"], "nnunet"),
    "unknown look": (["render", "t.mrc", "--out", "o.png", "--segmentation", "t.mrc", "--look", "x"], "no look called 'x'"),
    "a look without a name": (["render", "t.mrc", "--out", "o.png", "--segmentation", "t.mrc", "--look", ""], "no look called"),
    "no class at all": (["render", "t.mrc", "--out", "o.png", "--segmentation", "t.mrc"], "does not look like a class"),
    "no such class": (["render", "t.mrc", "--out", "o.txt"], ".png"),
    "missing option": (["segment", "t.mrc"], "--out"),
    "bad size": (["render", "t.mrc", "--out", "o.png", "--size", "big"], "size"),
    "no voxel size": (["info", "t.mrc", "--voxel-size", "x"], "x is not a positive number"),
    "bad voxel size": (["info", "t.mrc", "--voxel-size", "-3"], "positive"),
    "unknown command": (["segmnt"], "segmnt"),
    "output taken": (["convert", "t.mrc", "taken.tif"], "--overwrite"),
    "output folder missing": (["convert", "t.mrc", "a/b/c.tif"], "does not exist"),
    "impossible simulation": (["simulate", "s.mrc", "--virions", "-1"], "negative"),
    "no seed": (["simulate", "s.mrc", "--seed", "-1"], "seed"),
    "no seed of a drawn one": (["simulate", "s.mrc", "--seed", "-1", "--random"], "seed"),
    "simulation of no format": (["simulate", "s.txt"], ".mrc"),
    "odd training data": (["train", "unet", "--out", "m.safetensors", "--data", "t.mrc"], "TOMO.mrc:LABELS.mrc"),
    "unknown method": (["train", "magic", "--out", "m.safetensors"], "magic"),
    "labels of another shape": (["evaluate", "t.mrc", "u.mrc"], "same grid"),
    "probabilities for labels": (["evaluate", "p.mrc", "p.mrc"], "a value 0.25 in the labels, which is no class"),
    "objects of probabilities": (["measure", "p.mrc", "--out", "o.csv"], "values that are no class"),
    "a value that looks like an option": (["segment", "t.mrc", "--out", "o", "--z", "-5:5"], "written behind ="),
    "unknown option before a file": (["--softwear", "t.mrc"], "--softwear"),
    "half a range": (["simulate", "s.mrc", "--set", "spikes=20"], "two whole numbers joined by a comma, not '20'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_goes_wrong_is_one_sentence(case, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    tomogram(Path("t.mrc"))
    tomogram(Path("u.mrc"), shape=(8, 9, 10))
    with mrcfile.new("p.mrc") as mrc:
        mrc.set_data(np.full((8, 9, 10), 0.25, np.float32))
    Path("text.mrc").write_text("not a tomogram\n" * 100)
    Path("short.mrc").write_bytes(Path("t.mrc").read_bytes()[:9000])
    Path("short.tif").write_bytes(b"II*\0\x08\0\0\0")
    Path("folder.mrc").mkdir()
    Path("taken.tif").write_text("mine")
    before = {p: p.stat().st_mtime_ns for p in Path().rglob("*")}
    arguments, words = WRONG[case]
    assert main(arguments) == 2
    captured = capsys.readouterr().err.strip()
    sentence = captured.splitlines()[-1]
    assert sentence.startswith("volviz: ")
    assert words in sentence
    assert "Traceback" not in captured
    assert {p: p.stat().st_mtime_ns for p in Path().rglob("*")} == before  # nothing lost, nothing left behind


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0 or not Path("/proc").is_dir(), reason="needs a folder nobody can write to")
def test_an_unwritable_folder(tmp_path, capsys):
    assert main(["convert", str(tomogram(tmp_path / "t.mrc")), "/proc/volviz.tif"]) == 2
    assert "/proc" in said(capsys)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopping_in_the_middle_leaves_nothing(number, status, tmp_path):
    source = tomogram(tmp_path / "t.mrc", shape=(200, 300, 300))
    out = tmp_path / "seg"
    process = subprocess.Popen(
        [sys.executable, "-m", "volviz", "segment", str(source), "--out", str(out)], stderr=subprocess.PIPE, text=True, cwd=tmp_path
    )
    seen: list[str] = []
    for line in process.stderr:  # wait until the network runs
        seen.append(line)
        if "egment" in line:
            break
    time.sleep(1.0)
    assert process.poll() is None, seen
    process.send_signal(number)
    rest = process.communicate(timeout=60)[1]
    assert process.returncode == status
    assert "Traceback" not in rest
    assert not out.exists() or not any(out.iterdir())
    assert sorted(p.name for p in tmp_path.iterdir() if p != out) == ["t.mrc"]


def test_a_method_documents_its_own_options(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["train", "unet", "--help"])
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    assert "--f-maps" in text
    assert "--learning-rate" in text
    from volviz.segment.methods.unet import UNet
    from volviz.segment.parameters import documented

    assert documented(UNet)["f_maps"].split()[0] in text


def test_suggest_lists_places_and_writes_them(tmp_path, capsys):
    path = tomogram(tmp_path / "t.mrc")
    inside = volviz.core.annotations.Stroke(((180.0, 180.0, 110.0), (220.0, 220.0, 110.0)), 15.0, "lumen")
    outside = volviz.core.annotations.Stroke(((30.0, 30.0, 30.0), (350.0, 30.0, 30.0)), 15.0, "background")
    strokes = tmp_path / "t.annotations.json"
    volviz.write_annotations([inside, outside], strokes)
    table, unsure = tmp_path / "places.csv", tmp_path / "unsure.mrc"
    ask = ["suggest", str(path), "--strokes", str(strokes), "--features", "smoothed 0.7", "--device", "cpu"]
    assert main([*ask, "--count", "3", "--out", str(table), "--uncertainty", str(unsure)]) == 0
    lines = capsys.readouterr().out.splitlines()
    names, *rows = table.read_text().splitlines()
    assert names == "x,y,z,uncertainty,likely,or"
    assert 1 <= len(rows) <= 3
    assert len(lines) == len(rows) + 2
    assert all(line.endswith(("lumen or background", "background or lumen")) for line in lines[:-2])
    assert volviz.open(unsure).grid.voxel_size == (40.0, 40.0, 40.0)
    assert main([*ask, "--out", str(table)]) == 2
    assert "already" in said(capsys)
    assert main([*ask, "--out", str(tmp_path / "x.star")]) == 2
    assert "ends in .csv" in said(capsys)
    assert main(["segment", str(path), "--out", str(tmp_path / "s.zarr")]) == 0
    assert main([*ask, "--segmentation", str(tmp_path / "s.zarr"), "--count", "1"]) == 0
    assert main([*ask, "--segmentation", str(path)]) == 2
    assert "no probabilities" in said(capsys)


WRONG_LOOKS = {
    "no look": (["--look", "nolook"], "nolook"),
    "no camera": (["--camera", "nowhere"], "front"),
    "no region": (["--region", "1:2"], "region"),
    "a region outside": (["--region", "30:40,0:10,0:10"], "outside the volume of 24 x 40 x 40 voxels"),
    "a panel of a region outside": (["--compare", "region=0:4,50:,0:10"], "region 0:4,50:,0:10 (z, y, x) lies outside"),
    "no class": (["--set", "capsid.low=0.3"], "membrane, spikes, lumen"),
    "no value": (["--set", "spikes.low=much"], "takes a number"),
    "no panel": (["--compare", "bogus"], "WHAT=VALUE"),
    "a still that turns": (["--spin", "360"], ".mp4"),
    "a video one can see through": (["--transparent", "--out", "o.mp4"], "opaque"),
    "a video of countless pictures": (["--fps", "100000", "--out", "o.mp4"], "frames per second"),
    "a swing of no time": (["--rock", "9", "--period", "0", "--out", "o.mp4"], "seconds"),
    "an odd video": (["--size", "47x36", "--out", "o.mp4"], "even"),
    "a folder to be made": (["--set", "spikes.low=x", "--out", "new/o.png"], "takes a number"),
    "a turn of no length": (["--spin", "nan", "--out", "o.mp4"], "degrees"),
    "no animation": (["--animation", "nofile", "--out", "o.mp4"], "nofile"),
    "no folder": (["--out", "a/b/o.png"], "does not exist"),
}


@pytest.mark.parametrize("case", WRONG_LOOKS)
def test_what_cannot_be_drawn_is_refused_before_the_model_runs(case, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    tomogram(Path("t.mrc"))
    monkeypatch.setattr("volviz.tasks.render.segment", lambda *args, **options: pytest.fail("the model was run"))
    options, words = WRONG_LOOKS[case]
    assert main(["render", "t.mrc", "--out", "o.png", *options]) == 2
    assert words in said(capsys)
    assert [path.name for path in Path().iterdir()] == ["t.mrc"]


def test_what_was_begun_in_a_folder_to_be_made_leaves_none(tmp_path, monkeypatch):
    def stopped(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("volviz.tasks.render.segment", stopped)
    assert main(["render", str(tomogram(tmp_path / "t.mrc")), "--out", str(tmp_path / "new" / "o.png")]) == 130
    assert [path.name for path in tmp_path.iterdir()] == ["t.mrc"]


def test_a_log_does_not_list_every_picture(capsys):
    report = Progress()
    for i in range(500):
        report(i / 500, f"picture {i} of 500")
    report(1.0, "written")
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("s  ")[1] for line in lines] == ["picture 0 of 500", "written"]


def test_a_log_says_how_long_long_work_will_take(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("volviz.cli.progress.time.monotonic", lambda: now[0])
    report = Progress()
    for seconds in range(0, 8001, 5):
        now[0] = float(seconds)
        report(max(0.0, (seconds - 600) / 80_000), "segmenting")  # loading took ten minutes, and does not count
    lines = capsys.readouterr().err.splitlines()
    assert lines[:3] == ["   0.0 s  segmenting", " 620.0 s  about 22 hours left", " 640.0 s  about 22 hours left"]
    assert len(lines) == 10  # after twice as long each time


def run_with(folder, environment, *arguments):
    command = [sys.executable, "-m", "volviz", *arguments]
    return subprocess.run(command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False)


def test_a_terminal_that_knows_ascii_alone_is_told_all(tmp_path):
    tomogram(tmp_path / "t.mrc", voxel_size=1.0)
    done = run_with(tmp_path, {"PYTHONIOENCODING": "ascii"}, "info", "t.mrc")
    assert done.returncode == 0, done.stderr
    assert "1 \\xc5 per voxel exactly" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="EGL")
def test_what_other_programs_set_for_opengl(tmp_path):
    tomogram(tmp_path / "t.mrc")
    drawing = ("render", "t.mrc", "--segmentation", "none", "--size", "16x12", "--out", "o.png")
    done = run_with(tmp_path, {"PYOPENGL_PLATFORM": "glx"}, *drawing)
    assert (done.returncode, "unset it" in done.stderr) == (2, True), done.stderr
    done = run_with(tmp_path, {"PYOPENGL_PLATFORM": "osmesa"}, *drawing)
    assert done.returncode == 0, done.stderr


def test_where_nothing_can_be_drawn_the_model_is_not_run(tmp_path):
    tomogram(tmp_path / "t.mrc")
    done = run_with(tmp_path, {"PYOPENGL_PLATFORM": "glx"}, "render", "t.mrc", "--out", "o.png")
    assert done.returncode == 2
    assert "segmenting" not in done.stderr
