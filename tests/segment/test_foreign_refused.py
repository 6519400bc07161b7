"""Files that are no weights, or more than that: one sentence each, and nothing in them has run."""

from __future__ import annotations

import io
import os
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from foreign_files import lightning, old_residual, plain, wolny

from volviz.core.errors import VolvizError
from volviz.segment import models


class Runs:
    """What would leave a mark if it ran."""

    def __init__(self, command: Callable[..., Any], *arguments: Any) -> None:
        self.asked = command, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.asked


def refusal(path: Path) -> str:
    with pytest.raises(VolvizError) as caught:
        models.load(path)
    sentence = str(caught.value)
    assert str(path) in sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


@pytest.mark.parametrize("zipped", [True, False])
def test_a_file_that_would_run_a_command_is_refused_by_its_name_and_does_not(tmp_path: Path, zipped: bool) -> None:
    mark = tmp_path / "ran"
    content = {"model_state_dict": plain(4, 2, 1), "extra": Runs(os.system, f"touch {mark}")}
    torch.save(content, tmp_path / "evil.pytorch", _use_new_zipfile_serialization=zipped)
    assert f"wants to import {os.name if os.name == 'nt' else 'posix'}.system (os.system)" in refusal(tmp_path / "evil.pytorch")
    assert not mark.exists()


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_a_plain_pickle_is_refused_by_what_it_imports(tmp_path: Path, protocol: int) -> None:
    mark = tmp_path / "ran"
    (tmp_path / "evil.ckpt").write_bytes(pickle.dumps(Runs(os.system, f"touch {mark}"), protocol))
    sentence = refusal(tmp_path / "evil.ckpt")
    assert "system" in sentence or protocol == 0
    assert not mark.exists()
    (tmp_path / "tame.ckpt").write_bytes(pickle.dumps({"a": 1}, protocol))
    assert "no file of weights" in refusal(tmp_path / "tame.ckpt")


def test_something_of_the_training_program_that_runs_is_an_empty_object(tmp_path: Path) -> None:
    path = lightning(tmp_path / "a.ckpt", old_residual(2, 2, 4))
    assert models.load(path).labels[1].name == "membrane"
    eval_at = tmp_path / "b.ckpt"
    torch.save({"state_dict": old_residual(2, 2, 4), "call": Runs(eval, "1/0")}, eval_at)
    assert "eval" in refusal(eval_at)


def test_a_number_of_numpys_is_refused_by_name(tmp_path: Path) -> None:
    torch.save({"model_state_dict": plain(4, 2, 1), "best_eval_score": np.float64(0.8)}, tmp_path / "a.pytorch")
    assert "numpy" in refusal(tmp_path / "a.pytorch")
    torch.save(torch.nn.Conv3d(1, 2, 3), tmp_path / "module.pt")
    assert "wants to import torch.nn.modules.conv.Conv3d" in refusal(tmp_path / "module.pt")


@pytest.mark.parametrize("share", [0.0, 0.2, 0.7, 0.999])
@pytest.mark.parametrize("zipped", [True, False])
def test_a_truncated_file_is_refused(tmp_path: Path, share: float, zipped: bool) -> None:
    content = wolny(tmp_path / "whole.pytorch", plain(4, 2, 1), zipped=zipped).read_bytes()
    (tmp_path / "cut.pytorch").write_bytes(content[: int(share * len(content))])
    assert "damaged" in refusal(tmp_path / "cut.pytorch")


def test_what_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    (tmp_path / "noise.ckpt").write_bytes(np.random.default_rng(0).bytes(5000))
    assert "no file of weights" in refusal(tmp_path / "noise.ckpt")
    with zipfile.ZipFile(tmp_path / "zip.pt", "w") as archive:
        archive.writestr("hello.txt", "no weights here")
    assert "damaged" in refusal(tmp_path / "zip.pt")
    with tarfile.open(tmp_path / "old.pth", "w") as tar:
        tar.addfile(tarfile.TarInfo("pickle"), io.BytesIO(b""))
    assert "before 0.4" in refusal(tmp_path / "old.pth")
    torch.save([1, 2], tmp_path / "list.pt")
    assert "but a list" in refusal(tmp_path / "list.pt")
    torch.save({"epoch": 3}, tmp_path / "empty.ckpt")
    assert "no state_dict" in refusal(tmp_path / "empty.ckpt")
    with zipfile.ZipFile(tmp_path / "script.pt", "w") as archive:
        archive.writestr("script/data.pkl", b"\x80\x02}.")
        archive.writestr("script/constants.pkl", b"\x80\x02).")
    assert "TorchScript" in refusal(tmp_path / "script.pt")
    with pytest.raises(VolvizError, match=r"no file .*nowhere\.ckpt"):
        models.load(tmp_path / "nowhere.ckpt")


def rewritten(path: Path, change: Callable[[bytes], bytes], compression: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in parts.items():
            archive.writestr(name, change(content) if name.endswith("data.pkl") else content)


def test_claims_of_more_than_the_file_holds_are_refused(tmp_path: Path) -> None:
    state = {"final_conv.bias": torch.zeros(10)}
    torch.save({"model_state_dict": state}, tmp_path / "storage.pt")
    rewritten(tmp_path / "storage.pt", lambda content: content.replace(b"K\x0a", b"J\x00\x00\x00\x7f"))
    assert "damaged" in refusal(tmp_path / "storage.pt")
    # One number that is said to be many, by steps of nought.
    torch.save({"model_state_dict": {"final_conv.bias": torch.zeros(1).expand(10**12)}}, tmp_path / "steps.pt")
    assert "claims more numbers" in refusal(tmp_path / "steps.pt")
    wolny(tmp_path / "bomb.pt", {"final_conv.bias": torch.zeros(10**6)})
    rewritten(tmp_path / "bomb.pt", lambda content: content, zipfile.ZIP_DEFLATED)
    assert "more than its size" in refusal(tmp_path / "bomb.pt")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda s: {**s, "encoders.0.basic_module.se_module.fc.weight": torch.zeros(2, 2)}, "layers that volviz does not have"),
        (lambda s: {**s, "encoders.0.basic_module.SingleConv1.batchnorm.weight": torch.zeros(2)}, "layers that volviz does not have"),
        (lambda s: {k: v[:, :, 0] if v.ndim == 5 else v for k, v in s.items()}, "for images"),
        (lambda s: {f"features.{k}": v for k, v in s.items()}, "does not know"),
        (lambda s: {k: v for k, v in s.items() if k != "final_conv.weight"}, "final_conv.weight is missing"),
        (lambda s: {k: v for k, v in s.items() if k != "final_conv.bias"}, "final_conv.bias is none where 1 was expected"),
        (lambda s: {**s, "encoders.1.basic_module.SingleConv2.conv.weight": torch.zeros(4, 4, 3, 3, 3)}, "is 4x4x3x3x3 where"),
        (lambda s: {**s, "encoders.0.basic_module.SingleConv1.conv.weight": torch.zeros(2, 3, 3, 3, 3)}, "of 3 channels"),
        (lambda s: {**s, **{f"encoders.{i}.x": torch.zeros(1) for i in range(40)}}, "of 40 levels"),
        (lambda s: {**s, "final_conv.bias": torch.tensor([float("nan")])}, "no numbers"),
        (lambda s: {**s, "final_conv.bias": 3.0}, "no state_dict"),
    ],
)
def test_networks_that_volviz_does_not_have_are_refused(
    tmp_path: Path, change: Callable[[dict[str, Any]], dict[str, Any]], sentence: str
) -> None:
    state = change(plain(4, 2, 1))
    assert sentence in refusal(wolny(tmp_path / "a.pytorch", state))
